"""A day at the window by clicks and keys: from two dropped videos to a scene, and all of it there the next morning."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.export_dialog import ExportDialog
from app.panels.filmstrip import TOP
from app.panels.lift_dialog import LiftDialog
from app.viewport_tiles import TilesBackend
from pipeline.generate.procedural import write_scene
from pipeline.project import media, project_file
from pipeline.project.clip import FrameSelection
from tests.app.conftest import OpenWindow, clean_qt, open_window, qapp, warm_tiles
from tests.app.hands import click, key, move, press, release
from tests.app.test_main_window import drop
from tests.journeys.tiny_lift import SCENARIO

__all__ = ["clean_qt", "open_window", "qapp", "warm_tiles"]  # fixtures of the window's own tests
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def videos(tmp_path: Path) -> tuple[Path, Path]:
    write_scene(SCENARIO, tmp_path / "shoot")
    return tmp_path / "shoot" / "reference.mp4", tmp_path / "shoot" / "freeze_time.mp4"


@pytest.fixture(autouse=True)
def _short_road(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("app.job_queue.WORKER", ("-P", "-m", "tests.journeys.tiny_lift", "worker", "-"))


def bring_in(qtbot: QtBot, window: MainWindow, videos: tuple[Path, Path]) -> None:
    """Drop both videos and curate them first."""
    assert drop(window, *videos)
    dialog = window.findChild(LiftDialog)
    assert dialog is not None
    click(dialog.curate)
    qtbot.waitUntil(lambda: len(window.document.project.takes) == 2, timeout=60_000)
    qtbot.waitUntil(lambda: window.document.project.cut.canonical_freeze_frame is not None, timeout=60_000)


def curate(qtbot: QtBot, window: MainWindow) -> None:
    """Trim the last freeze-time frame away, drop one, take that back, and do it again."""
    strip, cut = window.curation.filmstrip, lambda: window.document.project.cut
    take = window.document.project.takes[1]
    window.curation.gallery.chosen.emit(take.id)
    qtbot.waitUntil(lambda: window.curation.store.strip(take.clip) is not None, timeout=60_000)
    press(strip.viewport(), QPoint(round(strip.handle_x("out")), TOP + 20))
    end = QPoint(strip.cell(4).right() + 2, TOP + 20)
    move(strip.viewport(), end)
    release(strip.viewport(), end)
    assert cut().freeze_time_frames == FrameSelection(0, 5)
    click(strip.viewport(), strip.cell(1).center())
    key(strip, Qt.Key.Key_Delete)
    dropped = FrameSelection(0, 5, frozenset({1}))
    assert cut().freeze_time_frames == dropped
    key(window, Qt.Key.Key_Z, control=True)
    assert cut().freeze_time_frames == FrameSelection(0, 5)
    QTest.keyClick(window, Qt.Key.Key_Y, CONTROL)
    assert cut().freeze_time_frames == dropped


def lift(qtbot: QtBot, window: MainWindow, seconds: int = 300) -> None:
    """Start the lift in its panel and wait for the scene."""
    key(window, Qt.Key.Key_3, control=True)
    assert window.making.lift.start.isEnabled(), window.making.reason()
    click(window.making.lift.start)
    assert window.session.running_here
    qtbot.waitUntil(lambda: bool(window.document.project.runs), timeout=1000 * seconds)
    qtbot.waitUntil(lambda: not window.session.running_here and window.view.snapshot is not None, timeout=60_000)


def look_around(qtbot: QtBot, window: MainWindow) -> None:
    """Scrub time, step back from the scene and click the frustum of a freeze-time camera."""
    rail, view = window.transport.time_rail, window.view
    click(rail, QPoint(round(rail.x_of(2.0)), 13))
    assert view.time == pytest.approx(2.0, abs=0.1)
    view.turn(0.5, 0.4)
    view.dolly(2.5)
    assert view.snapshot is not None and 1 not in view.snapshot.freeze_cameras, "the dropped frame has no camera"
    camera = window.viewport.overlay.camera()
    assert camera is not None
    frame = max(view.snapshot.freeze_cameras)
    (pixel,), _ = camera.project(view.snapshot.freeze_cameras[frame].centre[None])
    click(window.viewport.backend.widget, QPoint(round(pixel[0]), round(pixel[1])))
    assert view.station == frame


def shoot(window: MainWindow) -> None:
    """Three keys of the camera path, from three places."""
    key(window, Qt.Key.Key_4, control=True)
    for _key in range(3):
        window.view.turn(0.2, 0.05)
        window.viewport.setFocus()
        key(window.viewport, Qt.Key.Key_Return)
    assert len(window.document.project.cut.shot.keys) == 3


def export(qtbot: QtBot, window: MainWindow) -> Path:
    """Render an mp4 through the queue; the file."""
    key(window, Qt.Key.Key_E, control=True)
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.camera.setCurrentIndex(dialog.camera.findData("reference"))
    film = Path(dialog.out.text())
    assert film.suffix == ".mp4"
    click(dialog.queue)
    qtbot.waitUntil(film.is_file, timeout=120_000)
    qtbot.waitUntil(lambda: bool(window.document.project.renders), timeout=20_000)
    return film


@pytest.mark.usefixtures("warm_tiles")
def test_from_two_videos_to_a_scene_and_back_tomorrow(
    qtbot: QtBot, open_window: OpenWindow, videos: tuple[Path, Path]
) -> None:
    window = open_window(TilesBackend)
    window.resize(1280, 800)
    bring_in(qtbot, window, videos)
    curate(qtbot, window)
    lift(qtbot, window)
    look_around(qtbot, window)
    shoot(window)
    film = export(qtbot, window)
    folder, cut = window.document.folder, window.document.project.cut
    assert folder is not None
    window.close()

    assert project_file.load(folder).cut == cut
    assert media.probe(film).n_frames == SCENARIO.n_reference
    again = open_window(TilesBackend)
    assert str(folder) in again.empty.recent.text()
    again.menus.recent.actions()[0].trigger()
    qtbot.waitUntil(lambda: again.view.snapshot is not None, timeout=60_000)
    assert again.workspaces.current == "shot"
    assert again.document.project.cut == cut
    assert len(again.document.project.runs) == len(again.document.project.renders) == 1
