"""Colour of new frames after that of known ones: latent models hand back even the frames that they were given drifted.

What became of the known frames tells how: one gain and one offset a channel for each known frame, between them
interpolated over time, and held beyond. New frames get the inverse; known ones are put back as they were anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.generate.provider import Frames

GAIN = (0.8, 1.25)
"""A larger change is no drift but another picture, and following it would spoil the new frames."""
SHIFT = 32.0
STRIDE = 2
Floats = npt.NDArray[np.float64]


def colour_matched(made: Frames, places: Sequence[int], truth: Frames) -> Frames:
    """Frames [T, H, W, 3] with the drift taken out that shows at `places`, where `truth` [K, H, W, 3] was given.

    Exactly the same frames when there is no drift, or nothing is known.
    """
    drifts = [drift(made[place], frame) for place, frame in zip(places, truth, strict=True)]
    if all(gain == 1.0 and shift == 0.0 for one in drifts for gain, shift in zip(*one, strict=True)):
        return made
    order = np.argsort(places)
    at = np.asarray(places, np.float64)[order]
    gains, shifts = (np.array([one[i] for one in drifts])[order] for i in (0, 1))
    times = np.arange(len(made))
    out = np.empty_like(made)
    for channel in range(3):
        gain = np.interp(times, at, gains[:, channel])[:, None, None]
        shift = np.interp(times, at, shifts[:, channel])[:, None, None]
        out[..., channel] = np.clip(np.rint(made[..., channel] * gain + shift), 0, 255)
    return out


def drift(made: Frames, truth: Frames) -> tuple[Floats, Floats]:
    """gain and shift [3] that bring a frame [H, W, 3] to the mean and spread of the true one, within limits."""
    a, b = (frame[::STRIDE, ::STRIDE].reshape(-1, 3).astype(np.float64) for frame in (made, truth))
    spread = np.maximum(a.std(0), 1.0)
    gain = np.where(a.std(0) < 1.0, 1.0, np.clip(b.std(0) / spread, *GAIN))
    shift = np.clip(b.mean(0) - gain * a.mean(0), -SHIFT - 255 * np.abs(gain - 1), SHIFT + 255 * np.abs(gain - 1))
    return gain, shift
