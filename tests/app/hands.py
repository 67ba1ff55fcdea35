"""Clicks, drags and keys, typed; QTest sends them through Qt's own event queue as a person's would come."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

LEFT = Qt.MouseButton.LeftButton


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """Left click, in the middle by default."""
    QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())


def double_click(widget: QWidget, at: QPoint) -> None:
    QTest.mouseDClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at)


def press(widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, at)


def move(widget: QWidget, to: QPoint) -> None:
    QTest.mouseMove(widget, to)


def release(widget: QWidget, at: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, at)


def key(widget: QWidget, which: Qt.Key, shift: bool = False, control: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    if control:
        modifier |= Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(widget, which, modifier)


def type_in(widget: QWidget, text: str) -> None:
    QTest.keyClicks(widget, text)
