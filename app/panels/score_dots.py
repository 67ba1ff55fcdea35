"""An answer from one to five as dots: a click, or a digit while it has the focus; the same again takes it back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.theme import current_theme
from pipeline.project.curated import BEST

STEP, RADIUS = 20, 6.0
DIGITS = {Qt.Key(int(Qt.Key.Key_0) + value): value for value in range(BEST + 1)}


class ScoreDots(QWidget):
    """Shows a score; `score_requested(int)` is a wish, 0 for none."""

    score_requested = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}: 1 poor, {BEST} excellent (keys 1 to {BEST}, 0 takes the answer back)")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(BEST * STEP + 4, 22)
        self._score = 0

    def show_score(self, score: int) -> None:
        """Fill so many dots."""
        self._score = score
        self.setAccessibleDescription(f"{score} of {BEST}" if score else "not answered")
        self.update()

    def centre(self, value: int) -> QPointF:
        """Where the dot of a value is."""
        return QPointF(2 + (value - 0.5) * STEP, 0.5 * self.height())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return self.size()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for value in range(1, BEST + 1):
            filled = value <= self._score
            ink = theme.colour("warm" if filled else "faint")
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(ink if filled else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.centre(value), RADIUS, RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("focus"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is Qt.MouseButton.LeftButton:
            value = max(1, min(BEST, int(event.position().x() // STEP) + 1))
            self.score_requested.emit(0 if value == self._score else value)

    def event(self, event: QEvent) -> bool:
        # Digits are the window's keys elsewhere.
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in DIGITS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in DIGITS:
            self.score_requested.emit(DIGITS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)
