"""Push buttons of commands: they trigger the action, and follow what it allows and says."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton


def push_button(action: QAction, words: str, name: str = "") -> QPushButton:
    """A button with its own words; `name` is the style's, such as "primary"."""
    button = QPushButton(words)
    if name:
        button.setObjectName(name)
    button.clicked.connect(action.trigger)

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    action.changed.connect(follow)
    follow()
    return button
