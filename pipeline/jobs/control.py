"""What a running job is told: stop, pause, resume, snapshot. Fed from another thread or a signal handler.

A pause is waited out here, inside the poll, so that a job only ever hears `stop` and `snapshot`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

WORDS = ("stop", "pause", "resume", "snapshot")
_PAUSE_SECONDS = 0.1


class Control:
    """Callable as the lift's `control`: the next word for it, or None."""

    def __init__(self, on_pause: Callable[[bool], None] = lambda _paused: None) -> None:
        """`on_pause` is told, in the job's thread, when a pause begins and when it ends."""
        self._on_pause = on_pause
        self._words: deque[str] = deque()
        self._stop = threading.Event()
        self._paused = False

    def tell(self, word: str) -> None:
        """Say a word; one that is not known is passed over. Safe in a signal handler: takes no lock."""
        if word == "stop":
            self._stop.set()
        elif word in WORDS:
            self._words.append(word)

    def listen(self, words: Iterable[str]) -> None:
        """Take words, one a line, in a thread of its own until they end; the end means stop."""
        threading.Thread(target=self._hear, args=(words,), daemon=True, name="words").start()

    def _hear(self, words: Iterable[str]) -> None:
        for line in words:
            self.tell(line.strip())
        self.tell("stop")

    @property
    def stopping(self) -> bool:
        """Whether stop was said."""
        return self._stop.is_set()

    def __call__(self) -> str | None:
        """Poll. Blocks while paused; stop wins over everything and stays said."""
        while not self._stop.is_set():
            word = self._words.popleft() if self._words else None
            if word in ("pause", "resume"):
                self._set_paused(word == "pause")
            elif word is not None:
                return word
            elif not self._paused:
                return None
            else:
                self._stop.wait(_PAUSE_SECONDS)
        self._set_paused(False)
        return "stop"

    def _set_paused(self, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            self._on_pause(paused)
