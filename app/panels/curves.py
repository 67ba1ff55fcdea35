"""Loss and PSNR along a lift. pyqtgraph is loaded when the panel is first seen, so that the window opens without it.

Loading takes a quarter of a second of Python, so a thread does it (importing makes no Qt object); the plots are made
one in a turn of the event loop. The hand is never held up by curves.
"""

from __future__ import annotations

import math
from threading import Thread
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.run_track import Track
from app.theme import current_theme

HEIGHT = 124
TITLES = "Loss", "PSNR, dB"
LOOK_MS = 30


class Curves(QWidget):
    """Two plots over the steps of the whole lift; stages are told apart by upright lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curves")
        self.setAccessibleName("Loss and PSNR along the lift")
        self.track = Track()
        self.plots: tuple[Any, ...] = ()
        self._loader = Thread(target=_load, daemon=True)
        self._wait = QTimer(self, interval=LOOK_MS)
        self._wait.timeout.connect(self._build)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.setMinimumHeight(2 * HEIGHT)

    def show_track(self, track: Track) -> None:
        """Draw these curves."""
        self.track = track
        self._draw()

    def refresh_theme(self) -> None:
        """After a change of theme."""
        theme = current_theme()
        for plot, name in zip(self.plots, TITLES, strict=False):
            plot.setBackground(theme["base"])
            plot.setTitle(name, color=theme["muted"], size="9pt")
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(theme["line"])
                axis.setTextPen(theme["muted"])
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        if self._loader.ident is None:
            self._loader.start()
            self._wait.start()

    def _build(self) -> None:
        """One plot more, once the library is there."""
        if self._loader.is_alive():
            return
        self.plots = (*self.plots, self._plot())
        if len(self.plots) == len(TITLES):
            self._wait.stop()
            self.plots[1].setXLink(self.plots[0])
            self.refresh_theme()

    def _plot(self) -> Any:
        import pyqtgraph

        plot: Any = pyqtgraph.PlotWidget(self)
        plot.setBackground(current_theme()["base"])
        plot.setMinimumHeight(HEIGHT)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.getAxis("left").setWidth(46)
        plot.getAxis("bottom").setHeight(22)
        self._column.addWidget(plot)
        return plot

    def _draw(self) -> None:
        if len(self.plots) < len(TITLES):
            return
        theme, points = current_theme(), self.track.points
        steps = [point.step for point in points]
        columns = (
            [math.nan if point.loss is None or point.loss <= 0 else point.loss for point in points],
            [math.nan if point.psnr is None else point.psnr for point in points],
        )
        for plot, values, colour in zip(self.plots, columns, ("warm", "accent"), strict=True):
            plot.clear()
            plot.plot(steps, values, pen={"color": theme[colour], "width": 2}, connect="finite")
            at = 0
            for stage in self.track.stages[:-1]:
                at += stage.steps
                if at:
                    plot.addLine(x=at, pen={"color": theme["line"], "width": 1})


def _load() -> None:
    import pyqtgraph  # noqa: F401 (that it is there is all that is wanted)
