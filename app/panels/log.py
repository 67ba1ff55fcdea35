"""The log panel: lines, newest at the bottom, to read and to copy."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.log_lines import KEPT, LogLines


class LogPanel(QPlainTextEdit):
    """Shows `LogLines`; stays where the person scrolled unless that is the end."""

    def __init__(self, log: LogLines, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log")
        self.setReadOnly(True)
        self.setMaximumBlockCount(KEPT)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setPlaceholderText("What goes wrong, and what jobs say on the side, is told here.")
        self.setAccessibleName("Log")
        for line in log.lines:
            self.appendPlainText(line)
        log.added.connect(self.appendPlainText)
