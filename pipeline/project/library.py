"""How a video becomes a take: looked at first, then kept in the project as decoded, lossless frames.

Looking (`look_at`, `check_pair`) touches nothing, so a bad input leaves no project behind. Keeping the frames
makes a project whole in itself: the files a person brought may move or vanish.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.project import edits, media, project_file
from pipeline.project.canonical import closest_pair
from pipeline.project.clip import Clip, digest_of
from pipeline.project.codec import encode
from pipeline.project.project import LiftSettings, Project, frames_of
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal

TAKES = "takes"
MAX_NAME = 120  # characters of a take's name; it is only shown
RESERVE_BYTES = 200 << 20
"""Room for checkpoints and snapshots beside the frames; with less the lift would end half way on a full disk."""


@dataclass(frozen=True)
class Pair:
    """The two videos as they were brought."""

    reference: Clip
    freeze_time: Clip


def look_at(reference: Path, freeze_time: Path) -> Pair:
    """Read what the two files are; raises `Refusal` when they cannot be lifted. Writes nothing."""
    pair = Pair(media.probe(reference), media.probe(freeze_time))
    for clip, what in ((pair.reference, "reference video"), (pair.freeze_time, "freeze-time video")):
        if clip.n_frames < 2:
            raise Refusal(f"{clip.path} has only one frame; the {what} needs at least two.")
    check_aspect(pair)
    return pair


def check_aspect(pair: Pair) -> None:
    """Refuse videos of different shape; another size of the same shape is resampled."""
    a, b = pair.reference.size, pair.freeze_time.size
    if not media.same_aspect(a, b):
        raise Refusal(
            f"The reference video is {a[1]}x{a[0]} and the freeze-time video {b[1]}x{b[0]}, "
            "which are not the same shape; crop one of them to the shape of the other."
        )


def check_canonical(pair: Pair, reference_frame: int | None, freeze_frame: int | None) -> None:
    """Refuse canonical frames that the videos do not have."""
    _only(tuple(range(pair.reference.n_frames)), reference_frame, "reference")
    _only(tuple(range(pair.freeze_time.n_frames)), freeze_frame, "freeze-time")


def bring(
    folder: Path, pair: Pair, settings: LiftSettings, reference_frame: int | None, freeze_frame: int | None
) -> Project:
    """Bring a pair into the project in `folder`, made when missing, and choose it; returns the project.

    When the videos cannot be kept, a project that was there is as before and a new one is gone again.
    """
    new = not project_file.is_project(folder)
    if not new:
        project_file.load(folder)
    project_file.update(folder, lambda known: known)  # first, so that whatever cuts us off leaves a project, not a mess
    there = set((folder / TAKES).glob("*.mkv"))
    try:
        reference = keep(folder, pair.reference, "reference")
        freeze_time = keep(folder, pair.freeze_time, "freeze_time")
        return project_file.update(
            folder,
            lambda known: with_canonical(
                with_pair(known, reference, freeze_time, settings), reference_frame, freeze_frame
            ),
        )
    except (Refusal, OSError):
        _withdraw(folder, there, whole=new)
        raise


def take_in(folder: Path, files: Sequence[tuple[Path, str]]) -> Iterator[Take]:
    """Bring videos, with their kinds, into the library of the project in `folder`, made when missing, take by take.

    All of them are looked at before the first one is kept. Raises `Refusal`; takes that came before it stay.
    """
    clips = [(media.probe(path), kind) for path, kind in files]
    for clip, _kind in clips:
        if clip.n_frames < 2:
            raise Refusal(f"{clip.path} has only one frame; a take needs at least two.")
    project_file.update(folder, lambda known: known)  # the project first, so that takes never lie in a mess
    for clip, kind in clips:
        take = keep(folder, clip, kind)
        project_file.update(folder, lambda known, take=take: edits.add_take(known, take))  # type: ignore[misc]
        yield take


def completed(project: Project) -> Project:
    """The project with takes chosen where none is, the first of each kind, and the moment that they share."""
    for kind, chosen, choose in (
        ("reference", project.cut.reference, edits.choose_reference),
        ("freeze_time", project.cut.freeze_time, edits.choose_freeze_time),
    ):
        first = next((take for take in project.takes if take.request.kind == kind), None)
        if chosen is None and first is not None:
            project = choose(project, first.id)
    cut = project.cut
    known = cut.canonical_reference_frame is not None and cut.canonical_freeze_frame is not None
    whole = cut.reference is not None and cut.freeze_time is not None
    return with_canonical(project, None, None) if whole and not known else project


def _withdraw(folder: Path, there: set[Path], *, whole: bool) -> None:
    """Remove takes that were not there before; with `whole`, the project that was made for them too."""
    for take in set((folder / TAKES).glob("*.mkv")) - there:
        take.unlink(missing_ok=True)
    if whole:
        for name in (project_file.FILE, project_file.LOCK):
            (folder / name).unlink(missing_ok=True)
    for place in (folder / TAKES, folder):
        with contextlib.suppress(OSError):  # not empty: something else lives there, so it stays
            place.rmdir()


def keep(folder: Path, clip: Clip, kind: str) -> Take:
    """Store a clip's frames under takes/, unless they are there, and return the take. `kind` as in `VideoRequest`."""
    take_id = clip.digest[:16]
    path = folder.resolve() / TAKES / f"{take_id}.mkv"
    if not path.is_file():
        check_room(folder, _raw_bytes(clip))
        media.write_lossless(path, media.read_frames(clip.path), clip.fps)
    name = Path(clip.path).stem[:MAX_NAME]
    return Take(take_id, VideoRequest(kind, size=clip.size), replace(clip, path=str(path)), name=name)


