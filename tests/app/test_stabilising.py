"""The shake of a reference take, taken out from the gallery's menu; what the verb writes comes in as a new take."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.gallery import MENU
from app.stabilising import OTHER_KIND
from pipeline.messages import Failed
from tests.app.conftest import OpenWindow
from tests.app.takes import project_of_takes, video


@pytest.fixture
def studio(open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    project_of_takes(tmp_path / "p")
    window = open_window()
    window.open_project(tmp_path / "p")
    window.workspaces.go_to("curate")
    window.curation.review.show(window.document.project.takes[0])
    return window


def program(folder: Path, lines: str) -> str:
    """What stands for Python; `$out` is where the verb is to write."""
    path = folder / "program"
    find = 'for w in "$@"; do case "$w" in --out=*) out="${w#--out=}";; esac; done'
    path.write_text(f'#!/bin/sh\necho "$*" > {folder}/asked\n{find}\n{lines}\n')
    path.chmod(0o755)
    return str(path)


def complaint(window: MainWindow) -> str:
    boxes = [box for box in window.findChildren(QMessageBox, "complaint") if box.isVisible()]
    for box in boxes:
        box.reject()
    return boxes[-1].text() if boxes else ""


def test_what_is_steady_comes_in_as_a_take_of_its_own(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "stabilise" in MENU
    steady = video(tmp_path / "steady.mkv", 7, 2)
    lines = f'cp {shlex.quote(str(steady))} "$out"\necho "{{}}"'
    monkeypatch.setattr("app.verb_process.python", lambda: program(tmp_path, lines))
    before = studio.document.project
    studio.curation.review.set_time(3.0)
    studio.commands["stabilise"].trigger()
    qtbot.waitUntil(lambda: len(studio.document.project.takes) == len(before.takes) + 1, timeout=60_000)
    asked = (tmp_path / "asked").read_text()
    assert before.takes[0].clip.path in asked and "--frame=3" in asked
    take = studio.document.project.takes[-1]
    assert take.request.role == "reference" and take.clip.n_frames == 7 and "stabilised" in take.title
    assert studio.document.project.cut == before.cut, "which one is used stays the person's choice"
    out = Path(next(word for word in asked.split() if word.startswith("--out=")).removeprefix("--out="))
    qtbot.waitUntil(lambda: not out.parent.exists(), timeout=20_000)


def test_what_cannot_be_steadied_is_said(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Failed("It stands still already.").to_json()
    monkeypatch.setattr("app.verb_process.python", lambda: program(tmp_path, f"echo {shlex.quote(line)}; exit 1"))
    studio.commands["stabilise"].trigger()
    qtbot.waitUntil(lambda: complaint(studio) == "It stands still already.", timeout=20_000)
    studio.curation.review.show(studio.document.project.takes[1])
    studio.commands["stabilise"].trigger()
    assert complaint(studio) == OTHER_KIND
