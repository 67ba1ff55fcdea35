"""What can be told of single frames without knowing the scene: soft, doubled, or a jump. Hints, never verdicts.

Numbers are of the luma on a small grid, so they compare within one video, not between videos.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

SOFT = 0.5
"""A frame with less than this share of its neighbourhood's sharpness looks blurred beside it."""
SAME = 0.25
"""Levels of mean change below which a frame shows what the one before showed; coding noise stays under it."""
JUMP = 3.0
"""Times the video's median change: a cut, a flash, or a camera that leapt."""
WINDOW = 7  # frames on each side that a frame is compared with: focus may drift over a long take

Luma = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Hints:
    """Per frame: `sharpness` [F] (variance of the Laplacian) and `change` [F] (mean levels against the one before)."""

    sharpness: npt.NDArray[np.float32]
    change: npt.NDArray[np.float32]

    @cached_property
    def soft(self) -> npt.NDArray[np.bool_]:
        """[F] frames that are blurred beside their neighbours."""
        count = len(self.sharpness)
        near = [self.sharpness[max(0, i - WINDOW) : i + WINDOW + 1] for i in range(count)]
        usual = np.array([np.median(values) for values in near], np.float32)
        return np.asarray(self.sharpness < SOFT * usual)

    @cached_property
    def doubled(self) -> npt.NDArray[np.bool_]:
        """[F] frames that repeat the one before."""
        same = self.change < SAME
        same[:1] = False
        return same

    @cached_property
    def jumps(self) -> npt.NDArray[np.bool_]:
        """[F] frames before which the picture leaps."""
        moving = self.change[1:][~self.doubled[1:]]
        usual = float(np.median(moving)) if len(moving) else 0.0
        leaps = self.change > max(JUMP * usual, 4.0 * SAME)
        leaps[:1] = False
        return leaps

    def words(self, index: int) -> str:
        """What is odd about a frame; empty when nothing is."""
        told = [
            (self.soft, "softer than the frames around it"),
            (self.doubled, "repeats the frame before"),
            (self.jumps, "the picture jumps here"),
        ]
        return "; ".join(words for flags, words in told if flags[index])


def luma(frame: npt.NDArray[np.uint8]) -> Luma:
    """[H, W] of an sRGB frame [H, W, 3], Rec. 709 weights, 0 to 255."""
    return frame.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)


def sharpness(picture: Luma) -> float:
    """Variance of the 4-neighbour Laplacian of a luma [H, W]; 0 where there is no inside."""
    if min(picture.shape) < 3:
        return 0.0
    inner = picture[1:-1, 1:-1]
    around = picture[:-2, 1:-1] + picture[2:, 1:-1] + picture[1:-1, :-2] + picture[1:-1, 2:]
    return float(np.var(around - 4.0 * inner))
