"""Brings videos into a project's library, in a process of its own; what is asked for meanwhile waits its turn."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.job_runner import JobRunner
from pipeline.messages import Failed, Message, Produced
from pipeline.project.codec import decode
from pipeline.project.take import Take

Files = list[tuple[Path, str]]


class Importer(QObject):
    """`took(Path, Take)`: a take lies in the project in that folder; `said(str)`: what is going on, "" when nothing
    is; `refused(str)`; `ended`: one errand is over, well or not."""

    took = Signal(object, object)
    said = Signal(str)
    refused = Signal(str)
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[Path, Files]] = deque()
        self._folder = Path()
        self._runner = JobRunner(self)
        self._runner.message.connect(self._hear)
        self._runner.ended.connect(self._ended)

    @property
    def busy(self) -> bool:
        """Whether something is being brought in."""
        return self._runner.running

    def bring(self, folder: Path, files: Files) -> None:
        """Bring files, each with its kind, into the project in `folder`, made when missing."""
        if files:
            self._waiting.append((folder, files))
            self._go_on()

    def shut_down(self) -> None:
        """For the end of the program: takes that are not whole yet are left out."""
        self._waiting.clear()
        self._runner.kill()
        self._runner.shut_down()

    def _go_on(self) -> None:
        if self._runner.running or not self._waiting:
            return
        self._folder, files = self._waiting.popleft()
        names = ", ".join(path.name for path, _kind in files)
        self.said.emit(f"Bringing in {names}…")
        self._runner.start(import_arguments(self._folder, files))

    def _hear(self, message: Message) -> None:
        if isinstance(message, Produced) and message.kind == "take":
            self.took.emit(self._folder, decode(Take, message.data, "take"))

    def _ended(self, last: Message) -> None:
        self.said.emit("")
        if isinstance(last, Failed) and not last.cancelled:
            self.refused.emit(last.sentence)
        self._go_on()
        self.ended.emit()


def import_arguments(folder: Path, files: Files) -> list[str]:
    """The command line that brings files into the library of a project."""
    options = {"reference": "--reference", "freeze_time": "--freeze-time"}
    named = [word for path, kind in files for word in (options[kind], str(path))]
    return ["-P", "-m", "main", "import", str(folder), *named, "--library-only", "--json"]
