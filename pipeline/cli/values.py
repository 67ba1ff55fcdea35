"""Words of the command line as values: what is wrong by itself is refused here. Imports nothing but argparse."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from typing import Any

PASSES = ("colour", "depth", "alpha")
ABLATIONS = (
    "per-frame-deformation", "small-motion", "multi-view-sds", "joint-sds", "freeze-time", "camera-fine-tuning",
    "new-splats",
)  # fmt: skip
MAX_SIDE = 16384
MAX_FRAMES = 10_000


def time_range(text: str) -> tuple[float, float | None]:
    """`T` or `T0:T1` in reference frames; the second is None for one moment."""
    parts = text.split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if len(values) not in (1, 2) or not all(math.isfinite(value) for value in values):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time T or a range T0:T1 in reference frames")
    return values[0], values[1] if len(values) == 2 else None


def moment(text: str) -> float:
    """One time in reference frames."""
    start, stop = time_range(text)
    if stop is not None:
        raise argparse.ArgumentTypeError(f"{text!r} is a range; one time in reference frames is needed")
    return start


def image_size(text: str) -> tuple[int, int]:
    """`WxH` -> (height, width) in pixels."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 512x288")
    if not (1 <= int(width) <= MAX_SIDE and 1 <= int(height) <= MAX_SIDE):
        raise argparse.ArgumentTypeError(f"{text!r} is outside 1 to {MAX_SIDE} pixels a side")
    return int(height), int(width)


def frame_rate(text: str) -> float:
    """A rate in frames a second."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame rate between 0.1 and 1000")
    return value


def passes(text: str) -> tuple[str, ...]:
    """`colour,depth` -> the passes, in the order of `PASSES`."""
    names = text.split(",")
    if not set(names) <= set(PASSES):
        raise argparse.ArgumentTypeError(f"{text!r} is not some of {','.join(PASSES)}")
    return tuple(name for name in PASSES if name in names)


def arms(text: str) -> tuple[str, ...]:
    """`a,b` -> names of parts to leave out, one after the other, in the order of `ABLATIONS`."""
    names = text.split(",")
    if not set(names) <= set(ABLATIONS):
        raise argparse.ArgumentTypeError(f"{text!r} is not some of {','.join(ABLATIONS)}")
    return tuple(name for name in ABLATIONS if name in names)


def seeds(text: str) -> int:
    """How many seeds, 1 to 100."""
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seeds from 1 to 100")
    return int(text)


def natural(text: str) -> int:
    """A whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def frame_list(text: str) -> tuple[int, ...]:
    """`0-3,12` -> the frames 0, 1, 2, 3, 12, rising, each once."""
    frames: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        ends = (first, last if dash else first)
        if not all(end.isdecimal() and int(end) < MAX_FRAMES for end in ends) or int(ends[0]) > int(ends[1]):
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of frames like 0-3,12")
        frames.update(range(int(ends[0]), int(ends[1]) + 1))
    return tuple(sorted(frames))


def setting(text: str) -> tuple[str, Any]:
    """`key=value` -> the two; a value that is JSON counts as such, other text as it is."""
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text!r} is not like key=value")
    try:
        return key, json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return key, value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type of whole numbers from `least` to `most`."""

    def number(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


def measure(most: float) -> Callable[[str], float]:
    """A type of numbers from 0 to `most`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {most:g}")
        return value

    return number
