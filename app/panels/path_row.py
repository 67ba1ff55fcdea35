"""A line for a path with a button that asks for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

VIDEOS = "Videos (*.mp4 *.mov *.webm *.mkv *.avi *.gif);;All files (*)"


def path_row(field: QLineEdit, ask: Callable[[QLineEdit], object], tip: str) -> QWidget:
    """The field and its button, which calls `ask(field)`; the row's focus is the field's."""
    button = QPushButton("Choose…")
    button.setAutoDefault(False)
    button.setToolTip(tip)
    button.clicked.connect(lambda: ask(field))
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(field, 1)
    row.addWidget(button)
    holder.setFocusProxy(field)
    return holder


def ask_video(field: QLineEdit) -> None:
    """Have a video chosen for the field."""
    name, _ = QFileDialog.getOpenFileName(field, "Choose a video", field.text(), VIDEOS)
    if name:
        field.setText(name)


def ask_folder(field: QLineEdit) -> None:
    """Have a folder chosen for the field."""
    name = QFileDialog.getExistingDirectory(field, "Choose a folder", field.text())
    if name:
        field.setText(name)
