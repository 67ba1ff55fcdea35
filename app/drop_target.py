"""Takes drags over a window: says while something that it takes hovers, and what was dropped."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from app.drops import read_drop


class DropTarget(QObject):
    """`hovered(bool)`; `dropped(Drop)`, never an empty one."""

    hovered = Signal(bool)
    dropped = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        kind = event.type()
        if kind is QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            if not read_drop(event.mimeData()).empty:
                event.acceptProposedAction()
                self.hovered.emit(True)
            return True
        if kind is QEvent.Type.DragLeave:
            self.hovered.emit(False)
        elif kind is QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.hovered.emit(False)
            drop = read_drop(event.mimeData())
            if not drop.empty:
                event.acceptProposedAction()
                self.dropped.emit(drop)
            return True
        return False
