"""Words for a running job, and work that is listened to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pipeline.jobs.background import AbandonedError, counted, heard
from pipeline.jobs.control import Control


def test_words_arrive_in_order_and_nonsense_does_not() -> None:
    control = Control()
    assert control() is None
    for word in ("snapshot", "dance", "", "snapshot"):
        control.tell(word)
    assert [control(), control(), control()] == ["snapshot", "snapshot", None]


def test_stop_wins_and_stays() -> None:
    control = Control()
    control.tell("snapshot")
    control.tell("pause")
    control.tell("stop")
    assert [control(), control()] == ["stop", "stop"]
    assert control.stopping


@pytest.mark.parametrize(("word", "heard_word"), [("resume", None), ("stop", "stop"), ("snapshot", "snapshot")])
def test_a_pause_is_waited_out(word: str, heard_word: str | None) -> None:
    control = Control()
    control.tell("pause")
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(control()))
    thread.start()
    time.sleep(0.25)
    assert got == []
    control.tell(word)
    thread.join(5)
    assert got == [heard_word]
    control.tell("stop")


def test_the_end_of_input_means_stop() -> None:
    control = Control()
    control.listen(iter(["snapshot\n"]))
    deadline = time.monotonic() + 5
    while not control.stopping and time.monotonic() < deadline:
        time.sleep(0.01)
    assert control() == "stop"


def test_what_work_tells_is_heard_and_its_result_returned() -> None:
    def work(tell: Callable[[int], None]) -> str:
        tell(1)
        tell(2)
        return "done"

    def listener() -> Iterator[object]:
        result = yield from heard(work)
        yield result

    assert list(listener()) == [1, 2, "done"]


def test_a_fault_of_the_work_is_raised_where_it_is_heard() -> None:
    def work(tell: Callable[[int], None]) -> None:
        tell(1)
        raise ValueError("broken")

    listening = heard(work)
    assert next(listening) == 1
    with pytest.raises(ValueError, match="broken"):
        next(listening)


def test_work_that_nobody_hears_stops_and_cleans_up() -> None:
    cleaned = threading.Event()
    steps: list[int] = []

    def work(tell: Callable[[int], None]) -> None:
        try:
            for step in range(10_000):
                tell(step)
                steps.append(step)
                time.sleep(0.001)
        except AbandonedError:
            cleaned.set()
            raise

    listening = heard(work)
    next(listening)
    listening.close()
    assert cleaned.is_set() and len(steps) < 10_000


def test_counting_what_a_writer_takes() -> None:
    taken: list[str] = []
    assert list(counted("abc", lambda items: taken.extend(items))) == [1, 2, 3]
    assert taken == ["a", "b", "c"]
