"""From two copied videos to an exported film by keys alone: no click, no call of what a key should have done."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.export_dialog import ExportDialog
from app.panels.lift_dialog import LiftDialog
from app.viewport_tiles import TilesBackend
from pipeline.project import media
from pipeline.project.clip import FrameSelection
from tests.app.conftest import OpenWindow, clean_qt, open_window, qapp, warm_tiles
from tests.journeys.test_studio import _short_road, videos

__all__ = ["_short_road", "clean_qt", "open_window", "qapp", "videos", "warm_tiles"]  # fixtures
NONE, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip
Key = Qt.Key
MOST_TABS = 80


def press(which: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
    """A key to whatever has the focus, as a keyboard sends it."""
    for _ in range(times):
        target = QApplication.focusWidget() or QApplication.activeWindow()
        assert target is not None
        QTest.keyClick(target, which, modifiers)


def tab_to(wanted: QWidget) -> None:
    """Tab until a widget has the focus."""
    for _ in range(MOST_TABS):
        if QApplication.focusWidget() is wanted or (
            isinstance(wanted, QComboBox) and wanted.isAncestorOf(QApplication.focusWidget() or QWidget())
        ):
            return
        press(Key.Key_Tab)
    raise AssertionError(f"Tab never comes to {wanted.accessibleName() or wanted}")


def dialog_of(qtbot: QtBot, window: MainWindow, kind: type[QDialog]) -> QDialog:
    qtbot.waitUntil(lambda: any(box.isVisible() for box in window.findChildren(kind)), timeout=20_000)
    dialog = next(box for box in window.findChildren(kind) if box.isVisible())
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


def come_back(qtbot: QtBot, window: MainWindow) -> None:
    """What a window manager does when a dialog is gone; on a bare X server nobody does."""
    window.activateWindow()
    qtbot.waitUntil(lambda: window.isActiveWindow() and QApplication.focusWidget() is not None)


def push(button: QAbstractButton) -> None:
    tab_to(button)
    press(Key.Key_Space)


@pytest.mark.usefixtures("warm_tiles")
def test_from_paste_to_a_film_by_keys_alone(qtbot: QtBot, open_window: OpenWindow, videos: tuple[Path, Path]) -> None:
    window = open_window(TilesBackend)
    window.resize(1280, 800)
    come_back(qtbot, window)
    copied = QMimeData()
    copied.setUrls([QUrl.fromLocalFile(str(path)) for path in videos])
    QGuiApplication.clipboard().setMimeData(copied)
    cut = lambda: window.document.project.cut  # noqa: E731

    press(Key.Key_V, CONTROL)
    dialog = dialog_of(qtbot, window, LiftDialog)
    assert isinstance(dialog, LiftDialog)
    push(dialog.curate)
    come_back(qtbot, window)
    qtbot.waitUntil(lambda: cut().canonical_freeze_frame is not None, timeout=60_000)

    gallery = window.curation.gallery.list
    tab_to(gallery)
    press(Key.Key_Home)
    press(Key.Key_End)
    review = window.curation.review
    if review.take is None or review.take.id != cut().freeze_time:
        press(Key.Key_Home)
    assert review.take is not None and review.take.id == cut().freeze_time
    tab_to(window.curation.filmstrip)
    press(Key.Key_End)
    press(Key.Key_Left)
    press(Key.Key_O)
    assert cut().freeze_time_frames == FrameSelection(0, 5)
    press(Key.Key_Home)
    press(Key.Key_Delete)
    press(Key.Key_Z, CONTROL)
    assert cut().freeze_time_frames == FrameSelection(0, 5)

    press(Key.Key_3, CONTROL)
    press(Key.Key_Return, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: bool(window.document.project.runs), timeout=120_000)
    qtbot.waitUntil(lambda: not window.session.running_here and window.view.snapshot is not None, timeout=60_000)

    press(Key.Key_4, CONTROL)
    tab_to(window.viewport)
    press(Key.Key_Return)
    press(Key.Key_Right, times=2)
    press(Key.Key_PageDown)
    press(Key.Key_Return)
    assert len(cut().shot.keys) == 2
    tab_to(window.shooting.panel.speed)
    press(Key.Key_Up, times=8)
    assert cut().shot.speed == pytest.approx(3.0)

    press(Key.Key_E, CONTROL)
    export = dialog_of(qtbot, window, ExportDialog)
    assert isinstance(export, ExportDialog) and export.camera.currentText() == "The camera path"
    film = Path(export.out.text())
    push(export.queue)
    qtbot.waitUntil(film.is_file, timeout=120_000)
    qtbot.waitUntil(lambda: bool(window.document.project.renders), timeout=20_000)
    assert media.probe(film).n_frames == cut().shot.n_frames
