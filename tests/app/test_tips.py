"""Every button of every workspace and dialog says what it does, and with which key where it has one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QDialog, QMessageBox, QPushButton, QTabWidget, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.actions import WORKSPACE_OF
from app.dialogs import ask, ask_leaving, ask_recovery
from app.main_window import MainWindow
from app.measuring import MeasureDialog
from app.panels.doctor import DoctorDialog
from app.panels.export_dialog import ExportDialog
from app.panels.fetch_dialog import FetchDialog
from app.panels.lift_dialog import LiftDialog
from app.panels.preferences import Preferences
from app.panels.train_dialog import TrainDialog
from tests.app.conftest import OpenWindow
from tests.app.takes import project_of_takes, write_run

QTS_OWN = ("qt_", "ScrollLeftButton", "ScrollRightButton")


def buttons(place: QWidget) -> list[QAbstractButton]:
    """Those that are seen; Qt's own, such as a dock's or a tab bar's, have no words of ours."""
    found = [button for button in place.findChildren(QAbstractButton) if button.isVisible()]
    return [button for button in found if not button.objectName().startswith(QTS_OWN)]


def silent(place: QWidget) -> list[str]:
    """What is wrong with the buttons of a place, each in words."""
    faults = []
    for button in buttons(place):
        name = button.text() or button.accessibleName() or button.objectName() or type(button).__name__
        if not button.toolTip():
            faults.append(f"{name}: no tip")
        action = button.defaultAction() if isinstance(button, QToolButton) else None
        faults += keyless(name, button, action)
    return faults


def keyless(name: str, button: QAbstractButton, action: QAction | None) -> list[str]:
    """A button of a command that can be given says the command's key."""
    key = "" if action is None else action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return [f"{name}: no {key}"] if key and button.isEnabled() and f"({key})" not in button.toolTip() else []


@pytest.fixture
def studio(open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    project_of_takes(tmp_path / "p")
    write_run(tmp_path / "p")
    window = open_window()
    window.resize(1280, 800)
    window.open_project(tmp_path / "p")
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=10_000)
    return window


def test_the_audit_can_fail(qtbot: QtBot) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    told, bare = QToolButton(place), QPushButton("Mute", place)
    action = QAction("Do", place)
    action.setShortcut("Ctrl+K")
    told.setDefaultAction(action)
    told.setToolTip("Do it")
    place.show()
    assert silent(place) == ["Do: no Ctrl+K", "Mute: no tip"]
    told.setToolTip("Do it (Ctrl+K)")
    bare.setToolTip("Say nothing")
    assert silent(place) == []


@pytest.mark.parametrize("name", WORKSPACE_OF)
def test_in_every_workspace(studio: MainWindow, name: str) -> None:
    studio.commands[name].trigger()
    for dock in ("generate", "jobs", "log"):
        studio.workspaces.dock(dock).show()
    assert len(buttons(studio)) > 15
    assert silent(studio) == []


def test_on_the_first_screen(open_window: OpenWindow) -> None:
    window = open_window()
    assert len(buttons(window)) >= 3 and silent(window) == []


@pytest.mark.parametrize(
    ("command", "kind"),
    [("lift", LiftDialog), ("export", ExportDialog), ("preferences", Preferences), ("measure", MeasureDialog),
     ("doctor", DoctorDialog), ("fetch_model", FetchDialog), ("train_model", TrainDialog), ("about", QMessageBox),
     ("keys", QDialog)],
)  # fmt: skip
def test_in_every_dialog(qtbot: QtBot, studio: MainWindow, command: str, kind: type[QDialog]) -> None:
    studio.commands[command].trigger()
    dialog = next(box for box in studio.findChildren(kind) if box.isVisible())
    assert buttons(dialog)
    assert every_page(dialog, silent) == []
    assert dialog.width() <= 1280 and dialog.height() <= 720, "it is to fit on a small screen"
    dialog.reject()


@pytest.mark.parametrize(
    "make",
    [lambda place: ask(place, "Throw", "Throw it away?", "Throw", "Keep"), lambda place: ask_leaving(place, list),
     lambda place: ask_recovery(place, ["a trim"], bool)],
)  # fmt: skip
def test_in_every_question(studio: MainWindow, make: Callable[[QWidget], QMessageBox]) -> None:
    box = make(studio)
    tips = [button.toolTip() for button in box.buttons()]
    assert all(tips) and sum("Return" in tip for tip in tips) == 1 and sum("Esc" in tip for tip in tips) == 1
    box.reject()


def every_page(dialog: QDialog, look: Callable[[QWidget], list[str]]) -> list[str]:
    tabs = dialog.findChild(QTabWidget)
    if tabs is None:
        return look(dialog)
    found: list[str] = []
    for page in range(tabs.count()):
        tabs.setCurrentIndex(page)
        found += look(dialog)
    return found
