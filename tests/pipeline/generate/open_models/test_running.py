"""A pipeline on its thread: watched, stopped between steps, and what goes wrong in it said in a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.generate.open_models.running import Step, Video, steps_of
from renderer.errors import Refusal


@dataclass
class Out:
    frames: Any


class Counting:
    """Counts its steps; `fault` is called in each of them with its number."""

    def __init__(self, fault: Callable[[int], object] = lambda _: None, bad: float = 0.5) -> None:
        self.done, self.freed, self._fault, self._bad = 0, 0, fault, bad

    def __call__(self, *, steps: int, generator: torch.Generator, callback_on_step_end: Any) -> Out:
        latents = torch.rand(1, 2, generator=generator)
        for number in range(steps):
            self.done += 1
            values = {"latents": latents + torch.rand(())}
            if isinstance(found := self._fault(number), torch.Tensor):
                values["latents"] = found
            callback_on_step_end(self, number, None, values)
        video = np.full((1, 4, 2, 2, 3), self._bad, np.float32)
        video[0, 0, 0, 0, 0] = latents[0, 0]
        return Out(video)

    def maybe_free_model_hooks(self) -> None:
        self.freed += 1


def finish(pipeline: Any, seed: int = 0, steps: int = 3) -> tuple[list[Step], Video]:
    work, seen = steps_of(pipeline, {"steps": steps}, seed), []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as over:
            return seen, over.value


def test_every_step_is_seen_and_the_seed_decides_all_that_is_drawn() -> None:
    state = torch.random.get_rng_state()
    (steps, video), (again, same), (_, other) = finish(Counting(), 1), finish(Counting(), 1), finish(Counting(), 2)
    assert [step.number for step in steps] == [1, 2, 3] and video.shape == (4, 2, 2, 3)
    assert np.array_equal(video, same) and not np.array_equal(video, other)
    assert all(torch.equal(a.latents, b.latents) for a, b in zip(steps, again, strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_closing_stops_between_two_steps_and_leaves_no_thread() -> None:
    def wait(number: int) -> None:
        here: Any = threading.current_thread()
        if number == 1:
            here.stopped.wait(30)

    pipeline = Counting(wait)
    work = steps_of(pipeline, {"steps": 50}, 0)
    next(work)
    work.close()
    assert (pipeline.done, pipeline.freed) == (2, 1)
    assert not any(thread.name == "open video model" for thread in threading.enumerate())


def _raise(fault: BaseException) -> Callable[[int], object]:
    def throw(number: int) -> None:
        if number == 1:
            raise fault

    return throw


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        (
            Counting(_raise(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))),
            "ran out of memory.*offload",
        ),
        (Counting(_raise(MemoryError())), "ran out of memory"),
        (Counting(_raise(RuntimeError("DefaultCPUAllocator: not enough memory: you tried"))), "ran out of memory"),
        (Counting(lambda number: torch.tensor([float("nan")]) if number else None), "no numbers in step 2"),
        (Counting(bad=float("inf")), "no numbers as it decoded"),
        (Counting(_raise(ValueError("`height` has to be divisible by 16.\nmore"))), r"this \(`height`.*by 16\)\.$"),
        (Counting(_raise(RuntimeError())), r"this \(RuntimeError\)"),
    ],
)
def test_what_goes_wrong_in_it_is_said(pipeline: Counting, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        finish(pipeline)
    assert pipeline.freed == 1


def test_a_fault_of_ours_stays_one() -> None:
    with pytest.raises(ZeroDivisionError):
        finish(Counting(lambda number: 1 // number))
