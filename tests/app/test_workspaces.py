"""Workspaces keep their layouts apart, come back, and forget what no longer fits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMainWindow, QToolButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import load_settings
from app.workspaces import BOTTOM, LEFT, RIGHT, Panel, Workspaces
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key


def studio(
    qtbot: QtBot, remembered: Mapping[str, str] | None = None, more: bool = False
) -> tuple[QMainWindow, Workspaces]:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(QLabel("middle"))
    spaces = Workspaces(window, remembered or {}, "curate")
    spaces.add(Panel("takes", "Takes", QLabel("takes"), LEFT, ("curate",), size=300))
    spaces.add(Panel("strip", "Filmstrip", QLabel("strip"), BOTTOM, ("curate", "lift"), size=150))
    spaces.add(Panel("settings", "Lift", QLabel("lift"), RIGHT, ("lift",), size=280))
    spaces.add(Panel("jobs", "Jobs", QLabel("jobs"), RIGHT, ("lift",), tabbed_with="settings"))
    if more:
        spaces.add(Panel("newer", "Newer", QLabel("newer"), RIGHT, ("curate",)))
    window.resize(1200, 800)
    window.show()
    qtbot.waitExposed(window)
    spaces.bring_out()
    return window, spaces


def shown(spaces: Workspaces) -> set[str]:
    return {name for name in ("takes", "strip", "settings", "jobs") if not spaces.dock(name).isHidden()}


def test_each_workspace_shows_its_panels(qtbot: QtBot) -> None:
    window, spaces = studio(qtbot)
    assert shown(spaces) == {"takes", "strip"}
    qtbot.waitUntil(lambda: spaces.dock("takes").width() == 300)
    assert spaces.dock("strip").height() == 150
    spaces.go_to("lift")
    assert shown(spaces) == {"strip", "settings", "jobs"}
    assert window.tabifiedDockWidgets(spaces.dock("settings")) == [spaces.dock("jobs")]
    spaces.go_to("poses")
    assert shown(spaces) == set()


def test_what_was_moved_comes_back_and_reset_forgets_it(qtbot: QtBot) -> None:
    window, spaces = studio(qtbot)
    window.addDockWidget(RIGHT, spaces.dock("takes"))
    spaces.go_to("lift")
    spaces.dock("jobs").close()
    spaces.go_to("curate")
    assert window.dockWidgetArea(spaces.dock("takes")) is RIGHT
    spaces.go_to("lift")
    assert shown(spaces) == {"strip", "settings"}
    spaces.reset()
    assert shown(spaces) == {"strip", "settings", "jobs"}
    spaces.go_to("curate")
    spaces.reset()
    assert window.dockWidgetArea(spaces.dock("takes")) is LEFT


def test_layouts_survive_a_restart_of_the_same_panels_only(qtbot: QtBot) -> None:
    window, spaces = studio(qtbot)
    window.addDockWidget(RIGHT, spaces.dock("takes"))
    remembered = spaces.layouts()
    again, spaces = studio(qtbot, remembered)
    assert again.dockWidgetArea(spaces.dock("takes")) is RIGHT
    newer, spaces = studio(qtbot, remembered, more=True)
    assert newer.dockWidgetArea(spaces.dock("takes")) is LEFT


@pytest.mark.parametrize("text", ["", "zz", "00ff00ff", "ff" * 300])
def test_a_damaged_layout_is_the_built_in_one(qtbot: QtBot, text: str) -> None:
    _window, spaces = studio(qtbot, {"curate": text})
    assert shown(spaces) == {"takes", "strip"}


def test_without_a_project_nothing_stands_around(qtbot: QtBot) -> None:
    window, spaces = studio(qtbot)
    window.addDockWidget(RIGHT, spaces.dock("takes"))
    spaces.put_away()
    assert shown(spaces) == set()
    assert not any(action.isEnabled() for action in spaces.toggles())
    spaces.bring_out()
    assert shown(spaces) == {"takes", "strip"}
    assert window.dockWidgetArea(spaces.dock("takes")) is RIGHT


def test_wrong_panels_are_our_own_faults(qtbot: QtBot) -> None:
    _window, spaces = studio(qtbot)
    with pytest.raises(ValueError, match="already"):
        spaces.add(Panel("takes", "Takes", QLabel(), LEFT))
    with pytest.raises(ValueError, match="workspaces are"):
        Panel("x", "X", QLabel(), LEFT, ("paint",))


def test_the_window_goes_from_workspace_to_workspace_and_remembers(
    qtbot: QtBot, window: MainWindow, open_window: OpenWindow
) -> None:
    buttons = {b.text(): b for b in window.tabs.findChildren(QToolButton)}
    assert [b for b, button in buttons.items() if button.isChecked()] == ["Lift"]
    click(buttons["Shot"])
    assert window.workspaces.current == "shot"
    key(window, Qt.Key.Key_1, control=True)
    assert window.workspaces.current == "curate"
    assert buttons["Curate"].isChecked()
    window.workspaces.dock("log").toggleViewAction().trigger()
    assert window.workspaces.dock("log").isVisible()
    window.close()
    kept = load_settings(window.desk.path)
    assert kept.workspace == "curate"
    assert set(kept.layouts) >= {"curate", "lift"}


def test_the_first_screen_has_no_workspaces(open_window: OpenWindow) -> None:
    window = open_window()
    assert not window.tabs.isVisible()
    assert not window.commands["curate"].isEnabled()
