"""What a drop means: a project folder, or one or two videos. Pure reading of names; nothing is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from pipeline.project.project_file import is_project

VIDEO_SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v", ".gif")


@dataclass(frozen=True)
class Drop:
    """A project, or videos in the order reference, freeze-time."""

    project: Path | None = None
    videos: tuple[Path, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing that the window takes."""
        return self.project is None and not self.videos


def read_drop(data: QMimeData) -> Drop:
    """The drop in `data`; a folder counts as a project even when it is none, so that the window can say so."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return sorted_drop(paths)


def sorted_drop(paths: list[Path]) -> Drop:
    """Which of the dropped files is which; the freeze-time video is the one whose name says so."""
    for path in paths:
        if path.is_dir() or is_project(path.parent):
            return Drop(project=path if path.is_dir() else path.parent)
    videos = [path for path in paths if path.suffix.lower() in VIDEO_SUFFIXES][:2]
    return Drop(videos=tuple(sorted(videos, key=_looks_frozen)))


def _looks_frozen(path: Path) -> bool:
    name = path.stem.lower()
    return "freeze" in name or "frozen" in name or "orbit" in name
