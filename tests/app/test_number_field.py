"""Typing a number where a word stands for the least value, by the mouse and by the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.panels.number_field import RealField, WholeField
from tests.app.hands import click, type_in


@pytest.mark.parametrize("make", [WholeField, RealField])
def test_a_digit_takes_the_place_of_the_word(qtbot: QtBot, make: type[WholeField] | type[RealField]) -> None:
    box = make()
    box.setSpecialValueText("Automatic")
    qtbot.addWidget(box)
    box.show()
    line = box.lineEdit()
    click(line)
    type_in(line, "7")
    assert box.value() == 7
    click(line)
    QTest.keyClick(line, Qt.Key.Key_End)
    type_in(line, "2")
    assert box.value() != 2, "a number is gone on with, not replaced"
