"""How the pixel model fills in frames, by what is known: `python -m tests.benchmarks.pixel_masks [--weights DIR]`.

Procedural videos that training never saw, half of either context. Each row is a way in which frames are known (the
strategies of appendix A, and what the recipes ask for). Printed as JSON: whether the known frames came back bit for
bit; PSNR of the new ones beside repeating the nearest known frame and beside a blend of the two around; the step over
the seams between known and new beside the truth's step there; and motion (`clip_motion`) beside the truth's.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from pipeline.generate.pixel_diffusion import weights
from pipeline.generate.pixel_diffusion.cascade import Sampling, Wish, make
from pipeline.generate.pixel_diffusion.clips import procedural_source
from pipeline.generate.pixel_diffusion.data import HELD_OUT_SEED, to_frames, to_video
from pipeline.generate.pixel_diffusion.provider import CHURN, GUIDANCE, STEPS
from pipeline.generate.pixel_diffusion.text import encoder
from pipeline.generate.priors import SHIPPED_FOLDER
from pipeline.generate.provider import Frames
from tests.benchmarks.clip_motion import motion

WAYS: dict[str, tuple[int, ...]] = {
    "first frame": (0,),
    "last frame": (15,),
    "one in the middle": (8,),
    "both ends": (0, 15),
    "every fourth": (0, 4, 8, 12),
    "the first eight": tuple(range(8)),
    "the last eight": tuple(range(8, 16)),
    "all but four": (*range(6), *range(10, 16)),
}


def error(a: Frames, b: Frames) -> float:
    """Mean squared, of colours in [0, 1]."""
    return float(np.mean((a.astype(np.float64) - b) ** 2)) / 255**2


def psnr(errors: list[float]) -> float:
    """Of the mean error, dB."""
    return round(float(-10 * np.log10(max(float(np.mean(errors)), 1e-10))), 2)


def repeated(true: Frames, known: npt.NDArray[np.int64]) -> Frames:
    """The nearest known frame everywhere."""
    nearest = np.abs(np.arange(len(true))[:, None] - known).argmin(1)
    frames: Frames = true[known[nearest]]
    return frames


def blended(true: Frames, known: npt.NDArray[np.int64]) -> Frames:
    """Linear in time between the known frames around; the only one where there is one side."""
    flat = true[known].reshape(len(known), -1).astype(np.float64)
    place = np.interp(np.arange(len(true)), known, np.arange(len(known)))
    low = np.floor(place).astype(int)
    share = (place - low)[:, None]
    mixed = (1 - share) * flat[low] + share * flat[np.minimum(low + 1, len(known) - 1)]
    return np.asarray(np.rint(mixed).reshape(true.shape), np.uint8)


def measured(true: Frames, made: Frames, known: npt.NDArray[np.int64]) -> dict[str, float]:
    """One video's errors; `bit` is 1 where all known frames came back."""
    new = np.setdiff1d(np.arange(len(true)), known)
    seams = [k for k in range(len(true) - 1) if np.isin(k, known) != np.isin(k + 1, known)]
    camera, things = motion(made)
    true_camera, true_things = motion(true)
    return {
        "bit": float(np.array_equal(made[known], true[known])),
        "new": error(made[new], true[new]),
        "repeated": error(repeated(true, known)[new], true[new]),
        "blended": error(blended(true, known)[new], true[new]),
        "seam": float(np.mean([error(made[k], made[k + 1]) for k in seams])),
        "true seam": float(np.mean([error(true[k], true[k + 1]) for k in seams])),
        "camera": camera, "true camera": true_camera, "things": things, "true things": true_things,
    }  # fmt: skip


def main() -> None:
    """Sample every way of every video and print the means, by context."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED_FOLDER)
    parser.add_argument("--count", type=int, default=8)
    asked = parser.parse_args()
    model, _ = weights.load(asked.weights, "base", "cpu")
    words = encoder(model.config.text, model.config.network.text_width)
    clips = procedural_source(HELD_OUT_SEED + 7, asked.count, 16, (36, 64))
    for way, places in WAYS.items():
        known = np.array(places)
        rows: dict[str, list[dict[str, float]]] = defaultdict(list)
        for i, true in enumerate(clips.frames):
            strengths = torch.zeros(16)
            strengths[known] = 1.0
            wish = Wish(clips.prompts[i], clips.contexts[i], to_video(true[None]), strengths)
            *_, last = make(model, words, wish, Sampling(STEPS, GUIDANCE, CHURN, seed=i))
            rows[clips.contexts[i]].append(measured(true, to_frames(last.video)[0], known))
        for context, found in rows.items():
            column = {name: [row[name] for row in found] for name in found[0]}
            in_db = {n: psnr(column[n]) for n in ("new", "repeated", "blended", "seam", "true seam")}
            means = {n: round(float(np.mean(column[n])), 2) for n in ("camera", "true camera", "things", "true things")}
            print(json.dumps({"known": way, "context": context, "bit for bit": min(column["bit"]) == 1.0,
                              **in_db, **means}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
