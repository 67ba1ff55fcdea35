"""A pipeline at work on a thread of its own, so that its steps can be watched and it can be stopped between two.

The library's pipelines are calls that return when all is done; what they tell on the way comes by a callback.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from renderer.errors import Refusal

Video = npt.NDArray[np.float32]
"""[T, H, W, 3] in [0, 1]."""
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")
"""Words of torch where it has no class for it: on the CPU a RuntimeError says so."""


class _StoppedError(Exception):
    """Nobody waits for the video any more."""


@dataclass(frozen=True, eq=False)
class Step:
    """One finished step, and the latents after it as the sampler has them."""

    number: int
    latents: Tensor


def steps_of(pipeline: Any, arguments: Mapping[str, Any], seed: int) -> Generator[Step, None, Video]:
    """Call the pipeline; yields its steps and returns the video.

    Closing the generator stops the call after the step that is under way, and waits for it. Raises `Refusal` when
    memory runs out, when figures are no numbers, and when the pipeline refuses its arguments.
    """
    work = _Work(pipeline, arguments, seed)
    work.start()
    try:
        while isinstance(news := work.news.get(), Step):
            yield news
    finally:
        work.stopped.set()
        work.join()
        pipeline.maybe_free_model_hooks()  # what a call that was cut off leaves on the GPU
    if isinstance(news, BaseException):
        raise _sentence(news) from news
    return news


class _Work(threading.Thread):
    """One call. `news`: its steps, then the video or what went wrong; `stopped`: set when it is to end."""

    def __init__(self, pipeline: Any, arguments: Mapping[str, Any], seed: int) -> None:
        super().__init__(name="open video model", daemon=True)
        self.news: SimpleQueue[Step | Video | BaseException] = SimpleQueue()
        self.stopped = threading.Event()
        self._pipeline, self._arguments, self._seed = pipeline, arguments, seed

    def run(self) -> None:
        try:
            self.news.put(self._video())
        except BaseException as fault:  # noqa: BLE001 (raised again where it is waited for)
            self.news.put(fault)

    def _video(self) -> Video:
        """Some pipelines draw from torch's own generator too, so that is seeded, and put back."""
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(self._seed)
            out = self._pipeline(
                **self._arguments, generator=torch.Generator("cpu").manual_seed(self._seed),
                callback_on_step_end=self._hear,
            )  # fmt: skip
        video = np.asarray(out.frames[0], np.float32)
        if not np.isfinite(video).all():
            raise Refusal(_no_numbers("as it decoded the video"))
        return video

    def _hear(self, _pipeline: Any, number: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        if self.stopped.is_set():
            raise _StoppedError
        if not bool(values["latents"].isfinite().all()):
            raise Refusal(_no_numbers(f"in step {number + 1}"))
        self.news.put(Step(number + 1, values["latents"]))
        return {}


@contextmanager
def spoken() -> Iterator[None]:
    """What goes wrong within, such as memory that runs out, becomes a sentence where a person can do something."""
    try:
        yield
    except (MemoryError, RuntimeError, ValueError) as fault:
        raise _sentence(fault) from fault


def _sentence(fault: BaseException) -> BaseException:
    """What to raise for what a pipeline raised: a `Refusal` where a person can do something about it."""
    if isinstance(fault, MemoryError | torch.OutOfMemoryError) or any(
        word in str(fault).lower() for word in _NO_MEMORY
    ):
        return Refusal(
            "The model ran out of memory; make fewer or smaller frames, or let its parts wait in main memory (offload "
            "model, or sequential)."
        )
    if isinstance(fault, ValueError | RuntimeError):
        lines = str(fault).strip().splitlines() or [type(fault).__name__]
        return Refusal(f"The model could not make this ({lines[0][:300].rstrip('. ')}).")
    return fault


def _no_numbers(where: str) -> str:
    return f"The model's figures were no numbers {where}; choose a precision of bfloat16 or float32."
