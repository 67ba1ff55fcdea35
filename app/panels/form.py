"""A form whose labels stand at the middle of their fields; Qt puts them near the top of a field that is higher."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLayout, QSizePolicy, QWidget

TALL = 48
"""Logical px from which a field has rows of its own, and its label stands at the first one."""


class Form(QFormLayout):
    """Rows are added by `row` and `insert`."""

    def __init__(self, parent: QWidget | None = None, gaps: tuple[int, int] = (14, 8)) -> None:
        """`gaps` between label and field and between rows, logical px."""
        super().__init__(parent) if parent is not None else super().__init__()
        self.setHorizontalSpacing(gaps[0])
        self.setVerticalSpacing(gaps[1])

    def row(self, label: str | QWidget, field: QWidget | QLayout) -> None:
        """One more row at the end."""
        self.insert(self.rowCount(), label, field)

    def insert(self, at: int, label: str | QWidget, field: QWidget | QLayout) -> None:
        """A row above row `at`."""
        self.insertRow(at, label, field)
        item = self.itemAt(at, QFormLayout.ItemRole.LabelRole)
        words = None if item is None else item.widget()
        if words is not None and field.sizeHint().height() < TALL:
            words.setSizePolicy(words.sizePolicy().horizontalPolicy(), QSizePolicy.Policy.Expanding)

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802 (Qt's name)
        """Down only where a field grows: labels that fill their row must not pull the rows apart."""
        fields = (self.itemAt(row, QFormLayout.ItemRole.FieldRole) for row in range(self.rowCount()))
        grows = any(item is not None and item.expandingDirections() & Qt.Orientation.Vertical for item in fields)
        return Qt.Orientation.Horizontal | Qt.Orientation.Vertical if grows else Qt.Orientation.Horizontal
