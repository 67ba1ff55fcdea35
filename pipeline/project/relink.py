"""Takes whose frames are gone, found again by the digest of the video that they came from."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.project import library, media, project_file
from pipeline.project.clip import digest_of
from pipeline.project.project import Project
from pipeline.project.take import Take
from renderer.errors import Refusal

SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif")
MOST = 20_000
"""Files that are looked at; a whole disk would be hashed for hours."""


def missing(project: Project) -> list[Take]:
    """The takes whose frames are not where they were."""
    return [take for take in project.takes if not Path(take.clip.path).exists()]


def relink(folder: Path, search: Path) -> list[Take]:
    """Restore missing takes of the project in `folder` from `search`, a video or a folder; those that were found.

    Raises `Refusal` when nothing is missing or nothing was found.
    """
    gone = {take.clip.digest: take for take in missing(project_file.load(folder))}
    if not gone:
        raise Refusal("Nothing is missing in this project.")
    found: list[Take] = []
    for path in itertools.islice(_videos(search), MOST):
        take = _match(path, gone)
        if take is not None:
            # Kept from its source as it was at first, under the same name.
            library.restore(folder, take, path)
            found.append(take)
            del gone[take.clip.digest]
        if not gone:
            break
    if not found:
        names = ", ".join(take.title for take in gone.values())
        raise Refusal(f"None of the missing videos ({names}) is in {search}; choose another place.")
    return found


def _match(path: Path, gone: dict[str, Take]) -> Take | None:
    """The take that came from this very video, or whose kept frames these are."""
    try:
        take = gone.get(digest_of([path]))
        if take is not None:
            return take
        kept = next((one for one in gone.values() if path.name == f"{one.id}.mkv"), None)
        clip = media.probe(path) if kept is not None else None
    except (OSError, Refusal):
        return None
    same = kept is not None and clip is not None and (clip.n_frames, clip.size) == (kept.clip.n_frames, kept.clip.size)
    return kept if same else None


def _videos(search: Path) -> Iterator[Path]:
    if search.is_file():
        yield search
    for place, folders, files in os.walk(search):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES:
                yield Path(place) / name
