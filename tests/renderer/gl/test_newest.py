"""Of requests and answers, only the newest counts."""

from __future__ import annotations

import threading

from renderer.gl.newest import Newest


def test_what_was_not_begun_is_forgotten() -> None:
    gate, begun, done = threading.Event(), threading.Event(), threading.Semaphore(0)
    seen: list[int] = []

    def work(number: int) -> int:
        seen.append(number)
        begun.set()
        gate.wait(20)
        return 10 * number

    worker = Newest("test", work, done.release)
    try:
        assert worker.take() is None
        worker.request(1)
        assert begun.wait(20)
        for number in (2, 3, 4):
            worker.request(number)
        gate.set()
        for _ in range(2):
            assert done.acquire(timeout=20)
        assert seen == [1, 4]
        assert worker.take() == 40
        assert worker.take() is None
    finally:
        worker.close()
