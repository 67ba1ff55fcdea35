"""One verb of the command line in a process of its own, asked for its answer: one JSON object, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from app.children import environment, python
from pipeline.messages import Failed, parse
from renderer.errors import Refusal

SILENT = "It ended without an answer; the same command in a terminal says more."


class VerbProcess(QObject):
    """At most one at a time. `answered(dict)`, the last object that it printed, or `failed(str)`, exactly once."""

    answered = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.setProcessEnvironment(environment())
        self._process.finished.connect(self._read)

    @property
    def running(self) -> bool:
        """Whether an answer is waited for."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def ask(self, words: Sequence[str]) -> None:
        """Begin; the words are a verb and its own, without --json."""
        if not self.running:
            self._process.start(python(), ["-P", "-m", "main", *words, "--json"])

    def end(self) -> None:
        """Give it up; nothing is heard any more."""
        self._process.finished.disconnect(self._read)
        self._process.kill()
        self._process.waitForFinished(2000)

    def _read(self, code: int) -> None:
        lines = bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace").splitlines()
        last = lines[-1] if lines else ""
        answer = _object(last)
        if code == 0 and answer is not None:
            self.answered.emit(answer)
        else:
            self.failed.emit(_sentence(last))


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _sentence(line: str) -> str:
    try:
        message = parse(line)
    except Refusal:
        return SILENT
    return message.sentence if isinstance(message, Failed) else SILENT
