"""Turning work that reports through a callback into a generator that a job can yield from.

The work runs in a thread. When the one who listens leaves, the next report raises in the work, which then
cleans up as for any fault.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class AbandonedError(Exception):
    """Nobody listens any more; only ever raised inside the work."""


def heard(work: Callable[[Callable[[T], None]], R]) -> Generator[T, None, R]:
    """Run `work(tell)` and yield what it tells; returns its result, raises its fault."""
    told: queue.SimpleQueue[tuple[T] | None] = queue.SimpleQueue()
    left = threading.Event()
    results: list[R] = []
    faults: list[BaseException] = []

    def tell(item: T) -> None:
        if left.is_set():
            raise AbandonedError
        told.put((item,))

    def body() -> None:
        try:
            results.append(work(tell))
        except BaseException as fault:  # noqa: BLE001  raised again in the listener's thread
            faults.append(fault)
        finally:
            told.put(None)

    thread = threading.Thread(target=body, name="background work")
    thread.start()
    try:
        while (item := told.get()) is not None:
            yield item[0]
    finally:
        left.set()
        thread.join()
    if faults:
        raise faults[0]
    return results[0]


def counted(items: Iterable[T], write: Callable[[Iterator[T]], None]) -> Iterator[int]:
    """Run `write(items)`, yielding 1, 2, ... as it takes items."""

    def work(tell: Callable[[int], None]) -> None:
        def passed() -> Iterator[T]:
            for index, item in enumerate(items):
                yield item
                tell(index + 1)

        write(passed())

    yield from heard(work)
