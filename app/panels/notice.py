"""What a panel shows when it has nothing to show: what belongs here, and the way to get it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Notice(QWidget):
    """A title, a sentence and at most one button."""

    def __init__(self, title: str, lead: str, way: QAction | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.lead = QLabel(title), QLabel(lead)
        self.title.setObjectName("cardTitle")
        self.lead.setObjectName("muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.addStretch(1)
        for label in (self.title, self.lead):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
        if way is not None:
            button = QPushButton(way.text().replace("&", ""))
            button.setToolTip(way.toolTip())
            button.clicked.connect(way.trigger)
            column.addSpacing(6)
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)

    def show_words(self, title: str, lead: str) -> None:
        """Say something else."""
        self.title.setText(title)
        self.lead.setText(lead)
