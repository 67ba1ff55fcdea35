"""Message boxes that look like ours: no desktop icons on their buttons, never blocking, gone when closed."""

from __future__ import annotations

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox, QWidget


def tell(parent: QWidget, title: str, text: str, warning: bool = False) -> QMessageBox:
    """Show a text with an OK button and return at once."""
    kind = QMessageBox.Icon.Warning if warning else QMessageBox.Icon.NoIcon
    box = QMessageBox(kind, title, text, QMessageBox.StandardButton.Ok, parent)
    for button in box.buttons():
        button.setIcon(QIcon())
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def plain(box: QDialogButtonBox) -> QDialogButtonBox:
    """The same buttons without the desktop's icons."""
    for button in box.buttons():
        button.setIcon(QIcon())
    return box
