"""Between the size that is wanted and the size that a provider makes: scale, pad by the edge, and crop again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.generate.provider import Ability, Frames
from pipeline.project import media


@dataclass(frozen=True)
class Canvas:
    """Sizes are (height, width) px: `wanted`, `made` by the provider, and `inner`, what the picture takes of it.

    `corner` is the (row, column) of the picture's first pixel on the canvas.
    """

    wanted: tuple[int, int]
    made: tuple[int, int]
    inner: tuple[int, int]
    corner: tuple[int, int]

    def lay(self, frames: Frames) -> Frames:
        """Frames [F, *wanted, 3] on the canvas [F, *made, 3]; what the picture does not cover repeats its edge."""
        top, left = self.corner
        bottom, right = self.made[0] - self.inner[0] - top, self.made[1] - self.inner[1] - left
        return np.pad(media.resize(frames, self.inner), ((0, 0), (top, bottom), (left, right), (0, 0)), mode="edge")

    def cut(self, frames: Frames) -> Frames:
        """Frames [F, *made, 3] as they were wanted [F, *wanted, 3]."""
        (top, left), (height, width) = self.corner, self.inner
        return media.resize(frames[:, top : top + height, left : left + width], self.wanted)


def canvas_for(size: tuple[int, int], ability: Ability) -> Canvas:
    """How a provider makes frames of `size` (height, width): at the native size nearest in shape, then in area.

    A provider of any size is only padded up to its multiple, so what it makes is never resampled.
    """
    if not ability.sizes:
        made = _up(size[0], ability.multiple), _up(size[1], ability.multiple)
        inner = size
    else:
        made = min(ability.sizes, key=lambda native: (round(_unlike(native, size), 3), _growth(native, size)))
        scale = min(made[0] / size[0], made[1] / size[1])
        inner = _rounded(size[0] * scale, made[0]), _rounded(size[1] * scale, made[1])
    height, width = made
    return Canvas(size, (height, width), inner, ((height - inner[0]) // 2, (width - inner[1]) // 2))


def _up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple


def _unlike(a: tuple[int, int], b: tuple[int, int]) -> float:
    return abs(math.log((a[0] * b[1]) / (a[1] * b[0])))


def _growth(a: tuple[int, int], b: tuple[int, int]) -> float:
    return abs(math.log((a[0] * a[1]) / (b[0] * b[1])))


def _rounded(side: float, most: int) -> int:
    return max(1, min(most, round(side)))
