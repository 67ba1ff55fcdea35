"""How well a freeze-time video can be lifted, 0 to 100, with the reasons and what to do about each, in words.

Points are taken off for each fault. The limits were set on generated and real orbits and on failures of video models;
each constant says what it separates there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

EDITION = 1
"""Raised when a check judges otherwise, so that verdicts kept by content are made anew."""

NARROW = 5.0
"""Degrees of travel below which depth is too uncertain; the narrowest clip of the paper has 5.4."""
WIDE = 200.0, 330.0
"""Degrees from which views of a generated orbit begin to contradict each other, and where half of them do."""
CHANGING = 0.2, 0.32
"""Share of the picture that changes its look beyond what motion explains: frozen scenes reach 0.2, water 0.32."""


@dataclass(frozen=True)
class Reason:
    """Why points are taken off: what is wrong, what to do, how many points, and which source frames, if only some."""

    text: str
    remedy: str
    cost: float
    frames: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}."


@dataclass(frozen=True)
class Liftability:
    """The score and its reasons, the costliest first; no reason means 100."""

    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, reasons: Sequence[Reason]) -> Liftability:
        return cls(tuple(sorted(reasons, key=lambda reason: -reason.cost)))

    @property
    def score(self) -> int:
        """0 to 100."""
        return max(0, min(100, round(100 - sum(reason.cost for reason in self.reasons))))

    @property
    def word(self) -> str:
        """The score in a word."""
        return "good" if self.score >= 70 else "doubtful" if self.score >= 45 else "poor"

    def to_json(self) -> dict[str, Any]:
        reasons = [{**asdict(reason), "cost": round(reason.cost, 1)} for reason in self.reasons]
        return {"score": self.score, "word": self.word, "reasons": reasons}

    def lines(self) -> list[str]:
        """For a person: the score, then a sentence for each reason."""
        return [f"liftability {self.score} of 100, {self.word}", *(f"  - {reason}" for reason in self.reasons)]


def ramp(value: float, none: float, full: float) -> float:
    """0 at `none`, 1 at `full`, straight between; either may be the larger."""
    return min(1.0, max(0.0, (value - none) / (full - none)))


def spans(frames: Sequence[int], joined: int = 1) -> str:
    """Frame numbers for a person: "frame 4", "frames 9-12 and 20"; numbers at most `joined` apart are one span."""
    groups: list[list[int]] = []
    for frame in sorted(frames):
        if groups and frame - groups[-1][-1] <= joined:
            groups[-1].append(frame)
        else:
            groups.append([frame])
    names = [str(group[0]) if len(group) == 1 else f"{group[0]}-{group[-1]}" for group in groups]
    if len(names) > 6:
        names = [*names[:5], f"{len(names) - 5} more"]
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{'frame' if len(frames) == 1 else 'frames'} {text}"


def coverage_reasons(degrees: float) -> list[Reason]:
    """What a camera's travel around the scene is worth."""
    if degrees < NARROW:
        cost = 20 + 50 * ramp(degrees, NARROW, 1.0)
        return [Reason(f"the camera barely moves: about {degrees:.0f} degrees", "extend the orbit", cost)]
    if degrees > WIDE[0]:
        cost = 60 * ramp(degrees, *WIDE)
        text = f"the camera circles about {degrees:.0f} degrees, and generated views far apart seldom agree"
        return [Reason(text, "keep the half circle around the frozen moment", cost)]
    return []
