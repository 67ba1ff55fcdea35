"""A tiny deterministic provider: a bar on a ground whose colour comes from prompt and seed.

It keeps known frames only nearly, as latent models do, and its ability is a constructor's argument. Faults come on
demand, by options: `fail` (a sentence), `bad` ("count", "type"), `crash`, `kill` (its process, after a step) and
`endless`.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Generator

import numpy as np

from pipeline.generate.provider import Ability, Frames, Known, Made, Making
from pipeline.project.take import KINDS, VideoRequest
from renderer.errors import Refusal

ABILITY = Ability("bar", "Moving bar", KINDS, contexts=("dynamic", "freeze_time"), licence="CC0-1.0")
SIZE = (36, 64)


class MovingBar:
    """`steps` steps, each with a preview; drift is a gain of 1.04 and an offset of -3 on everything."""

    def __init__(self, ability: Ability = ABILITY, drift: bool = True) -> None:
        self.ability = ability
        self.asked: list[tuple[VideoRequest, Known]] = []
        self._drift = drift

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        self.asked.append((request, known))
        if "fail" in request.options:
            raise Refusal(str(request.options["fail"]))
        if "crash" in request.options:
            raise MemoryError
        frames = bar(request)
        frames[list(known.positions)] = known.frames
        if self._drift:
            frames = np.clip(np.rint(frames * 1.04 - 3), 0, 255).astype(np.uint8)
        steps = request.steps or 3
        for step in range(steps):
            yield Making(step + 1, steps, frames[:, ::2, ::2], "noise")
            if "kill" in request.options:
                os.kill(os.getpid(), signal.SIGKILL)
            while "endless" in request.options:
                time.sleep(0.02)
                yield Making(step + 1, steps, None, "noise")
        if request.options.get("bad") == "count":
            frames = frames[:-1]
        made: Frames = frames.astype(np.float32) if request.options.get("bad") == "type" else frames
        return Made(made, {"model": "bar", "seed": request.seed})


def bar(request: VideoRequest) -> Frames:
    """[T, H, W, 3]: a white bar one column further in each frame, on a ground that prompt and seed choose."""
    height, width = request.size if request.size[0] else SIZE
    ground = hashlib.blake2b(f"{request.prompt}/{request.seed}".encode(), digest_size=3).digest()
    frames = np.empty((request.n_frames, height, width, 3), np.uint8)
    frames[:] = np.frombuffer(ground, np.uint8) // 2 + 40
    for index in range(request.n_frames):
        at = index % max(1, width - 4)
        frames[index, :, at : at + 4] = 230
    return frames


def make() -> MovingBar:
    """For the registry."""
    return MovingBar()
