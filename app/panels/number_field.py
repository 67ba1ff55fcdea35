"""Fields for numbers that take digits at once: all of the text is selected when the field is entered.

Qt does that for the Tab key only, and lets nobody type into the words that stand for the least value.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

PASSING = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The focus only comes back, and what was being typed is to go on."""

MARGIN = 7
"""px between the frame and the number, as in other fields."""


def _enter(box: QAbstractSpinBox, event: QFocusEvent) -> None:
    """Select all, after a click has set its cursor."""
    if event.reason() not in PASSING:
        QTimer.singleShot(0, box, box.selectAll)


def _begin(box: QAbstractSpinBox, event: QKeyEvent) -> None:
    """Whoever types a number means it in the place of the words, not beside them."""
    words = box.specialValueText()
    if words and box.text() == words and event.text().isprintable() and event.text():
        box.selectAll()


def _set_in(box: QAbstractSpinBox) -> None:
    """Keep the text off the edge: a style sheet's padding moves it up and down only once the arrows are gone."""
    box.lineEdit().setTextMargins(MARGIN, 0, MARGIN, 0)


class WholeField(QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        super().__init__()
        _set_in(self)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        super().focusInEvent(event)
        _enter(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        _begin(self, event)
        super().keyPressEvent(event)


class RealField(QDoubleSpinBox):
    """A number with decimals."""

    def __init__(self) -> None:
        super().__init__()
        _set_in(self)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        super().focusInEvent(event)
        _enter(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        _begin(self, event)
        super().keyPressEvent(event)
