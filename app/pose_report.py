"""The report of solved cameras as the window reads it: a file of ours that may have come with a packed project."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_BYTES = 8 << 20
STATES = ("registered", "weak", "lost", "prior")


@dataclass(frozen=True)
class FrameRow:
    """One frame: `state` of `STATES`, inlier tracks, error in px, angle in degrees, jump in steps; NaN: not known.

    `pose`: world_from_camera, 12 numbers [3, 4] row by row.
    """

    frame: int
    state: str
    inliers: int
    error: float
    angle: float
    jump: float
    pose: tuple[float, ...] = ()


@dataclass(frozen=True)
class PoseReport:
    """The whole: score 0 to 100 and its word, reasons as sentences, travel and lens in degrees, error in px."""

    score: int
    word: str
    reasons: tuple[str, ...]
    coverage: float
    fov: float
    error: float
    frames: tuple[FrameRow, ...]

    @classmethod
    def of(cls, data: Any) -> PoseReport:
        """From what `pipeline.poses.report` writes; raises ValueError, KeyError or TypeError for anything else."""
        frames = tuple(_row(row) for row in data["frames"])
        coverage, fov, error = (_number(data[name]) for name in ("coverage", "fov", "error"))
        score, reasons = max(0, min(100, int(data["score"]))), sentences_of(data["reasons"])
        return cls(score, str(data["word"]), reasons, coverage, fov, error, frames)

    def facts(self) -> str:
        """The whole in a line."""
        counts = {state: sum(row.state == state for row in self.frames) for state in STATES}
        states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        figures = [
            f"{self.coverage:.0f}° of travel" if math.isfinite(self.coverage) else "",
            f"a lens of {self.fov:.0f}°" if math.isfinite(self.fov) else "",
            f"off by {self.error:.2f} px" if math.isfinite(self.error) else "",
        ]
        return " · ".join([f"{states} of {len(self.frames)} frames", *(words for words in figures if words)])


def read_report(path: Path) -> PoseReport | None:
    """The report in a file; None where there is none, or none of ours."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return PoseReport.of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _row(row: Any) -> FrameRow:
    error, angle, jump = (_number(row[name]) for name in ("error", "angle", "jump"))
    return FrameRow(
        int(row["frame"]), _known(row["state"]), int(row["inliers"]), error, angle, jump, _pose(row["pose"])
    )


def _pose(values: Any) -> tuple[float, ...]:
    pose = tuple(float(value) for value in values)
    if len(pose) != 12 or not all(map(math.isfinite, pose)):
        raise ValueError("a camera's pose is not twelve numbers")
    return pose


def sentences_of(reasons: Any) -> tuple[str, ...]:
    """Reasons of a liftability, as JSON has them, as sentences."""
    rows = [(str(row["text"]), str(row["remedy"])) for row in reasons]
    return tuple(f"{text[:1].upper()}{text[1:]}; {remedy}." for text, remedy in rows)


def _known(state: Any) -> str:
    if state not in STATES:
        raise ValueError(f"a frame is not {state!r}")
    return str(state)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
