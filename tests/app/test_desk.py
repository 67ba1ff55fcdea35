"""Keys that can be changed and never clash, the palette, preferences, the doctor, the log."""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QTextBrowser
from pytestqt.qtbot import QtBot

from app.actions import COMMANDS
from app.main_window import MainWindow
from app.panels.doctor import DoctorDialog
from app.panels.log import LogPanel
from app.panels.palette import Palette, match, ranked
from app.panels.preferences import Preferences
from app.settings import load_settings
from app.shortcuts import clashes, effective, rivals, with_keys
from app.view_state import REFERENCE
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key, type_in


def test_the_tables_own_keys_are_no_change() -> None:
    changed = with_keys({}, "play", ("Ctrl+P",))
    assert effective(changed)["play"] == ("Ctrl+P",)
    assert with_keys(changed, "play", ("Space",)) == {}
    assert effective({"play": ("nonsense key",)})["play"] == ()


def test_clashes_heed_scopes() -> None:
    assert rivals({"play": ("Ctrl+O",)}, "play") == ["open"]
    assert clashes({"play": ("Ctrl+O",)}) == {"play": ["open"], "open": ["play"]}
    assert "star" in rivals({"play": ("S",)}, "play")
    assert rivals({"drop_frames": ("S",)}, "drop_frames") == []


def preferences(window: MainWindow) -> Preferences:
    window.commands["preferences"].trigger()
    dialog = window.findChild(Preferences)
    assert dialog is not None
    return dialog


def test_a_key_is_changed_and_remembered(qtbot: QtBot, window: MainWindow, open_window: OpenWindow) -> None:
    dialog = preferences(window)
    editor = dialog.keys
    editor.pick("reset_view")
    editor.edit.setKeySequence("Ctrl+O")
    assert not editor.give.isEnabled()
    assert "Open project" in editor.verdict.text()
    editor.edit.setKeySequence("Ctrl+H")
    editor.give.click()
    dialog.close()
    window.view.turn(0.3, 0.0)
    key(window, Qt.Key.Key_F, shift=True)
    assert window.view.station != REFERENCE
    key(window, Qt.Key.Key_H, control=True)
    assert window.view.station == REFERENCE
    assert "Ctrl+H" in window.commands["reset_view"].toolTip()
    assert load_settings(window.desk.path).keys == {"reset_view": ("Ctrl+H",)}
    again = open_window()
    assert again.commands["reset_view"].shortcut().toString() == "Ctrl+H"


def test_a_default_that_was_given_away_does_not_come_back_by_itself(qtbot: QtBot, window: MainWindow) -> None:
    dialog = preferences(window)
    editor = dialog.keys
    editor.pick("reset_view")
    editor.take.click()
    editor.pick("about")
    editor.edit.setKeySequence("Shift+F")
    editor.give.click()
    editor.pick("reset_view")
    editor.reset.click()
    assert "belong to About" in editor.verdict.text()
    assert window.desk.settings.keys == {"reset_view": (), "about": ("Shift+F",)}
    dialog.close()


def test_preferences_change_the_look_at_once(qtbot: QtBot, window: MainWindow) -> None:
    dialog = preferences(window)
    dialog.theme.setFocus()
    key(dialog.theme, Qt.Key.Key_End)
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    assert window.desk.settings.theme == "light"
    dialog.close()


def test_the_palette_finds_and_does(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    palette = window.findChild(Palette)
    assert palette is not None
    palette.activateWindow()
    qtbot.waitUntil(palette.isActiveWindow)
    type_in(palette.field, "rese vi")
    key(palette.field, Qt.Key.Key_Down)
    key(palette.field, Qt.Key.Key_Up)
    window.view.turn(0.3, 0.0)
    key(palette.field, Qt.Key.Key_Return)
    assert window.view.station == REFERENCE


def test_the_palette_ranks_the_tightest_match_first() -> None:
    words = {"a": "Play / pause", "b": "Use as freeze-time", "c": "Preferences", "d": "Export film"}
    assert ranked("pref", words)[0] == "c"
    assert ranked("uft", words) == ["b"]
    assert ranked("zzz", words) == []
    assert len(ranked("", words)) == 4
    assert match("play", "Play / pause") == (0, 0)


def test_the_doctor_is_asked_and_can_be_copied(qtbot: QtBot, window: MainWindow) -> None:
    window.commands["doctor"].trigger()
    dialog = window.findChild(DoctorDialog)
    assert dialog is not None
    dialog.show_findings([
        {"name": "python", "state": "good", "text": "3.11"}, {"name": "torch", "state": "bad", "text": "not here"},
    ])  # fmt: skip
    assert "1 thing" in dialog.lead.text()
    click(dialog.copy)
    assert "torch\tnot here" in QGuiApplication.clipboard().text()
    QGuiApplication.clipboard().clear()
    dialog.close()


def test_all_keys_are_told_on_a_page_that_scrolls(window: MainWindow) -> None:
    window.commands["keys"].trigger()
    dialog = window.findChild(QDialog, "lengthy")
    assert dialog is not None
    page = dialog.findChild(QTextBrowser)
    assert page is not None
    words = page.toPlainText()
    told = effective({})
    assert [row.name for row in COMMANDS if ", ".join(told[row.name]) not in words] == []
    assert page.verticalScrollBar().maximum() > 0


def test_the_log_panel_shows_what_is_logged(qtbot: QtBot, window: MainWindow) -> None:
    logging.getLogger("splatime.test").warning("the lamp flickers")
    panel = window.findChild(LogPanel)
    assert panel is not None
    qtbot.waitUntil(lambda: "the lamp flickers" in panel.toPlainText(), timeout=5000)
