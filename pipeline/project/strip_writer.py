"""Makes the arrays of `strip`, frame by frame, so that a long video costs disk and not memory; whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pipeline.project import media
from pipeline.project.atomic import writing_to
from pipeline.project.hints import luma, sharpness
from pipeline.project.strip import hints_of

STRIP_HEIGHT = 90  # px; two device pixels for each of the filmstrip's on a dense screen would be 144, which is waste
HINT_SIDE = 256  # px of the longer side that hints are taken at
MAX_FULL = 2 << 30
"""Bytes of full frames on disk for one video; a longer or larger one is shown smaller."""


def make_strip(video: Path, target: Path) -> None:
    """Write the strip of a video: `target` (frames) and `hints_of(target)`. Raises `Refusal` for unusable videos."""
    count, size, frames = media.stream(video)
    small = _fit(size, STRIP_HEIGHT / size[0])
    told = np.zeros((2, count), np.float32)
    with _array(target, (count, *small, 3), np.dtype(np.uint8)) as out:
        before = None
        for index, frame in enumerate(frames):
            out[index] = media.resize(frame[None], small)[0]
            grey = luma(media.resize(frame[None], _fit(size, HINT_SIDE / max(size)))[0])
            told[:, index] = sharpness(grey), 0.0 if before is None else float(np.abs(grey - before).mean())
            before = grey
    with _array(hints_of(target), told.shape, told.dtype) as out:
        out[:] = told


def make_full(video: Path, target: Path, max_size: int) -> None:
    """Write all frames, the longer side at most `max_size` px, smaller when they would be more than `MAX_FULL`."""
    count, size, frames = media.stream(video)
    bound = (MAX_FULL / (count * size[0] * size[1] * 3)) ** 0.5
    fitted = _fit(size, min(1.0, max_size / max(size), bound))
    with _array(target, (count, *fitted, 3), np.dtype(np.uint8)) as out:
        for index, frame in enumerate(frames):
            out[index] = media.resize(frame[None], fitted)[0]


def _fit(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@contextmanager
def _array(target: Path, shape: tuple[int, ...], kind: np.dtype) -> Iterator[np.memmap]:
    """An array file that appears at `target` when the block ends well."""
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with writing_to(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            out = np.lib.format.open_memmap(scratch, "w+", kind, shape)
            with scratch.open("r+b") as file:  # a full disk is an error here and a crash through the mapping
                _allocate(file.fileno(), scratch.stat().st_size)
            yield out
            out.flush()
            scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def _allocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
