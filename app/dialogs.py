"""Message boxes that look like ours: no desktop icons on their buttons, never blocking, gone when closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

LEAVING = {
    QDialogButtonBox.StandardButton.Close: "Close this dialog (Esc)",
    QDialogButtonBox.StandardButton.Cancel: "Close this dialog and change nothing (Esc)",
}


def tell(parent: QWidget, title: str, text: str, warning: bool = False) -> QMessageBox:
    """Show a text with an OK button and return at once."""
    kind = QMessageBox.Icon.Warning if warning else QMessageBox.Icon.NoIcon
    box = QMessageBox(kind, title, text, QMessageBox.StandardButton.Ok, parent)
    return _shown(box)


def tell_at_length(parent: QWidget, title: str, text: str) -> QDialog:
    """Show a rich text that may be longer than the screen, and return at once."""
    dialog, page, column = QDialog(parent), QTextBrowser(), QVBoxLayout()
    dialog.setObjectName("lengthy")
    dialog.setWindowTitle(title)
    dialog.resize(660, 600)
    page.setHtml(text)
    page.setAccessibleName(title)
    buttons = plain(QDialogButtonBox(QDialogButtonBox.StandardButton.Close))
    buttons.rejected.connect(dialog.reject)
    column.setContentsMargins(16, 16, 16, 12)
    column.addWidget(page, 1)
    column.addWidget(buttons)
    dialog.setLayout(column)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    page.setFocus()
    return dialog


def ask_recovery(parent: QWidget, told: list[str], decide: Callable[[bool], object]) -> QMessageBox:
    """Ask whether unsaved edits are to come back, listing what they change; `decide` is told once."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "Splatime", "", QMessageBox.StandardButton.NoButton, parent)
    box.setObjectName("recovery")
    box.setText("Splatime was ended before it could save this project. These edits were not saved:")
    box.setInformativeText("\n".join(f"• {words}" for words in told))
    restore = box.addButton("Bring them back", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Leave them out", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(restore)
    box.buttonClicked.connect(lambda button: decide(button is restore))
    return _shown(box)


def ask_leaving(parent: QWidget, leave: Callable[[], object]) -> QMessageBox:
    """Say that the last edits are not on disk; `leave` is called when they are to be lost."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Splatime", "", QMessageBox.StandardButton.NoButton, parent)
    box.setObjectName("leaving")
    box.setText("The last edits could not be saved. Free some space or reconnect the disk, and close again.")
    stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    lose = box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(stay)
    box.buttonClicked.connect(lambda button: leave() if button is lose else None)
    return _shown(box)


def ask(parent: QWidget, title: str, text: str, yes: str, no: str) -> QMessageBox:
    """Ask before something that can't be undone; returns at once, `accepted` is the yes."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.NoButton, parent)
    box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    return _shown(box)


def plain(box: QDialogButtonBox) -> QDialogButtonBox:
    """The same buttons without the desktop's icons; those that only close say so, with their key."""
    for button in box.buttons():
        button.setIcon(QIcon())
        kind = box.standardButton(button)
        if kind in LEAVING and not button.toolTip():
            button.setToolTip(LEAVING[kind])
    return box


def _shown(box: QMessageBox) -> QMessageBox:
    """Open a box; its buttons say which key presses them."""
    reject = QMessageBox.ButtonRole.RejectRole
    for button in box.buttons():
        button.setIcon(QIcon())
        keys = ["Return"] if button is box.defaultButton() or len(box.buttons()) == 1 else []
        keys += ["Esc"] if box.buttonRole(button) == reject or len(box.buttons()) == 1 else []
        words = button.text().replace("&", "")
        button.setToolTip(f"{words} ({', '.join(keys)})" if keys else words)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
