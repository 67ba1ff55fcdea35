"""Writes the cut to project.json on a thread of its own, the newest only; a refusal is said and tried again."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from pipeline.project import journal, project_file
from pipeline.project.atomic import refusal_for
from pipeline.project.project import Cut
from renderer.errors import Refusal

AGAIN_SECONDS = 3.0


class Saver(QObject):
    """`save` returns at once. `saved()` and `failed(str)` come on the window's thread."""

    saved = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._wanted: tuple[Path, Cut] | None = None
        self._busy = False
        self._failing = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="saver", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> bool:
        """Whether something is not on disk yet."""
        with self._wake:
            return self._busy or self._wanted is not None

    def save(self, folder: Path, cut: Cut) -> None:
        """Have a cut written; one that waits is replaced by it. The journal has it at once."""
        # Noted under the lock: the end of the save before this one would clear the journal of a cut not wanted yet.
        with self._wake:
            journal.append(folder, cut)
            self._wanted = folder, cut
            self._wake.notify_all()

    def finish(self, seconds: float = 15.0) -> bool:
        """Wait until all is written; False when it could not be, after so many seconds or because it is refused."""
        with self._wake:
            self._wake.wait_for(lambda: not self._busy and (self._wanted is None or self._failing), seconds)
            return not self._busy and self._wanted is None

    def drop(self) -> None:
        """Give up what could not be written: its project is being closed, and its journal has it."""
        with self._wake:
            self._wanted = None
            self._wake.notify_all()

    def close(self, seconds: float = 15.0) -> None:
        """Write what waits, then end the thread."""
        self.finish(seconds)
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(seconds)

    def _work(self) -> None:
        while True:
            with self._wake:
                if self._failing:
                    self._wake.wait(AGAIN_SECONDS)
                self._wake.wait_for(lambda: self._closed or self._wanted is not None)
                wanted = self._wanted
                if wanted is None or (self._closed and self._failing):
                    return
                self._wanted, self._busy = None, True
            sentence = _written(*wanted)
            with self._wake:
                self._busy, self._failing = False, bool(sentence)
                if self._wanted is None and sentence:
                    self._wanted = wanted
                elif self._wanted is None:
                    journal.clear(wanted[0])
                if not self._closed:
                    self.failed.emit(sentence) if sentence else self.saved.emit()
                self._wake.notify_all()


def _written(folder: Path, cut: Cut) -> str:
    """Write a cut; why that was not possible, or nothing."""
    try:
        project_file.update(folder, lambda project: replace(project, cut=cut))
    except Refusal as refusal:
        return str(refusal)
    except OSError as fault:
        return str(refusal_for(fault, folder))
    return ""
