"""From nothing but a prompt to a film, by clicks and keys: two generated videos, a lift, a render."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.viewport_tiles import TilesBackend
from pipeline.jobs import queue as q
from pipeline.project import media
from tests.app.conftest import OpenWindow, clean_qt, open_window, qapp, warm_tiles
from tests.app.hands import click, key, type_in
from tests.journeys.test_studio import export, lift

__all__ = ["clean_qt", "open_window", "qapp", "warm_tiles"]  # fixtures of the window's own tests
PROMPT = "a red ball rolling on grass"
TEXTURED = "an elephant looking around in a workshop"
"""Of this, with seed 3, the shipped weights paint an orbit that cameras can be solved from."""
SLOW = pytest.mark.skipif(os.environ.get("SPLATIME_SLOW") != "1", reason="takes minutes; set SPLATIME_SLOW=1 to run it")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the person says that the new project goes; its lift is one of seconds."""
    folder = tmp_path / "new"
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PROMPTED", str(folder))
    monkeypatch.setattr("app.job_queue.WORKER", ("-P", "-m", "tests.journeys.tiny_lift", "worker", "-"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(folder), ""))
    return folder


def begin(qtbot: QtBot, window: MainWindow, provider: str, prompt: str) -> None:
    """From the first screen to the prompt and the provider."""
    click(next(button for button in window.empty.cards.findChildren(QPushButton) if "prompt" in button.text()))
    panel = window.generating.panel
    qtbot.waitUntil(panel.prompt.hasFocus)
    type_in(panel.prompt, prompt)
    key(panel.provider_box, Qt.Key.Key_Home)
    while panel.provider != provider:
        key(panel.provider_box, Qt.Key.Key_Down)


def ask_for_little(window: MainWindow) -> None:
    """Four frames of 64 x 36."""
    panel = window.generating.panel
    click(panel.video.more)
    panel.video.count.setFocus()
    panel.video.count.selectAll()
    type_in(panel.video.count, "4")
    key(panel.video.count, Qt.Key.Key_Tab)
    size = panel.video.size_box.lineEdit()
    assert size is not None
    size.selectAll()
    type_in(size, "64 x 36")


def generate(qtbot: QtBot, window: MainWindow) -> None:
    """Press the button and wait for the take."""
    click(window.generating.panel.start)
    assert window.generating.jobs.running
    qtbot.waitUntil(lambda: not window.generating.jobs.running, timeout=300_000)
    assert [entry.state for entry in window.generating.jobs.queue.entries if entry.state != q.DONE] == []


@pytest.mark.usefixtures("warm_tiles")
def test_from_nothing_but_a_prompt_to_a_film(qtbot: QtBot, open_window: OpenWindow, home: Path) -> None:
    window = open_window(TilesBackend)
    window.resize(1280, 800)
    begin(qtbot, window, "procedural", PROMPT)
    ask_for_little(window)
    generate(qtbot, window)
    click(window.generating.panel.kinds["freeze_time"])
    assert window.generating.panel.freeze_prompt.toPlainText().startswith("Camera circulating around a red ball")
    generate(qtbot, window)
    cut = lambda: window.document.project.cut  # noqa: E731
    qtbot.waitUntil(lambda: cut().canonical_freeze_frame is not None, timeout=60_000)
    reference, freeze = window.document.project.takes
    assert (cut().reference, cut().freeze_time, cut().prompt) == (reference.id, freeze.id, PROMPT)
    assert reference.clip.size == freeze.clip.size == (36, 64)
    assert reference.clip.n_frames == freeze.clip.n_frames == 4
    lift(qtbot, window)
    assert len(window.document.project.runs) == 1
    film = export(qtbot, window)
    assert film.is_relative_to(home) and media.probe(film).n_frames == 4
    window.close()


@SLOW
@pytest.mark.usefixtures("warm_tiles")
def test_the_pixel_model_goes_all_the_way_too(
    qtbot: QtBot, open_window: OpenWindow, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its videos at their own size and length, cameras solved from what it painted; only the lift is short."""
    monkeypatch.setenv("SOLVED", "1")
    window = open_window(TilesBackend)
    window.resize(1280, 800)
    begin(qtbot, window, "pixel", TEXTURED)
    window.generating.panel.seed.setFocus()
    window.generating.panel.seed.selectAll()
    type_in(window.generating.panel.seed, "3")
    generate(qtbot, window)
    click(window.generating.panel.kinds["freeze_time"])
    generate(qtbot, window)
    qtbot.waitUntil(lambda: window.document.project.cut.canonical_freeze_frame is not None, timeout=60_000)
    reference, freeze = window.document.project.takes
    assert reference.clip.n_frames == freeze.clip.n_frames == 16
    lift(qtbot, window, seconds=1500)
    film = export(qtbot, window)
    assert film.is_relative_to(home) and media.probe(film).n_frames == 16
    window.close()
