"""The clock of playback: lets a playing `ViewState` advance by the time that really passed."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

from app.view_state import ViewState

TICK_MS = 16
LONGEST = 0.25  # seconds; after a stall playback goes on from where it was instead of leaping


class Player(QObject):
    """Runs while the view plays."""

    def __init__(self, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        view.playing_changed.connect(self._follow)

    def _follow(self) -> None:
        if self._view.rate and not self._timer.isActive():
            self._clock.start()
            self._timer.start()
        elif not self._view.rate:
            self._timer.stop()

    def _tick(self) -> None:
        self._view.advance(min(LONGEST, self._clock.restart() / 1000.0))
