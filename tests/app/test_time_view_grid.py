"""The grid of times and views by real clicks and keys; the renderer is real in the last test, else made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

import app.cells
from app.grid_plan import Cell
from app.main_window import MainWindow
from app.overlay_source import pixels_of
from app.panels.time_view_grid import TimeViewGrid
from app.view_state import FREE, REFERENCE
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key, move
from tests.app.takes import project_of_takes, write_run
from tests.renderer.gl.synthetic import synthetic_snapshot


class FakeClient:
    """Answers every view with a grey picture, as the tile process would; keeps what was asked."""

    made: ClassVar[list[FakeClient]] = []

    def __init__(self, heed: Callable[[dict[str, Any]], None], _lost: object) -> None:
        self._heed = heed
        self.asked: list[dict[str, Any]] = []
        self.closed = False
        FakeClient.made.append(self)
        self.answer({"op": "ready"})

    def answer(self, reply: dict[str, Any]) -> None:
        QTimer.singleShot(0, lambda: None if self.closed else self._heed(reply))

    def send(self, request: dict[str, Any]) -> None:
        if request["op"] == "view":
            self.asked.append(request)
            self.answer({"op": "picture", "number": request["number"], "size": request["camera"]["size"]})

    def picture(self, height: int, width: int) -> QImage:
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(QColor(60, 60, 60))
        return image

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lifted(tmp_path: Path) -> Path:
    """A project of two small takes with a run that names the shared moment."""
    folder = tmp_path / "lifted"
    project_of_takes(folder)
    write_run(folder)
    return folder


@pytest.fixture
def opened(
    open_window: OpenWindow, qtbot: QtBot, lifted: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[MainWindow, TimeViewGrid]:
    FakeClient.made.clear()
    monkeypatch.setattr(app.cells, "TileClient", FakeClient)
    return grid_of(open_window(), qtbot, lifted)


def grid_of(window: MainWindow, qtbot: QtBot, folder: Path) -> tuple[MainWindow, TimeViewGrid]:
    window.open_project(folder)
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=10_000)
    window.workspaces.go_to("poses")
    grid = window.looking.grid.grid
    qtbot.waitUntil(grid.isVisible)
    return window, grid


def at(grid: TimeViewGrid, row: int, column: int) -> QPoint:
    return grid.box(row, column).center()


def test_a_click_on_a_cell_goes_there(qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]) -> None:
    window, grid = opened
    click(grid.viewport(), at(grid, 2, 3))
    assert (window.view.time, window.view.station) == (2.0, 8)
    click(grid.viewport(), at(grid, 1, 0))
    assert (window.view.time, window.view.station) == (1.0, REFERENCE)
    click(grid.viewport(), QPoint(5, 5))
    assert (window.view.time, window.view.station) == (1.0, REFERENCE), "heads are no cells"


def test_arrows_walk_through_the_grid_where_it_has_the_focus(
    qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]
) -> None:
    window, grid = opened
    click(grid.viewport(), at(grid, 1, 1))
    qtbot.waitUntil(grid.hasFocus)
    key(grid, Qt.Key.Key_Right)
    assert (window.view.time, window.view.station) == (1.0, 4)
    key(grid, Qt.Key.Key_Down)
    assert (window.view.time, window.view.station) == (2.0, 4)
    for _ in range(30):
        key(grid, Qt.Key.Key_Down)
    assert window.view.time == 15.0, "the last row holds"
    assert grid.viewport().rect().contains(grid.box(15, 2)), "it scrolls along"
    window.viewport.setFocus()
    key(window.viewport, Qt.Key.Key_Left)
    assert (window.view.time, window.view.station) == (14.0, 4), "elsewhere arrows are time's"


def test_cells_with_a_source_frame_are_measured(qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]) -> None:
    window, grid = opened
    cells = window.looking.cells
    own = Cell(0, REFERENCE)
    qtbot.waitUntil(lambda: (cells.picture(own) or FakePicture).decibels is not None, timeout=20_000)
    source = cells.source(own)
    assert source is not None
    frame = pixels_of(source, (source.height(), source.width())).astype(float)
    expected = 10 * np.log10(255**2 / np.mean((frame - 60.0) ** 2))
    picture = cells.picture(own)
    assert picture is not None and picture.decibels == pytest.approx(expected, abs=1.0)
    assert f"{picture.decibels:.1f} dB" in grid.tip(own)
    other = Cell(0, 8)
    qtbot.waitUntil(lambda: cells.picture(other) is not None, timeout=10_000)
    assert cells.source(other) is None
    assert "only a lifted scene" in grid.tip(other)


class FakePicture:
    decibels = None


def test_a_cell_shows_source_render_wipe_and_difference(qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]) -> None:
    window, grid = opened
    cells, box = window.looking.cells, window.looking.grid.show_box
    qtbot.waitUntil(lambda: (cells.picture(Cell(1, REFERENCE)) or FakePicture).decibels is not None, timeout=20_000)
    window.view.go_to(8)
    spot = grid.box(1, 0)

    def colour(share: float) -> tuple[int, ...]:
        picture = pixels_of(grid.viewport().grab().toImage(), (grid.viewport().height(), grid.viewport().width()))
        return tuple(int(v) for v in picture[spot.top() + spot.height() // 3, spot.left() + int(share * spot.width())])

    source = colour(0.75)
    assert source[0] > 90, "the video's red ground"
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert colour(0.75) == (60, 60, 60)
    box.setCurrentIndex(2)
    box.activated.emit(2)
    move(grid.viewport(), QPoint(spot.left() + int(0.6 * spot.width()), spot.center().y()))
    assert colour(0.75) == (60, 60, 60) and colour(0.5)[0] > 90, "source left of the pointer, render right of it"
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert colour(0.75)[0] > 150, "three times 120 - 60"


def test_a_hidden_grid_asks_for_nothing_and_a_moving_view_has_the_machine(
    qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]
) -> None:
    window, _grid = opened
    cells = window.looking.cells
    qtbot.waitUntil(lambda: bool(cells._wanted) and cells.complete, timeout=20_000)
    (client,) = FakeClient.made
    known = len(client.asked)
    assert 0 < known < 16 * 7, "only what is seen"
    window.workspaces.go_to("lift")
    assert not cells._wanted
    write_run(Path(window.document.folder or ""), step=1300)
    qtbot.waitUntil(lambda: (window.view.snapshot or synthetic_snapshot(9)).info["step"] == 1300, timeout=10_000)
    qtbot.wait(100)
    assert len(client.asked) == known
    window.view.play()
    window.workspaces.go_to("poses")
    qtbot.wait(500)
    assert len(client.asked) == known, "while it plays nothing is made"
    window.view.pause()
    qtbot.waitUntil(lambda: len(client.asked) > known, timeout=10_000)


def test_while_a_lift_runs_known_cells_are_left_and_then_renewed(
    qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]
) -> None:
    window, grid = opened
    cells = window.looking.cells
    qtbot.waitUntil(lambda: bool(cells._wanted) and cells.complete, timeout=20_000)
    lifting = True
    cells._busy = lambda: lifting
    cells.show_scene(cells._scene, same_run=True)
    assert cells.complete
    lifting = False
    assert all(map(cells._lacks, cells._wanted))
    cells.show_scene(None, same_run=False)
    assert cells.picture(Cell(0, REFERENCE)) is None
    assert not grid.grab().isNull()


def test_before_a_lift_the_chosen_videos_are_shown(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.cells, "TileClient", FakeClient)
    FakeClient.made.clear()
    project_of_takes(tmp_path / "new")
    window = open_window()
    window.open_project(tmp_path / "new")
    window.workspaces.go_to("poses")
    cells, grid = window.looking.cells, window.looking.grid.grid
    qtbot.waitUntil(lambda: cells.source(Cell(5, REFERENCE)) is not None, timeout=30_000)
    click(grid.viewport(), at(grid, 1, 1))
    assert not FakeClient.made, "nothing is rendered without a scene"
    window.document.close()
    assert not cells.plan.times


def test_a_free_view_has_a_row_and_no_column(opened: tuple[MainWindow, TimeViewGrid]) -> None:
    window, grid = opened
    window.view.turn(0.1, 0.0)
    assert window.view.station == FREE
    assert grid._current() == (0, None)


@pytest.mark.usefixtures("warm_tiles")
def test_the_real_renderer_fills_the_grid(open_window: OpenWindow, qtbot: QtBot, lifted: Path) -> None:
    window, _grid = grid_of(open_window(), qtbot, lifted)
    cells = window.looking.cells
    near, far = Cell(0, 0), Cell(0, 20)
    qtbot.waitUntil(lambda: cells.picture(near) is not None and cells.picture(far) is not None, timeout=60_000)
    a, b = cells.picture(near), cells.picture(far)
    assert a is not None and b is not None
    size = a.render.height(), a.render.width()
    first, second = pixels_of(a.render, size).astype(int), pixels_of(b.render, size).astype(int)
    assert first.std() > 10, "a picture, not a ground"
    assert np.abs(first - second).mean() > 5, "another camera sees something else"


def test_the_current_cell_is_in_sight_when_the_grid_comes_out(
    qtbot: QtBot, opened: tuple[MainWindow, TimeViewGrid]
) -> None:
    window, grid = opened
    window.workspaces.go_to("lift")
    window.view.go_to(20)
    window.view.set_time(14.0)
    window.workspaces.go_to("poses")
    qtbot.waitUntil(lambda: grid.viewport().rect().contains(grid.box(14, 6)), timeout=5_000)
