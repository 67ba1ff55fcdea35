"""Labels of forms stand at the middle of their fields, and at the first row of a field that has several."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.panels.form import Form
from app.panels.path_row import path_row


def test_labels_stand_at_the_middle_of_fields_of_one_row(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    form, line, text = Form(holder), QLineEdit(), QPlainTextEdit()
    folder = path_row(QLineEdit(), print, "Choose")
    folder.setMinimumHeight(40)
    form.row("&Line", line)
    form.row("&Text", text)
    form.insert(1, "&Folder", folder)
    holder.resize(400, 300)
    holder.show()
    qtbot.waitExposed(holder)

    def label(field: QWidget) -> QLabel:
        found = form.labelForField(field)
        assert isinstance(found, QLabel)
        return found

    for field in (line, folder):
        assert abs(label(field).geometry().center().y() - field.geometry().center().y()) <= 1
    assert label(text).geometry().bottom() < text.geometry().center().y()
    assert [label(field).text() for field in (line, folder, text)] == ["&Line", "&Folder", "&Text"]


def test_rows_keep_together_in_a_dialog_that_is_higher(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    column, form = QVBoxLayout(holder), Form()
    column.addLayout(form)
    column.addStretch()
    for field in (path_row(QLineEdit(), print, "Choose"), QLineEdit()):
        form.row("&Name", field)
    holder.resize(400, 600)
    holder.show()
    qtbot.waitExposed(holder)
    assert form.geometry().height() == form.sizeHint().height()
