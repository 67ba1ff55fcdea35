"""The clock of playback: lets a playing thing advance by the time that really passed."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

from app.playing import Playing

TICK_MS = 16
LONGEST = 0.25  # seconds; after a stall playback goes on from where it was instead of leaping


class Player(QObject):
    """Runs while `what` plays."""

    def __init__(self, what: Playing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._what = what
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        what.playing_changed.connect(self._follow)

    def _follow(self) -> None:
        if self._what.rate and not self._timer.isActive():
            self._clock.start()
            self._timer.start()
        elif not self._what.rate:
            self._timer.stop()

    def _tick(self) -> None:
        self._what.advance(min(LONGEST, self._clock.restart() / 1000.0))
