"""A fault of ours is told once, with its details, and the window lives on."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.errors import FaultDialog, install
from tests.app.conftest import OpenWindow


def test_a_fault_is_told_with_its_details_one_at_a_time(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    heard: list[BaseException] = []
    hook = FaultDialog(window, lambda _kind, fault, _trace: heard.append(fault))
    for number in range(3):
        try:
            raise ValueError(f"number {number}")
        except ValueError as fault:
            hook(ValueError, fault, fault.__traceback__)
    boxes = window.findChildren(QMessageBox, "fault")
    assert len(boxes) == 1
    assert "number 0" in boxes[0].detailedText()
    assert "Splatime" in boxes[0].text()
    assert len(heard) == 3
    boxes[0].accept()
    hook(KeyboardInterrupt, KeyboardInterrupt(), None)
    hook(ValueError, ValueError("later"), None)
    assert [box for box in window.findChildren(QMessageBox, "fault") if box.isVisible()]


def test_install_can_be_undone(qtbot: QtBot, open_window: OpenWindow) -> None:
    before = sys.excepthook
    undo = install(open_window())
    assert isinstance(sys.excepthook, FaultDialog)
    undo()
    assert sys.excepthook is before
