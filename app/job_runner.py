"""Runs one job in a process group of its own and turns its lines into messages.

The window never does the work itself. stdout is JSON lines, stderr is kept and shown when the job fails. Stop
asks (a line on stdin, and its end: checkpoint and exit), then terminates the whole group, then kills it, so
that COLMAP's process dies too.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app.children import environment, python
from pipeline.messages import Failed, Finished, Heartbeat, Message, parse
from renderer.errors import Refusal

PATIENCE_MS = 10_000  # between asking, terminating and killing: a checkpoint of a large scene takes seconds
SILENCE_MS = 30_000  # a worker beats every 2 s; a machine that swaps may hold it up for a while
LOG_LINES = 200
_BY_SIGNAL = {
    "SIGKILL": "The job was killed from outside, most likely because memory ran out{held}. What was finished is "
    "kept: close other programs and start it again to go on from there, or choose a smaller preset or size.",
    "SIGTERM": "The job was ended from outside. What was finished is kept: start it again to go on from there.",
}
_CRASHED = (
    "The job crashed ({name}). What was finished is kept: start it again to go on from there; "
    "if it crashes again, splatime doctor tells what this machine lacks."
)


class JobRunner(QObject):
    """At most one job; `message(Message)` for each word of it, `ended(Message)` exactly once: Finished or Failed.

    `silent(bool)`: nothing was heard for long although it should beat, or it is heard again.
    """

    message = Signal(object)
    started = Signal()
    ended = Signal(object)
    silent = Signal(bool)

    def __init__(self, parent: QObject | None = None, patience_ms: int | None = None) -> None:
        """`patience_ms` between asking, terminating and killing; None: `PATIENCE_MS`."""
        super().__init__(parent)
        self._patience = patience_ms
        self._process: QProcess | None = None
        self._group = 0
        self._last: Message | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._tail = b""
        self._stopping = False
        self._force = QTimer(self)
        self._force.setSingleShot(True)
        self._force.timeout.connect(self._harder)
        self._memory = 0
        self._quiet = False
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.timeout.connect(lambda: self._set_quiet(True))

    @property
    def running(self) -> bool:
        """Whether a job's process lives."""
        return self._process is not None

    @property
    def log(self) -> str:
        """The last lines that the job wrote to stderr."""
        return "\n".join(self._log)

    def start(self, arguments: Sequence[str], first_line: str = "") -> None:
        """Run this Python with `arguments` ("-m", "main", "lift", ...); raises `Refusal` while a job runs.

        `first_line` is written to its standard input: the worker reads its job there.
        """
        if self._process is not None:
            raise Refusal("A job is already running; stop it or wait for it.")
        process = QProcess(self)
        parameters = QProcess.UnixProcessParameters()
        parameters.flags = QProcess.UnixProcessFlag.CreateNewSession
        if hasattr(process, "setUnixProcessParameters"):
            process.setUnixProcessParameters(parameters)
        process.setProcessEnvironment(environment())
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_log)
        process.finished.connect(self._finish)
        process.errorOccurred.connect(self._error)
        self._process, self._last, self._tail, self._stopping = process, None, b"", False
        self._log.clear()
        self._memory = 0
        process.start(python(), list(arguments))
        if first_line:
            process.write(first_line.encode() + b"\n")
        self._group = int(process.processId())
        self._silence.start(SILENCE_MS)
        self.started.emit()

    def say(self, word: str) -> None:
        """Tell the job a word of `pipeline.jobs.control`: pause, resume, snapshot."""
        if self._process is not None and not self._stopping:
            self._process.write(f"{word}\n".encode())

    def stop(self) -> None:
        """Ask the job to keep what it has and end; harder each time that it takes too long."""
        if self._process is not None and not self._stopping:
            self._stopping = True
            self._process.write(b"stop\n")
            self._process.closeWriteChannel()
            self._force.start(self._patience or PATIENCE_MS)

    def kill(self) -> None:
        """End the whole process group now."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.kill()

    def shut_down(self, patience_ms: int = PATIENCE_MS) -> None:
        """For the end of the program: stop, wait, kill what is left."""
        process = self._process
        if process is not None:
            self.stop()
            if not process.waitForFinished(patience_ms):
                self.kill()
                process.waitForFinished(2000)

    def _harder(self) -> None:
        if self._process is None:
            return
        if self._process.property("terminated"):
            self.kill()
            return
        self._process.setProperty("terminated", True)
        self._signal(signal.SIGTERM)
        self._force.start(self._patience or PATIENCE_MS)

    def _signal(self, number: int) -> None:
        if self._group > 0:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)

    def _read(self) -> None:
        if self._process is None:
            return
        self._tail += self._process.readAllStandardOutput().data()
        *lines, self._tail = self._tail.split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            message = parse(line.decode("utf-8", "replace"))
        except Refusal:
            self._log.append(line.decode("utf-8", "replace"))
            return
        self._set_quiet(False)
        self._silence.start(SILENCE_MS)
        if isinstance(message, Heartbeat):
            self._memory = message.memory
        if isinstance(message, Finished | Failed):
            self._last = message
        self.message.emit(message)

    def _set_quiet(self, quiet: bool) -> None:
        if quiet != self._quiet:
            self._quiet = quiet
            self.silent.emit(quiet)

    def _read_log(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._log.extend(line for line in text.splitlines() if line.strip())

    def _error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._close(Failed("The job's process could not be started; reinstall Splatime with make install."))

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._take(self._tail)
        self._read_log()
        last = self._last
        if not isinstance(last, Finished | Failed):
            last = self._verdict(code, status)
            self.message.emit(last)
        self._close(last)

    def _verdict(self, code: int, status: QProcess.ExitStatus) -> Failed:
        if self._stopping or code == 130:
            return Failed("Stopped.", cancelled=True)
        if status is QProcess.ExitStatus.CrashExit:
            return Failed(self._died_by(code), kind="killed")  # the code is then the signal's number
        reason = self._log[-1] if self._log else f"it ended with code {code} and said nothing"
        return Failed(f"The job failed: {reason}", kind="fault")

    def _died_by(self, number: int) -> str:
        try:
            name = signal.Signals(number).name
        except ValueError:
            return _CRASHED.format(name=f"code {number}")
        held = f" (it held {self._memory / 2**30:.1f} GB)" if self._memory else ""
        return _BY_SIGNAL.get(name, _CRASHED).format(held=held, name=name)

    def _close(self, last: Message) -> None:
        self._force.stop()
        self._silence.stop()
        self._set_quiet(False)
        process, self._process = self._process, None
        self._signal(signal.SIGKILL)  # children that outlive the job's own process, of which there should be none
        self._group = 0
        if process is not None:
            process.deleteLater()
        self.ended.emit(last)
