"""What the pixel model's base has learnt: `python -m tests.benchmarks.pixel_prior --sheet SHEET.png [--weights DIR]`.

Eight procedural videos that training never saw. Each prompt is sampled from nothing and from its known first frame,
with either dataset context. Printed: how much the camera and the things move (`clip_motion`), beside the truth of the
same clips; how large the step is from the known frame to the next one. The sheet shows truth and samples.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import torch

from pipeline.generate.pixel_diffusion import weights
from pipeline.generate.pixel_diffusion.cascade import Sampling, Wish, make
from pipeline.generate.pixel_diffusion.clips import procedural_source
from pipeline.generate.pixel_diffusion.data import HELD_OUT_SEED, to_frames, to_video
from pipeline.generate.pixel_diffusion.provider import CHURN, GUIDANCE, STEPS
from pipeline.generate.pixel_diffusion.text import encoder
from pipeline.generate.priors import SHIPPED_FOLDER
from pipeline.generate.provider import Frames
from tests.benchmarks.clip_motion import Motion, motion

CONTEXTS = ("dynamic", "freeze_time")
SHOWN = [0, 5, 10, 15]


def psnr(a: Frames, b: Frames) -> float:
    """dB between two frames."""
    return float(-10 * np.log10(max(float(np.mean((a.astype(np.float64) - b) ** 2)) / 255**2, 1e-10)))


def main() -> None:
    """Sample, measure, print one JSON object and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED_FOLDER)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--count", type=int, default=8)
    asked = parser.parse_args()
    model, told = weights.load(asked.weights, "base", "cpu")
    words = encoder(model.config.text, model.config.network.text_width)
    truth = procedural_source(HELD_OUT_SEED + 7, asked.count, 16, (36, 64))
    figures: dict[str, list[Motion]] = {}
    steps: list[tuple[float, float]] = []
    rows = [list(truth.frames)]
    for i, true in enumerate(truth.frames):
        figures.setdefault(f"truth {truth.contexts[i]}", []).append(motion(true))
    for first in (False, True):
        for context in CONTEXTS:
            row = []
            for i, true in enumerate(truth.frames):
                strengths = torch.zeros(16)
                strengths[0] = float(first)
                wish = Wish(truth.prompts[i], context, to_video(true[None]), strengths)
                *_, last = make(model, words, wish, Sampling(STEPS, GUIDANCE, CHURN, seed=i))
                made = to_frames(last.video)[0]
                row.append(made)
                figures.setdefault(f"{'first frame' if first else 'nothing'} known, {context}", []).append(motion(made))
                if first:
                    later = [psnr(a, b) for a, b in pairwise(made[1:])]
                    steps.append((psnr(made[0], made[1]), float(np.mean(later))))
            rows.append(row)
    sheet = [np.concatenate([np.concatenate(list(row[i][SHOWN]), 1) for row in rows], 1) for i in range(asked.count)]
    iio.imwrite(asked.sheet, np.concatenate(sheet).repeat(2, 0).repeat(2, 1))
    means = {name: [round(float(x), 3) for x in np.mean(pairs, 0)] for name, pairs in figures.items()}
    print(json.dumps({"steps": told["steps"], "motion (camera, things) px": means,
                      "psnr of known frame to next, of others to next": np.mean(steps, 0).round(2).tolist(),
                      "prompts": list(truth.prompts)}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
