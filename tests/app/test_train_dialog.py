"""Training the pixel model by clicks: it really trains, a toy, and goes on from where it stopped."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.train_dialog import TrainDialog
from pipeline.cli.parser import build_parser
from tests.app.hands import click


@pytest.fixture
def dialog(window: MainWindow, tmp_path: Path) -> TrainDialog:
    window.commands["train_model"].trigger()
    found = window.findChild(TrainDialog)
    assert found is not None
    found.page.folder.setText(str(tmp_path / "model"))
    found.page.model.setCurrentText("Toy: to try")
    found.page.workers.setValue(0)
    found.page.device.setCurrentText("CPU")
    return found


def test_a_toy_is_trained_stopped_and_gone_on_with(qtbot: QtBot, dialog: TrainDialog, tmp_path: Path) -> None:
    page = dialog.page
    assert "--resume" not in page.words()
    click(page.start)
    assert not page.start.isEnabled() and not page.folder.isEnabled() and dialog.leave.text() == "Stop"
    qtbot.waitUntil(lambda: page.says.text().startswith("Step "), timeout=120_000)
    assert page.bar.isVisible() and page.bar.maximum() == 60 * page.minutes.value()
    click(dialog.leave)
    assert not dialog.leave.isEnabled()
    qtbot.waitUntil(lambda: not page.runner.running, timeout=120_000)
    assert (tmp_path / "model" / "base.safetensors").is_file() and "weights lie in" in page.says.text()
    assert page.start.isEnabled() and dialog.leave.text() == "Close" and not page.bar.isVisible()
    page.judge()
    assert "--resume" in page.words() and "goes on from there" in page.says.text()
    click(dialog.leave)
    assert not dialog.isVisible()


def test_closing_it_stops_first(
    qtbot: QtBot, dialog: TrainDialog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ncat > /dev/null\nexit 130\n")  # until its standard input ends
    program.chmod(0o755)
    monkeypatch.setattr("app.job_runner.python", lambda: str(program))
    click(dialog.page.start)
    runner = dialog.page.runner
    with qtbot.waitSignal(dialog.finished, timeout=20_000):
        dialog.reject()
        assert dialog.isVisible() and runner.running, "it waits for the end"


def test_the_command_line_says_the_same_and_a_missing_folder_is_the_reason(dialog: TrainDialog, tmp_path: Path) -> None:
    page = dialog.page
    click(page.copy)
    words = shlex.split(QGuiApplication.clipboard().text())
    args = build_parser().parse_args(words[1:])
    assert (args.verb, args.out, args.config, args.stage) == ("train-prior", tmp_path / "model", "toy", "base")
    assert (args.minutes, args.workers, args.device, args.resume) == (120, 0, "cpu", False)
    page.folder.clear()
    assert not page.start.isEnabled() and page.start.toolTip() == page.says.text() == "Choose a folder for it."
