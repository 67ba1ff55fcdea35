"""Fields for numbers, entered by Tab, by a plain focus and by a click: digits take the place of what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.panels.number_field import RealField, WholeField
from tests.app.hands import click, type_in


class Form(QWidget):
    """A line to begin in and two numbers that may be left out."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.whole, self.real = QLineEdit(), WholeField(), RealField()
        column = QVBoxLayout(self)
        for field in (self.line, self.whole, self.real):
            column.addWidget(field)
        for number in (self.whole, self.real):
            number.setSpecialValueText("Automatic")


@pytest.fixture
def form(qtbot: QtBot) -> Form:
    made = Form()
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitActive(made)
    made.line.setFocus()
    return made


def enter(field: WholeField | RealField, how: str) -> None:
    if how == "click":
        click(field.lineEdit(), QPoint(20, 8))
    else:
        field.setFocus(Qt.FocusReason.TabFocusReason if how == "tab" else Qt.FocusReason.OtherFocusReason)
    QApplication.processEvents()


@pytest.mark.parametrize("how", ["tab", "focus", "click"])
@pytest.mark.parametrize("start", [0, 12])
def test_digits_take_the_place_of_what_stands_there(form: Form, how: str, start: int) -> None:
    for field in (form.whole, form.real):
        field.setValue(start)
        enter(field, how)
        type_in(field, "37")
        assert field.value() == 37


def test_digits_replace_the_words_even_where_the_cursor_stands_among_them(form: Form) -> None:
    enter(form.whole, "focus")
    form.whole.lineEdit().setCursorPosition(3)
    type_in(form.whole, "5")
    type_in(form.whole, "6")
    assert form.whole.value() == 56
    form.whole.lineEdit().setCursorPosition(1)
    QTest.keyClick(form.whole, Qt.Key.Key_Delete)
    assert form.whole.value() == 5, "a number is written on as ever"


def test_no_other_fields_for_numbers_are_made(root: Path) -> None:
    places = [path for path in (root / "app").rglob("*.py") if path.name != "number_field.py"]
    assert len(places) > 50
    assert not [path.name for path in places if "SpinBox()" in path.read_text(encoding="utf-8")]
