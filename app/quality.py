"""How much of a picture the CPU can afford while things move: its size, and what share of the splats it takes.

Costs are learned from the pictures themselves, so that a slow or busy machine gets a coarser moving picture and
never a late one. A quality is kept while it keeps to the budget: a picture that changes its sharpness all the time
is worse to look at than a soft one. Nothing here knows Qt.
"""

from __future__ import annotations

from dataclasses import dataclass

BUDGET_MS = 33.0  # of a moving picture from asking for it to having it: 30 a second
COARSE_MS = 44.0  # the same for the coarse ones: 22 a second, for better that than no details at all
COARSE = 4  # from this step of the ladder on
FADING = 0.4  # of a newer cost when it is mixed with what was known
CALMER = 0.1  # the same for the way there and back, where one late event says little
FINER = 0.85  # of the budget is what a finer quality than the present one may cost


@dataclass(frozen=True)
class Quality:
    """Side length of the picture relative to the widget, and the share of the splats."""

    scale: float
    share: float


FULL = Quality(1.0, 1.0)
LADDER = (
    FULL, Quality(0.75, 1.0), Quality(0.75, 0.6), Quality(0.6, 0.5), Quality(0.5, 0.4), Quality(0.5, 0.25),
    Quality(0.4, 0.2), Quality(0.35, 0.12), Quality(0.25, 0.08),
)  # fmt: skip
"""From best to worst. Size comes down first: a soft picture is nearer to the truth than one of fewer splats."""


class Budget:
    """Learns what pictures cost and chooses a quality for the next one."""

    def __init__(self) -> None:
        self._splats_ms, self._pixels_ms = 40.0, 40.0  # of a full picture; a first guess, soon learned
        self._way_ms = 0.0
        self._step = 0

    def learn(self, quality: Quality, splats_ms: float, pixels_ms: float, whole_ms: float) -> None:
        """Take in what a picture of this quality cost: its two parts, and all the time from asking to having it."""
        a, b = _shares(quality)
        self._splats_ms += FADING * (splats_ms / a - self._splats_ms)
        self._pixels_ms += FADING * (pixels_ms / b - self._pixels_ms)
        # Longer than a whole budget is no way there and back: a scene was loaded first, or the window was busy.
        way_ms = min(BUDGET_MS, max(0.0, whole_ms - splats_ms - pixels_ms))
        self._way_ms += CALMER * (way_ms - self._way_ms)

    def choose(self) -> Quality:
        """The best quality that keeps to its budget, or the worst there is."""
        for step, quality in enumerate(LADDER):
            a, b = _shares(quality)
            budget = (COARSE_MS if step >= COARSE else BUDGET_MS) * (1.0 if step >= self._step else FINER)
            if a * self._splats_ms + b * self._pixels_ms + self._way_ms <= budget:
                break
        self._step = step
        return quality


def _shares(quality: Quality) -> tuple[float, float]:
    """What a picture costs of a full one: its splats' part and its pixels' part, as measured on a 150 k scene.

    Blending falls less than the number of pixels, since a splat touches few tiles however small they are.
    """
    return 0.1 + 0.9 * quality.share, quality.scale**1.2 * quality.share**0.45
