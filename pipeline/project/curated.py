"""What the artist decided about one take: kept or not, how good, which of its frames. Part of the cut, so undoable.

The library holds what was made and never changes; this is the opinion of it. The questions are those of the paper's
user study (appendix F), asked of one video instead of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.project.clip import FrameSelection

QUESTIONS = (
    "Motion realism",
    "Foreground photo-realism",
    "Background photo-realism",
    "3D shape realism",
    "General realism",
    "Significance of motion",
    "Video-text alignment",
)
BEST = 5
STAR, REJECT = "star", "reject"
VERDICTS = ("", STAR, REJECT)
MAX_NOTES = 20_000


@dataclass(frozen=True)
class Curated:
    """The artist's view of the take named `take`.

    Attributes:
        verdict: one of `VERDICTS`; "" is undecided.
        scores: one a question of `QUESTIONS`, 1 to `BEST`; 0 is not answered.
        frames: the trim and the dropped frames; None means all.
        locked: source frames that a re-roll keeps as they are.
    """

    take: str
    verdict: str = ""
    scores: tuple[int, ...] = (0,) * len(QUESTIONS)
    notes: str = ""
    frames: FrameSelection | None = None
    locked: frozenset[int] = frozenset()
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"a verdict is one of {VERDICTS}, not {self.verdict!r}")
        if len(self.scores) != len(QUESTIONS) or not all(0 <= score <= BEST for score in self.scores):
            raise ValueError(f"scores are {len(QUESTIONS)} numbers from 0 to {BEST}, got {self.scores}")
        if len(self.notes) > MAX_NOTES:
            raise ValueError(f"notes are at most {MAX_NOTES} characters")
        if any(index < 0 for index in self.locked):
            raise ValueError("locked frames are frame indices, counted from 0")

    @property
    def mean_score(self) -> float:
        """Mean of the answered questions; 0 when none is."""
        answered = [score for score in self.scores if score]
        return sum(answered) / len(answered) if answered else 0.0
