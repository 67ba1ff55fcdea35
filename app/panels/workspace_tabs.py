"""The row of workspace buttons at the right of the menu bar."""

from __future__ import annotations

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.panels.transport import ActionButton


class WorkspaceTabs(QWidget):
    """One button a workspace, in the order in which the work goes."""

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        group = QActionGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 8, 2)
        row.setSpacing(2)
        for action in actions:
            group.addAction(action)
            button = ActionButton(action, self)
            button.setObjectName("workspace")
            row.addWidget(button)
