"""A button that folds away what is seldom changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from app.panels.form import Form


class MoreSettings(QToolButton):
    """Rows go into `form`, which is in `rows`; `rows` shows while the button is pressed."""

    def __init__(self, tip: str, name: str) -> None:
        super().__init__()
        self.setText("More settings")
        self.setToolTip(tip)
        self.setAccessibleName(name)
        self.setCheckable(True)
        self.setArrowType(Qt.ArrowType.RightArrow)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.rows = QWidget()
        self.form = Form(self.rows)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.rows.hide()
        self.toggled.connect(self._turn)

    def _turn(self, shown: bool) -> None:
        self.rows.setVisible(shown)
        self.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
