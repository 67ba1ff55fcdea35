"""The sample that ships: where its two videos are, if this installation has them, and where its project goes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def sample_videos() -> tuple[Path, Path] | None:
    """Reference and freeze-time video of the sample; None where it does not ship."""
    folder = Path(str(files("resources").joinpath("sample")))
    pair = folder / "reference.mp4", folder / "freeze_time.mp4"
    return pair if all(path.is_file() for path in pair) else None


def sample_project() -> Path:
    """Where the window lifts the sample to: the installation itself may not be writable."""
    return Path.home() / "splatime_sample"
