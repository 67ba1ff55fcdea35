"""Fields of numbers: the text stands where that of other fields does, and a digit typed into a word takes its place."""

from __future__ import annotations

from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLineEdit, QSpinBox

INSET = 7
"""px to the left and right of the text: the style sheet's padding does not reach into a spin box."""


class WholeField(QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        super().__init__()
        self.setLineEdit(_Text())


class RealField(QDoubleSpinBox):
    """A real number."""

    def __init__(self) -> None:
        super().__init__()
        self.setLineEdit(_Text())


class _Text(QLineEdit):
    """Selects a word that stands for the least value ("Automatic") when it is clicked into: no digit fits inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextMargins(INSET, 0, INSET, 0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        """The press has placed the cursor."""
        super().mouseReleaseEvent(event)
        box = self.parent()
        if isinstance(box, QAbstractSpinBox) and self.text() == box.specialValueText():
            self.selectAll()
