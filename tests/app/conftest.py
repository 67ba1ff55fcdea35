"""A window in scratch surroundings; a Qt warning or a widget that outlives its test fails the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main import make_application
from app.main_window import MainWindow
from app.scene_loader import Scene
from app.viewport_backend import Reports
from pipeline.project.project import Project
from pipeline.project.project_file import save
from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.look import Look
from tests.renderer.gl.synthetic import synthetic_snapshot


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.skip("there is no display; make test starts Xvfb by itself")
    return make_application()


@pytest.fixture(autouse=True)
def clean_qt(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing said by Qt, nothing left on the screen."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    qtlog: Any = request.getfixturevalue("qtlog")
    before = set(QApplication.topLevelWidgets())
    yield
    for _round in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    left = [widget for widget in QApplication.topLevelWidgets() if widget not in before and widget.isVisible()]
    assert not left, f"widgets outlive the test: {left}"
    said = [record.message for record in qtlog.records if record.type.name in ("QtWarningMsg", "QtCriticalMsg")]
    assert not said, f"Qt complains: {said}"


@pytest.fixture(scope="session")
def warm_tiles(root: Path) -> None:
    """Compiled kernels in the user's cache, so that a first picture comes as soon as on any later start."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-P", "-c", "from renderer.tiles.scene import warm; warm()"]
    subprocess.run(command, env=environment, check=True, timeout=400)


class FakeBackend:
    """Draws nothing, remembers what it was told; its picture's colour says what is shown."""

    name = "nothing"

    def __init__(self, reports: Reports) -> None:
        self.widget = QWidget()
        self.reports = reports
        self.scene: Scene | None = None
        self.views: list[tuple[Camera, Moment, bool]] = []
        self.looks: list[Look] = []
        self.closed = False

    def show(self, scene: Scene | None) -> None:
        self.scene = scene

    def set_view(self, camera: Camera, moment: Moment, look: Look, moving: bool) -> None:
        self.looks.append(look)
        self.views.append((camera, moment, moving))
        self.reports.drawn()

    def set_background(self, rgb: tuple[float, float, float]) -> None:
        self.background = rgb

    def grab(self) -> QImage:
        image = QImage(QSize(4, 4), QImage.Format.Format_RGB32)
        image.fill(QColor(1, 2, 3))
        return image

    def close(self) -> None:
        self.closed = True


OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenWindow]:
    """Makes windows over a fake back end, or over the one that is given; they are closed at the end."""
    windows: list[MainWindow] = []

    def make(make_backend: Callable[[Reports], Any] = FakeBackend, theme: str = "dark") -> MainWindow:
        window = MainWindow(tmp_path / "config" / "settings.json", make_backend)
        window.desk.dress(theme)
        window.resize(1000, 700)
        window.show()
        window.activateWindow()
        qtbot.waitActive(window)
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with one run whose snapshot is the synthetic scene."""
    folder = tmp_path / "ball"
    folder.mkdir()
    save(folder, Project())
    synthetic_snapshot(900).save(folder / "runs" / "r1" / "snapshot.safetensors")
    return folder


@pytest.fixture
def window(open_window: OpenWindow, qtbot: QtBot, project: Path) -> MainWindow:
    """A window that shows the project, over a fake back end."""
    made = open_window()
    made.open_project(project)
    qtbot.waitUntil(lambda: made.view.snapshot is not None, timeout=10_000)
    return made


def fake(window: MainWindow) -> FakeBackend:
    """The window's fake back end."""
    backend = window.viewport.backend
    assert isinstance(backend, FakeBackend)
    return backend
