"""A video's frames as plain arrays on disk, for eyes: a strip of small ones with hints, or all of them in full.

`.npy` files, because they can be mapped into memory by another process and hold nothing that could run.
`strip_writer` makes them; reading them needs numpy only, so the window can.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.project.hints import Hints
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Strip:
    """Small frames [F, h, w, 3] and what is odd about them."""

    frames: Frames
    hints: Hints


def load_strip(target: Path) -> Strip:
    """Map a strip; raises `Refusal` when it is not whole."""
    told = _mapped(hints_of(target), np.dtype(np.float32), 2)
    frames = load_full(target)
    if told.shape != (2, len(frames)):
        raise Refusal(f"{target} is damaged; delete it and look at the take again.")
    return Strip(frames, Hints(np.array(told[0]), np.array(told[1])))


def load_full(target: Path) -> Frames:
    """Map frames [F, h, w, 3]; raises `Refusal` when the file is not one of ours."""
    frames: Frames = _mapped(target, np.dtype(np.uint8), 4)
    return frames


def hints_of(target: Path) -> Path:
    """Where the hints of a strip lie."""
    return target.with_suffix(".hints.npy")


def _mapped(path: Path, kind: np.dtype[Any], axes: int) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as fault:
        raise Refusal(f"{path} cannot be read ({fault}); delete it and look at the take again.") from fault
    if array.dtype != kind or array.ndim != axes or 0 in array.shape:
        raise Refusal(f"{path} is damaged; delete it and look at the take again.")
    return array
