"""Widgets over each other without gaps, as the middle of the window and its docks hold them."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget


def column(*widgets: QWidget, tall: QWidget) -> QWidget:
    """A widget that holds `widgets`; the one that is `tall` takes the room."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget, 1 if widget is tall else 0)
    return holder
