"""Figures of pictures against truth, as pure functions of arrays: sRGB in [0, 1], float32 [H, W, 3].

What is measured on which views is `evaluate`'s; the perceptual distance needs weights and stands in `perceptual`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch

from pipeline.lift import losses
from renderer.camera import Camera

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MOVING_THRESHOLD = 0.08
"""A pixel moves when the truth differs from its still picture by more than this in any channel."""


def psnr(image: Image, truth: Image) -> float:
    """In dB, capped at 100."""
    return -10.0 * math.log10(max(float(np.square(image - truth).mean()), 1e-10))


def mean_ssim(image: Image, truth: Image) -> float:
    """Mean structural similarity (`losses.ssim`)."""
    pair = [torch.from_numpy(np.ascontiguousarray(x))[None] for x in (image, truth)]
    return float(losses.ssim(pair[0], pair[1]).mean())


def moving(truth: Image, still: Image) -> Mask:
    """[H, W]: where the truth differs from the picture of the same view at the shared moment."""
    mask: Mask = np.abs(truth - still).max(-1) > MOVING_THRESHOLD
    return mask


def pooled_psnr(images: Iterable[Image], truths: Iterable[Image], masks: Iterable[Mask]) -> float:
    """PSNR in dB over the masked pixels of all pictures together; NaN where no pixel is masked."""
    error, count = 0.0, 0
    for image, truth, mask in zip(images, truths, masks, strict=True):
        error += float(np.square(image - truth)[mask].sum())
        count += 3 * int(mask.sum())
    return -10 * math.log10(max(error / count, 1e-10)) if count else math.nan


def flicker(errors: Sequence[Image], times: Sequence[float]) -> float:
    """How much of the error comes and goes from frame to frame: RMS in sRGB units, 0 for none, NaN under three frames.

    `errors` are picture minus truth, of one still camera, at increasing `times`. Each is compared with the straight
    line between its neighbours in time, so an error that stays, or drifts evenly, is none; the difference is scaled so
    that noise which is new in every frame counts with its own RMS. Being a difference of errors, motion that the truth
    has too is none.
    """
    strays = (_stray(errors[i - 1], errors[i], errors[i + 1], times[i - 1 : i + 2]) for i in range(1, len(errors) - 1))
    return _rms(strays)


def view_flicker(errors: Sequence[Image], cameras: Sequence[Camera], depths: Sequence[Image]) -> float:
    """`flicker` along a camera that moves while time stands, NaN under three frames.

    The neighbours' errors are first carried into the middle view by its depth [H, W] (z, scene units), so that an
    error that sticks to a surface is none. Pixels that leave a neighbour's picture don't count; where a surface is
    hidden from a neighbour, what hides it counts instead.
    """

    def strays() -> Iterable[Image]:
        for i in range(1, len(errors) - 1):
            sides = [carried(errors[j], cameras[j], cameras[i], depths[i]) for j in (i - 1, i + 1)]
            seen = np.isfinite(sides[0] + sides[1]).all(-1)
            yield _stray(sides[0][seen], errors[i][seen], sides[1][seen], (0.0, 1.0, 2.0))

    return _rms(strays())


def carried(picture: Image, source: Camera, target: Camera, depth: Image) -> Image:
    """What `source` shows in `picture`, seen by `target` on surfaces at its depth [H, W]; NaN outside the picture."""
    height, width = target.size
    y, x = np.mgrid[:height, :width] + 0.5
    rays = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3) @ np.linalg.inv(target.K).T
    local = rays * depth.reshape(-1, 1)
    pose = target.world_from_camera
    where, z = source.project(local @ pose[:3, :3].T + pose[:3, 3])
    inside = (z > 1e-6) & (depth.reshape(-1) > 0)
    # cv2's pixel centres are whole numbers, ours lie at .5.
    at = np.where(inside[:, None], where - 0.5, -2.0).astype(np.float32).reshape(height, width, 2)
    return np.asarray(
        cv2.remap(picture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(math.nan,) * 3),
        np.float32,
    )


def _stray(before: Image, here: Image, after: Image, times: Sequence[float]) -> Image:
    share = (times[1] - times[0]) / (times[2] - times[0])
    line = (1 - share) * before + share * after
    stray: Image = ((here - line) / math.sqrt(1 + share**2 + (1 - share) ** 2)).astype(np.float32)
    return stray


def _rms(strays: Iterable[Image]) -> float:
    squares = [(float(np.square(s, dtype=np.float64).sum()), s.size) for s in strays]
    count = sum(size for _, size in squares)
    return math.sqrt(sum(total for total, _ in squares) / count) if count else math.nan


def mean(values: Iterable[float]) -> float:
    """NaN where there are none."""
    listed = list(values)
    return float(np.mean(listed)) if listed else math.nan
