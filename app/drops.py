"""What a drop or a paste means: a project folder, videos, folders of images. Only names are read."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from pipeline.project.project_file import is_project

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".exr")
VIDEO_SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif")


@dataclass(frozen=True)
class Drop:
    """A project, a packed one, a single picture, or videos and folders of images: reference, then freeze-time."""

    project: Path | None = None
    videos: tuple[Path, ...] = ()
    packed: Path | None = None
    picture: Path | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing that the window takes."""
        return self.project is None and self.packed is None and self.picture is None and not self.videos


def read_drop(data: QMimeData) -> Drop:
    """The drop in `data`; a folder counts as a project even when it is none, so that the window can say so."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return sorted_drop(paths)


def sorted_drop(paths: list[Path]) -> Drop:
    """Which of the dropped files is which; the freeze-time video is the one whose name says so."""
    videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES or holds_images(path)]
    if not videos:
        for path in paths:
            if path.suffix.lower() == ".zip":
                return Drop(packed=path)
            if path.is_dir() or is_project(path.parent):
                return Drop(project=path if path.is_dir() else path.parent)
            if path.suffix.lower() in (".png", ".exr"):
                return Drop(picture=path)
    return Drop(videos=tuple(sorted(videos, key=looks_frozen)))


def holds_images(folder: Path) -> bool:
    """Whether a folder is a take in images: the first files of it are pictures, and it is no project."""
    if not folder.is_dir() or is_project(folder):
        return False
    try:
        with os.scandir(folder) as entries:
            return any(Path(entry.name).suffix.lower() in IMAGE_SUFFIXES for entry in itertools.islice(entries, 200))
    except OSError:
        return False


def with_kinds(paths: tuple[Path, ...]) -> list[tuple[Path, str]]:
    """Each file with the kind of take that its name suggests; of two unnamed ones the second is the freeze-time one."""
    if len(paths) == 2 and looks_frozen(paths[0]) == looks_frozen(paths[1]):
        return [(paths[0], "reference"), (paths[1], "freeze_time")]
    return [(path, "freeze_time" if looks_frozen(path) else "reference") for path in paths]


def looks_frozen(path: Path) -> bool:
    """Whether a name speaks of a camera that moves through frozen time."""
    name = path.stem.lower()
    return "freeze" in name or "frozen" in name or "orbit" in name
