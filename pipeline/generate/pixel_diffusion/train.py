"""Training a stage for a while: videos made beside it, a checkpoint every minute, weights at the end.

A run may be as short as one likes: the same call with `resume` goes on exactly, and each of them ends with weights that
can be used.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.generate.pixel_diffusion import weights
from pipeline.generate.pixel_diffusion.config import StageConfig
from pipeline.generate.pixel_diffusion.data import Shelf, Source, draw
from pipeline.generate.pixel_diffusion.held_out import held_out_losses
from pipeline.generate.pixel_diffusion.text import encoder
from pipeline.generate.pixel_diffusion.trainer import Trainer, generator_for
from pipeline.messages import Finished, Message, Note, Progress, StageStarted
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal

CHECKPOINT_SECONDS, TOLD_SECONDS = 60.0, 5.0
_DATA_STREAM = 7919
"""Added to a run's seed for the choice of videos, so that it is not the noise's stream."""


@dataclass(frozen=True)
class Training:
    """What `train` is told.

    Attributes:
        out: folder of the run: checkpoint, videos, weights.
        minutes, steps: how long, whichever ends first; steps count from the run's beginning, None: no end.
        workers: processes that make videos; device: "auto", "cpu" or "cuda".
        precision: "float32", "bfloat16" (mixed), "auto": mixed on a GPU; CPUs with AVX-512 BF16 gain a third by it.
    """

    config: StageConfig
    out: Path
    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    resume: bool = False
    workers: int = 1
    device: str = "auto"
    precision: str = "auto"


def train(
    training: Training, source: Source, stopped: Callable[[], bool] = lambda: False
) -> Generator[Message, None, None]:
    """Train until the time or the steps are over, or `stopped`; ends with weights, unless the iterator is closed."""
    config, checkpoint = training.config, training.out / f"{training.config.stage}.pt"
    if checkpoint.exists() and not training.resume:
        raise Refusal(f"{checkpoint} is there already; go on with --resume, or choose another --out.")
    device = device_of(training)
    mixed = training.precision == "bfloat16" or (training.precision == "auto" and device == "cuda")
    text = encoder(config.text, config.network.text_width)
    trainer = Trainer(config, text, training.seed, device, mixed=mixed)
    curve: list[tuple[int, float]] = []
    if checkpoint.exists():
        state = load_checkpoint(checkpoint)
        trainer.restore(state)
        curve = [(int(step), float(loss)) for step, loss in state["curve"]]
    yield StageStarted(f"training the {config.stage}", 0, 1, training.steps or 0)
    videos = training.out / "videos" / config.stage
    with Shelf(videos, source, config.network, config.train.chunk, training.seed, training.workers) as shelf:
        try:
            yield from _steps(trainer, shelf, training, curve, stopped)
        except GeneratorExit:  # between two steps
            save_checkpoint(checkpoint, {**trainer.state(), "curve": curve})
            raise
        save_checkpoint(checkpoint, {**trainer.state(), "curve": curve})
    yield Note("measuring on videos that it has not seen")
    losses = held_out_losses(trainer, videos, source)
    facts = {"steps": trainer.step, "curve": thinned(curve), "held_out": losses}
    weights.export(trainer.average, training.out, facts)
    yield Finished(facts)


def _steps(
    trainer: Trainer, shelf: Shelf, training: Training, curve: list[tuple[int, float]], stopped: Callable[[], bool]
) -> Iterator[Message]:
    begun = saved = told = time.monotonic()
    end = begun + 60 * training.minutes if training.minutes is not None else math.inf
    config, first, gathered = training.config, trainer.step, list[float]()
    while time.monotonic() < end and not stopped() and (training.steps is None or trainer.step < training.steps):
        generator = generator_for(training.seed + _DATA_STREAM, trainer.step)
        batch = draw(shelf, config.train, config.network, trainer.step, generator)
        gathered.append(trainer.train_step(batch))
        now = time.monotonic()
        if now - told >= TOLD_SECONDS or trainer.step == training.steps:
            loss, told = sum(gathered) / len(gathered), now
            curve.append((trainer.step, round(loss, 5)))
            gathered.clear()
            speed = (trainer.step - first) / (now - begun)
            yield Progress(f"training the {config.stage}", trainer.step, training.steps or 0, speed, loss=loss)
        if now - saved >= CHECKPOINT_SECONDS:
            saved = now
            save_checkpoint(training.out / f"{config.stage}.pt", {**trainer.state(), "curve": curve})


def device_of(training: Training) -> str:
    """ "cuda" or "cpu". Raises `Refusal` for a GPU that is not there."""
    if training.device == "cuda" and not torch.cuda.is_available():
        raise Refusal("There is no CUDA GPU that torch can use; train with --device cpu.")
    wanted = training.device == "cuda" or (training.device == "auto" and torch.cuda.is_available())
    return "cuda" if wanted else "cpu"


def thinned(curve: list[tuple[int, float]], most: int = 200) -> list[tuple[int, float]]:
    """The curve in at most `most` points, means of their neighbours."""
    width = -(-len(curve) // most) if curve else 1
    parts = [curve[i : i + width] for i in range(0, len(curve), width)]
    return [(part[-1][0], round(sum(loss for _, loss in part) / len(part), 5)) for part in parts]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole, or leave the old one."""
    with atomic_file(path) as file:
        torch.save(state, file)
        os.fsync(file.fileno())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read back what `save_checkpoint` wrote; never unpickles code."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not isinstance(state.get("curve"), list):
            raise TypeError("it holds something else")
    except Exception as fault:
        raise Refusal(f"The checkpoint {path} can't be read; leave out --resume and choose another --out.") from fault
    return state
