"""Lets a command's keys through text fields: Qt's keep Ctrl+E to themselves, which Emacs has for the line's end."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

KEPT = QKeySequence.StandardKey.MoveToEndOfLine


class _Through(QObject):
    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() is not QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if event.matches(KEPT) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return True
        return False


def let_through(field: QWidget) -> None:
    """Give a field's Ctrl+E to the window's command; End goes to the line's end as ever."""
    through = _Through(field)
    field.installEventFilter(through)
    if isinstance(field, QAbstractSpinBox):
        field.lineEdit().installEventFilter(through)
