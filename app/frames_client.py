"""The window's side of `frames_process`: a short queue of requests, the newest first, one under way.

A video that brings the process down is answered with a sentence, and the next request starts a new process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QProcess

from app.children import environment, python

Answer = Callable[[dict[str, Any]], object]
DIED = "This video can't be read: the process that decodes it was ended. Export the video again, or leave it out."


@dataclass(frozen=True, eq=False)
class _Request:
    number: int
    data: dict[str, Any]
    answered: Answer


class FramesClient(QObject):
    """`ask` sends a request; its answer, or `{"fault": sentence}`, comes to the function that was given."""

    def __init__(self, parent: QObject | None = None, lingers: bool = True) -> None:
        """`lingers`: the process stays for the next request; else it ends when nothing waits."""
        super().__init__(parent)
        self._lingers = lingers
        self._waiting: list[_Request] = []
        self._under_way: _Request | None = None
        self._process: QProcess | None = None
        self._leaving: list[QProcess] = []
        self._tail = b""
        self._count = 0

    def ask(self, data: dict[str, Any], answered: Answer, patient: bool = False) -> None:
        """Queue a request before the older ones: what was asked for last is what is looked at.

        A `patient` one comes after all that wait: something is shown in its place already, or soon.
        """
        self._count += 1
        self._waiting.insert(0 if patient else len(self._waiting), _Request(self._count, data, answered))
        self._go_on()

    def forget(self) -> None:
        """Drop what has not been begun."""
        self._waiting.clear()

    def close(self) -> None:
        """End the process; nothing is answered afterwards."""
        self.forget()
        process, self._process, self._under_way = self._process, None, None
        if process is not None:
            process.readyReadStandardOutput.disconnect()
        for one in [*self._leaving, *([process] if process is not None else [])]:
            one.finished.disconnect()
            one.kill()
            one.waitForFinished(2000)
            one.deleteLater()
        self._leaving.clear()

    def _go_on(self) -> None:
        if self._under_way is not None:
            return
        if not self._waiting:
            if not self._lingers:
                self._let_go()
            return
        if self._process is None:
            self._process = self._started()
        self._under_way = self._waiting.pop()
        line = json.dumps({"number": self._under_way.number, **self._under_way.data})
        self._process.write(line.encode() + b"\n")

    def _let_go(self) -> None:
        """Let the process end by itself; the next request starts another one."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.readyReadStandardOutput.disconnect()
            self._leaving.append(process)
            process.finished.connect(lambda: self._left(process))
            process.closeWriteChannel()

    def _left(self, process: QProcess) -> None:
        self._leaving.remove(process)
        process.deleteLater()

    def _started(self) -> QProcess:
        process = QProcess(self)
        process.setProcessEnvironment(environment())
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._died)
        self._tail = b""
        process.start(python(), ["-P", "-m", "app.frames_process"])
        return process

    def _read(self) -> None:
        if self._process is None:
            return
        self._tail += self._process.readAllStandardOutput().data()
        *lines, self._tail = self._tail.split(b"\n")
        for line in lines:
            request, self._under_way = self._under_way, None
            if request is not None:
                request.answered(json.loads(line))
        self._go_on()

    def _died(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        request, self._under_way = self._under_way, None
        if request is not None:
            request.answered({"fault": DIED})
        self._go_on()
