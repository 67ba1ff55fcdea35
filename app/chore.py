"""A short piece of work in a process of its own, shown by its end only: packing, unpacking, finding videos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.job_runner import JobRunner
from pipeline.messages import Failed, Message
from renderer.errors import Refusal


@dataclass(frozen=True, eq=False)
class Work:
    """A verb with its words, what to say meanwhile, and what to do when it went well."""

    words: tuple[str, ...]
    meanwhile: str
    done: Callable[[], object]


class Chore(QObject):
    """One at a time. `said(str)`: what is going on, "" when nothing is; `refused(str)`."""

    said = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = JobRunner(self)
        self._work: Work | None = None
        self._runner.ended.connect(self._ended)

    def do(self, work: Work) -> None:
        """Begin, unless something is under way, which is said."""
        try:
            self._runner.start(["-P", "-m", "main", *work.words, "--json"])
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        self._work = work
        self.said.emit(work.meanwhile)

    def shut_down(self) -> None:
        """For the end of the program; what is written so far is withdrawn or half a scratch file."""
        self._runner.kill()
        self._runner.shut_down()

    def _ended(self, last: Message) -> None:
        work, self._work = self._work, None
        self.said.emit("")
        if isinstance(last, Failed):
            if not last.cancelled:
                self.refused.emit(last.sentence)
        elif work is not None:
            work.done()
