"""The take that is being made, above those that are there: its preview plays, a bar tells how far it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.frame_store import Frames, image_of
from app.theme import current_theme
from pipeline.project.strip import load_full
from renderer.errors import Refusal

FPS = 8
PICTURE = QSize(164, 92)


class Arriving(QWidget):
    """Hidden until something is made; `stop` is its button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.picture = _Picture()
        self.words, self.step = QLabel(), QLabel()
        self.words.setWordWrap(True)
        self.step.setObjectName("muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName("Progress of the video")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End this one here; what is finished is kept, and the next job starts")
        told = QVBoxLayout()
        told.setSpacing(4)
        told.addWidget(self.words)
        told.addWidget(self.step)
        told.addWidget(self.bar)
        told.addStretch(1)
        told.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self.picture)
        row.addLayout(told, 1)
        self.hide()

    def show_job(self, words: str, step: str, fraction: float) -> None:
        """What is made, and how far it is, 0 to 1."""
        self.words.setText(words)
        self.step.setText(step)
        self.bar.setValue(round(1000 * fraction))
        self.show()

    def show_preview(self, path: Path) -> None:
        """Play another preview; a file that was replaced or taken away meanwhile is passed over."""
        with contextlib.suppress(Refusal):
            self.picture.play(np.array(load_full(path)))

    def over(self) -> None:
        """Nothing is made any more."""
        self.picture.play(None)
        self.hide()


class _Picture(QWidget):
    """Plays a few small frames round and round while it is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: Frames | None = None
        self._index = 0
        self._clock = QTimer(self, interval=1000 // FPS)
        self._clock.timeout.connect(self._go_on)
        self.setFixedSize(PICTURE)
        self.setAccessibleName("Preview")

    def play(self, frames: Frames | None) -> None:
        """Other frames, from where the old ones are."""
        self.frames = frames
        if frames is None:
            self._index = 0
        self.update()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self._clock.stop()

    def _go_on(self) -> None:
        if self.frames is not None:
            self._index += 1
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter, theme = QPainter(self), current_theme()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme.colour("base"))
        if self.frames is None:
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No picture yet")
        else:
            image = image_of(self.frames[self._index % len(self.frames)])
            size = image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
            painter.drawImage(self.rect().adjusted(left, top, -left, -top), image)
        painter.end()
