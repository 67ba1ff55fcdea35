"""A thread that answers requests of which only the newest counts: what an artist's hand asks for at 60 Hz."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Newest(Generic[Request, Answer]):
    """Runs `work(request)` on one daemon thread; `notify` is called there after each answer.

    A request that has not been begun is forgotten when the next one comes; of the answers, too, only the newest is
    kept. `work` must not raise.
    """

    def __init__(self, name: str, work: Callable[[Request], Answer], notify: Callable[[], None]) -> None:
        self._work, self._notify = work, notify
        self._wake = threading.Condition()
        self._wanted: list[Request] = []
        self._made: list[Answer] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def request(self, request: Request) -> None:
        """Ask for an answer."""
        with self._wake:
            self._wanted = [request]
            self._wake.notify()

    def take(self) -> Answer | None:
        """The newest answer, once; None when there is no new one."""
        with self._wake:
            made, self._made = self._made, []
            return made[0] if made else None

    def close(self) -> None:
        """Stop the thread and wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or bool(self._wanted))
                if self._closed:
                    return
                request, self._wanted = self._wanted[0], []
            answer = self._work(request)
            with self._wake:
                self._made = [answer]
            self._notify()
