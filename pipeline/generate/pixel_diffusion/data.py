"""Training videos: made in chunks by other processes, kept on the disk, drawn by step number.

What a step sees is a pure function of seed and step, whatever was made when, so a run that was cut off goes on exactly.
Chunks are made once and seen many times, with other noise, other masks and mirrored: making costs more than seeing.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from pipeline.generate.pixel_diffusion.config import CONTEXTS, NetworkConfig, TrainConfig
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal

HELD_OUT_SEED = 1 << 30
"""Added to a run's seed for videos that it never trains on."""


@dataclass(frozen=True, eq=False)
class Clips:
    """`frames` [N, T, H, W, 3] uint8 sRGB with a prompt and a dataset context each."""

    frames: npt.NDArray[np.uint8]
    prompts: tuple[str, ...]
    contexts: tuple[str, ...]


Source = Callable[[int, int, int, tuple[int, int]], Clips]
"""(seed, count, frames, size) -> Clips, the same for the same seed; a function of a module, for other processes."""


@dataclass(frozen=True, eq=False)
class Batch:
    """`video` [B, 3, T, h, w] float32 in [-1, 1], on the CPU; `window`: its first pixel in the whole video."""

    video: Tensor
    prompts: tuple[str, ...]
    context: Tensor
    window: tuple[int, int, int] = (0, 0, 0)


def to_video(frames: npt.NDArray[np.uint8]) -> Tensor:
    """[B, T, H, W, 3] uint8 -> [B, 3, T, H, W] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def to_frames(video: Tensor) -> npt.NDArray[np.uint8]:
    """The inverse of `to_video`, rounded."""
    out: npt.NDArray[np.uint8] = ((video + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 4, 1).cpu().numpy()
    return out


class Shelf:
    """Chunks of videos in a folder, made ahead by `workers` processes (0: in this one, when they are needed)."""

    def __init__(
        self, folder: Path, source: Source, network: NetworkConfig, chunk: int, seed: int, workers: int
    ) -> None:
        self._folder, self._source, self._network, self._chunk, self._seed = folder, source, network, chunk, seed
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, spawn, _die_with_parent) if workers else None
        self._ahead: dict[int, Future[None]] = {}
        self._open: dict[int, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def prepare(self, number: int) -> None:
        """Begin to make chunk `number` beside us, unless it is there."""
        if self._pool is not None and number not in self._ahead and not self._path(number).is_file():
            self._ahead[number] = self._pool.submit(make_chunk, *self._order(number))

    def clip(self, number: int, place: int) -> tuple[npt.NDArray[np.uint8], str, str]:
        """One video [T, H, W, 3] of a chunk, its prompt and its context; waits until the chunk is made."""
        if number not in self._open:
            self._open[number] = self._read(number)
        frames, prompts, contexts = self._open[number]
        return frames[place : place + 1][0], prompts[place], contexts[place]

    def _read(self, number: int) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
        path = self._path(number)
        if not path.is_file():
            if number in self._ahead:
                self._ahead.pop(number).result()
            else:
                make_chunk(*self._order(number))
        try:
            file = safe_open(path, "numpy")
            frames = file.get_slice("frames")
            told = json.loads((file.metadata() or {})["told"])
            if frames.get_shape() != [self._chunk, self._network.frames, *self._network.size, 3]:
                raise ValueError("another size")
            return frames, tuple(map(str, told["prompts"])), tuple(map(str, told["contexts"]))
        except (OSError, ValueError, KeyError, SafetensorError) as fault:
            raise Refusal(
                f"The training videos in {path} can't be read ({fault}); delete the file and resume."
            ) from fault

    def _order(self, number: int) -> tuple[Path, Source, int, int, int, tuple[int, int]]:
        # Chunks of neighbouring run seeds never share a seed.
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0]) >> 1
        return self._path(number), self._source, seed, self._chunk, self._network.frames, self._network.size

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._seed}_{number:05d}.safetensors"


def _die_with_parent() -> None:
    """A maker of videos ends when its run does, however that ended: nobody waits for its videos."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        assert parent is not None
        parent.join()
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def make_chunk(path: Path, source: Source, seed: int, count: int, frames: int, size: tuple[int, int]) -> None:
    """Make one chunk and write it whole; runs in a process of its own."""
    made = source(seed, count, frames, size)
    if made.frames.shape != (count, frames, *size, 3) or not set(made.contexts) <= set(CONTEXTS):
        raise ValueError("the source made other videos than it was asked for")
    told = json.dumps({"prompts": made.prompts, "contexts": made.contexts})
    with atomic_file(path) as file:
        file.write(save({"frames": np.ascontiguousarray(made.frames)}, {"told": told}))


def draw(shelf: Shelf, train: TrainConfig, network: NetworkConfig, step: int, generator: torch.Generator) -> Batch:
    """The videos of one step, from the chunks that have joined by then; asks for the next one ahead of time."""
    joined = min(train.max_chunks, 1 + step // train.steps_per_chunk)
    for number in range(min(joined + 2, train.max_chunks)):
        shelf.prepare(number)
    rows = torch.randint(joined * train.chunk, (train.batch,), generator=generator).tolist()
    mirror = torch.rand(train.batch, generator=generator) < 0.5
    window = _window(train, network, generator)
    videos, prompts, contexts = [], [], []
    for row, mirrored in zip(rows, mirror.tolist(), strict=True):
        frames, prompt, context = shelf.clip(*divmod(row, train.chunk))
        sided = bool({"left", "right"} & set(prompt.lower().split()))
        videos.append(_crop(frames, train, window, mirror=mirrored and not sided))
        prompts.append(prompt)
        contexts.append(CONTEXTS.index(context))
    return Batch(to_video(np.stack(videos)), tuple(prompts), torch.tensor(contexts), window)


def _window(train: TrainConfig, network: NetworkConfig, generator: torch.Generator) -> tuple[int, int, int]:
    """Where the crop begins, on whole patches."""
    whole, out = (network.frames, *network.size), []
    for length, side, patch in zip(whole, train.crop, network.patch, strict=True):
        places = (length - side) // patch + 1 if side else 1
        out.append(patch * int(torch.randint(max(1, places), (1,), generator=generator)))
    return out[0], out[1], out[2]


def _crop(frames: Any, train: TrainConfig, window: tuple[int, int, int], *, mirror: bool) -> npt.NDArray[np.uint8]:
    frames = frames[:, :, ::-1] if mirror else frames
    (t, y, x), (dt, dy, dx) = window, train.crop
    out: npt.NDArray[np.uint8] = frames[t : t + dt or None, y : y + dy or None, x : x + dx or None]
    return out