def keep_made(
    folder: Path, frames: media.Frames, request: VideoRequest, provenance: Mapping[str, Any], name: str = ""
) -> Take:
    """Store frames [T, H, W, 3] that were generated, losslessly, with a small film of them for people beside.

    The take is named by its request and its pixels, so the same work done again is the same take.
    """
    told = json.dumps(encode(request), sort_keys=True, default=str).encode()
    take_id = hashlib.blake2b(told + frames.tobytes(), digest_size=8).hexdigest()
    path = folder.resolve() / TAKES / f"{take_id}.mkv"
    if not path.is_file():
        check_room(folder, frames.nbytes)
        media.write_lossless(path, frames, request.fps)
        media.write_video(path.with_suffix(".mp4"), frames, request.fps)
    size = int(frames.shape[1]), int(frames.shape[2])
    clip = Clip(str(path), len(frames), size, request.fps, digest_of([path]))
    parent = request.sources[0] if request.kind in ("extend", "reroll") and request.sources else None
    return Take(take_id, request, clip, parent, name[:MAX_NAME], dict(provenance))


def restore(folder: Path, take: Take, source: Path) -> None:
    """Store a take's frames again, from the video that they came from or from a copy of them."""
    path = folder.resolve() / TAKES / f"{take.id}.mkv"
    check_room(folder, _raw_bytes(take.clip))
    media.write_lossless(path, media.read_frames(source), take.clip.fps)


def _raw_bytes(clip: Clip) -> int:
    return clip.n_frames * clip.size[0] * clip.size[1] * 3


def check_room(folder: Path, raw: int) -> None:
    """Refuse to keep frames of so many bytes where the disk has no room for them and for a lift."""
    free = shutil.disk_usage(folder).free
    if free < raw + RESERVE_BYTES:
        needed = (raw + RESERVE_BYTES) >> 20
        raise Refusal(
            f"The disk of {folder} is full: {free >> 20} MB are free and {needed} MB are needed; free some space."
        )


def with_pair(project: Project, reference: Take, freeze_time: Take, settings: LiftSettings) -> Project:
    """The project with these two takes chosen, and these settings."""
    for take in (reference, freeze_time):
        project = edits.add_take(project, take)
    project = edits.choose_freeze_time(edits.choose_reference(project, reference.id), freeze_time.id)
    return edits.set_lift(project, settings)


def with_canonical(project: Project, reference_frame: int | None, freeze_frame: int | None) -> Project:
    """The project with a canonical pair: the frames given, and where none is given those of least difference.

    Frames are source frames; raises `Refusal` for one that the trimmed video does not have.
    """
    cut = project.cut
    reference, freeze_time = project.chosen()
    i_all = frames_of(reference.clip, cut.reference_frames)
    j_all = frames_of(freeze_time.clip, cut.freeze_time_frames)
    i_some = _only(i_all, reference_frame, "reference")
    j_some = _only(j_all, freeze_frame, "freeze-time")
    if len(i_some) == len(j_some) == 1:
        return edits.set_canonical(project, i_some[0], j_some[0])
    a = media.read_frames(reference.clip.path, i_some, max_size=256)
    b = media.read_frames(freeze_time.clip.path, j_some, max_size=256)
    i, j = closest_pair(a, b)
    return edits.set_canonical(project, i_some[i], j_some[j])


def _only(frames: tuple[int, ...], wanted: int | None, what: str) -> tuple[int, ...]:
    if wanted is None:
        return frames
    if wanted not in frames:
        raise Refusal(f"The {what} video has no frame {wanted}; its frames are {frames[0]} to {frames[-1]}.")
    return (wanted,)
