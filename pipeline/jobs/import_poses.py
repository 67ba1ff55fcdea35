"""Bringing cameras of another program into a project: matched, checked, straightened, kept under poses/.

A distorted lens bends straight lines, and splats are drawn by pinhole cameras. So both chosen videos become new takes,
resampled as a pinhole lens would have shown them, the reference video by the lens of the canonical frame, whose camera
it shares. The takes as they came stay in the library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.jobs.spec import POSES
from pipeline.poses.imported import Matched, match, straightened, take_in
from pipeline.poses.solved import SolvedPoses
from pipeline.project import edits, media, project_file
from pipeline.project.library import TAKES
from pipeline.project.project import Project, frames_of
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal
from renderer.formats.lens import Lens
from renderer.formats.pose_folder import read_pose_folder

PROVIDER = "straighten"


def poses_path(folder: Path, poses_id: str) -> Path:
    """Where imported cameras lie in a project."""
    return folder / POSES / f"{poses_id}.safetensors"


def bring_poses(folder: Path, place: Path, names: Sequence[str] | None = None) -> tuple[Project, str]:
    """Use the cameras in `place` for the project's chosen freeze-time video; the project, and a sentence about them.

    `names` are the file names of its frames, where it came as a folder of images. Raises `Refusal`, with the project
    as it was, for cameras that are damaged or do not fit the video.
    """
    project = project_file.load(folder)
    reference, freeze_time = project.chosen()
    cut = project.cut
    if cut.canonical_reference_frame is None or cut.canonical_freeze_frame is None:
        raise Refusal("The moment that both videos share is not chosen yet; choose a canonical frame in each.")
    pair = cut.canonical_reference_frame, cut.canonical_freeze_frame
    indices, size = frames_of(freeze_time.clip, cut.freeze_time_frames), freeze_time.clip.size
    matched = match(read_pose_folder(place, size), indices, freeze_time.clip.n_frames, size, names)
    frames = straightened(
        media.read_frames(freeze_time.clip.path, indices), [matched.lenses[index] for index in indices]
    )
    poses = take_in(matched, frames, indices, cut.canonical_freeze_frame)
    poses_id = poses.digest[:16]
    poses.save(poses_path(folder, poses_id))
    takes = _straight_takes(folder, matched, (reference, freeze_time), cut.canonical_freeze_frame)

    def edit(known: Project) -> Project:
        for take, origin in zip(takes, (reference, freeze_time), strict=True):
            known = edits.trim(edits.add_take(known, take), take.id, cut.opinion(origin.id).frames)
        known = edits.choose_freeze_time(edits.choose_reference(known, takes[0].id), takes[1].id)
        return edits.use_poses(edits.set_canonical(known, *pair), poses_id)

    return project_file.update(folder, edit), _in_words(matched, poses)


def _in_words(matched: Matched, poses: SolvedPoses) -> str:
    given = f"{len(matched.frames)} of {len(poses.cameras)} frames have an imported camera"
    straight = "" if matched.is_straight else "; both videos were resampled to take out the lens's distortion"
    return f"{given}, {len(poses.points)} points, off by {poses.median_error:.2f} px{straight}."


def _straight_takes(folder: Path, matched: Matched, takes: tuple[Take, Take], canonical: int) -> tuple[Take, Take]:
    """The reference and freeze-time take through pinhole lenses; the takes themselves where nothing is distorted."""
    if matched.is_straight:
        return takes
    reference, freeze_time = takes
    every = [matched.lenses[min(matched.lenses, key=lambda k: abs(k - i))] for i in range(freeze_time.clip.n_frames)]
    return (
        _straight_take(folder, reference, [matched.lenses[canonical]] * reference.clip.n_frames),
        _straight_take(folder, freeze_time, every),
    )


def _straight_take(folder: Path, take: Take, lenses: Sequence[Lens]) -> Take:
    lenses = [lens.resized(take.clip.size) for lens in lenses]
    told = f"{PROVIDER} {take.clip.digest} {lenses}"
    digest = hashlib.blake2b(told.encode(), digest_size=32).hexdigest()
    path = folder.resolve() / TAKES / f"{digest[:16]}.mkv"
    if not path.is_file():
        media.write_lossless(path, straightened(media.read_frames(take.clip.path), lenses), take.clip.fps)
    request = VideoRequest(take.request.kind, provider=PROVIDER, sources=(take.id,), size=take.clip.size)
    return Take(digest[:16], request, replace(take.clip, path=str(path), digest=digest), parent=take.id)
