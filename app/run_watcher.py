"""Follows the newest run of a project folder: its snapshot file and its message log, whoever writes them.

A lift that was started from a terminal is watched just like one from the window. It looks twice a second
instead of relying on file notifications, which miss renames on some file systems and all changes on network ones.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.lift_status import READY, RUNNING, LiftStatus
from pipeline.jobs.spec import MESSAGES, RUNS, SNAPSHOT
from pipeline.messages import parse
from renderer.errors import Refusal

INTERVAL_MS = 500
TAIL_BYTES = 1 << 18
SILENCE = 60.0  # seconds without a word: a lift reports twice a second, poses and long stages more slowly


class RunWatcher(QObject):
    """Announces `picture_ready(Path)` for each newer snapshot and `status_changed` for each newer status."""

    picture_ready = Signal(object)
    status_changed = Signal()
    run_ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: Path | None = None
        self.status = LiftStatus()
        self._runs: Path | None = None
        self._seen_picture = 0
        self._log_at = 0
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, folder: Path | None) -> None:
        """Follow this project from now on; None follows nothing."""
        self._runs = None if folder is None else folder / RUNS
        self._attach(None)
        self._timer.start() if folder is not None else self._timer.stop()
        self.look()

    def look(self) -> None:
        """See what is new; called by the timer."""
        newest = self._newest_run()
        if newest != self.run:
            self._attach(newest)
        if newest is None:
            return
        self._read_log(newest / MESSAGES)
        picture = newest / SNAPSHOT
        stamp = _stamp(picture)
        if stamp and stamp != self._seen_picture:
            self._seen_picture = stamp
            self.picture_ready.emit(picture)

    def _attach(self, run: Path | None) -> None:
        self.run, self._seen_picture, self._log_at = run, 0, 0
        if run is not None:
            size = _size(run / MESSAGES)
            self._log_at = max(0, size - TAIL_BYTES)
        self._tell(LiftStatus())

    def _newest_run(self) -> Path | None:
        if self._runs is None or not self._runs.is_dir():
            return None
        try:
            runs = [entry for entry in self._runs.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        except OSError:
            return self.run
        stamps = {run: max(_stamp(run / SNAPSHOT), _stamp(run / MESSAGES)) for run in runs}
        return max(runs, key=lambda run: stamps[run], default=None)

    def _read_log(self, path: Path) -> None:
        status, size = self.status, _size(path)
        if size < self._log_at:
            self._log_at = 0
        if size > self._log_at:
            for line in self._new_lines(path):
                try:
                    status = status.after(parse(line))
                except Refusal:
                    continue  # the first line of a tail is cut, and a newer Splatime may say more
        if status.state == RUNNING and time.time() - _stamp(path) / 1e9 > SILENCE:
            status = LiftStatus(
                READY,
                text="This lift is not running now. Lift again into the same folder to go on from its checkpoint.",
            )
        self._tell(status)

    def _new_lines(self, path: Path) -> list[str]:
        try:
            with path.open("rb") as file:
                file.seek(self._log_at)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._log_at += len(whole)
        return whole.decode("utf-8", "replace").splitlines()

    def _tell(self, status: LiftStatus) -> None:
        if status != self.status:
            ended = status.over and not self.status.over
            self.status = status
            self.status_changed.emit()
            if ended:
                self.run_ended.emit()


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
