"""Curation by hands: gallery, review, filmstrip, each gesture one undo step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMessageBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.filmstrip import TOP
from app.panels.transport import ActionButton
from app.review_state import Compare
from app.takes_model import ENTRY, Order, Show, entries_of, matches, sort_key
from pipeline.project import edits, media, project_file
from pipeline.project.clip import FrameSelection
from pipeline.project.curated import REJECT, STAR, Curated
from pipeline.project.project import Project
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key, move, press, release, type_in
from tests.app.takes import project_of_takes, video
from tests.app.test_main_window import drop


@pytest.fixture
def studio(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """A window in Curate over a project with three takes, the reference under review, its strip read."""
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    project_of_takes(tmp_path / "p", extra=1)
    window = open_window()
    window.resize(1280, 800)
    window.open_project(tmp_path / "p")
    window.workspaces.go_to("curate")
    take = window.curation.review.take
    assert take is not None and take.title == "0"
    qtbot.waitUntil(lambda: window.curation.store.strip(take.clip) is not None, timeout=60_000)
    qtbot.wait(50)
    yield window


def opinion(window: MainWindow, number: int = 0) -> Curated:
    project = window.document.project
    return project.cut.opinion(project.takes[number].id)


def cell(window: MainWindow, index: int) -> QPoint:
    return window.curation.filmstrip.cell(index).center()


def card(window: MainWindow, number: int) -> QPoint:
    gallery = window.curation.gallery.list
    model = gallery.model()
    row = next(r for r in range(model.rowCount()) if model.index(r, 0).data(ENTRY).number == number)
    return gallery.visualRect(model.index(row, 0)).center()


def test_dragging_a_handle_trims_in_one_step(qtbot: QtBot, studio: MainWindow) -> None:
    strip = studio.curation.filmstrip
    before = studio.document.undo_stack.count()
    start = QPoint(round(strip.handle_x("in")), TOP + 20)
    press(strip.viewport(), start)
    for index in (1, 2, 3):
        move(strip.viewport(), QPoint(strip.cell(index).left(), TOP + 20))
    assert strip.selection == FrameSelection(3, 8)
    assert opinion(studio).frames is None
    release(strip.viewport(), QPoint(strip.cell(3).left(), TOP + 20))
    assert opinion(studio).frames == FrameSelection(3, 8)
    assert studio.document.undo_stack.count() == before + 1
    key(studio, Qt.Key.Key_Z, control=True)
    assert opinion(studio).frames is None
    assert strip.selection == FrameSelection(0, 8)


def test_frames_are_selected_and_dropped_and_come_back(qtbot: QtBot, studio: MainWindow) -> None:
    strip, review = studio.curation.filmstrip, studio.curation.review
    click(strip.viewport(), cell(studio, 2))
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, shift, cell(studio, 4))
    assert review.frames == {2, 3, 4}
    assert review.index == 4
    key(strip, Qt.Key.Key_Delete)
    frames = opinion(studio).frames
    assert frames is not None and frames.dropped == {2, 3, 4}
    assert studio.document.saver.finish()
    assert project_file.load(studio.document.folder or Path()).cut.reference_frames == frames
    key(strip, Qt.Key.Key_Delete)
    assert opinion(studio).frames is None
    for _times in range(2):
        key(studio, Qt.Key.Key_Z, control=True)
    assert opinion(studio).frames is None
    QTest.keyClick(studio, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert opinion(studio).frames == frames


def test_padlocks_and_the_canonical_frame(qtbot: QtBot, studio: MainWindow) -> None:
    strip = studio.curation.filmstrip
    lock = strip.cell(1).bottomRight() - QPoint(8, 8)
    click(strip.viewport(), lock)
    assert opinion(studio).locked == {1}
    click(strip.viewport(), lock)
    assert opinion(studio).locked == frozenset()
    click(strip.viewport(), cell(studio, 5))
    key(strip, Qt.Key.Key_M)
    assert studio.document.project.cut.canonical_reference_frame == 5
    studio.commands["drop_frames"].trigger()
    click(strip.viewport(), cell(studio, 5))
    key(strip, Qt.Key.Key_M)
    assert "not used" in studio.statusBar().currentMessage()


def test_the_keys_of_time_move_the_take(qtbot: QtBot, studio: MainWindow) -> None:
    review = studio.curation.review
    presses = [(Qt.Key.Key_Right, 1), (Qt.Key.Key_Period, 2), (Qt.Key.Key_Left, 1), (Qt.Key.Key_End, 7),
               (Qt.Key.Key_Home, 0)]  # fmt: skip
    for which, index in presses:
        key(studio, which)
        assert review.index == index
    for which in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_I):
        key(studio, which)
    key(studio, Qt.Key.Key_End)
    key(studio, Qt.Key.Key_Left)
    key(studio, Qt.Key.Key_O)
    assert opinion(studio).frames == FrameSelection(2, 7)
    key(studio, Qt.Key.Key_I, shift=True)
    assert review.index == 2
    key(studio, Qt.Key.Key_L)
    key(studio, Qt.Key.Key_L)
    assert review.rate == 2.0
    qtbot.waitUntil(lambda: review.index > 3, timeout=10_000)
    key(studio, Qt.Key.Key_K)
    assert review.rate == 0.0
    key(studio, Qt.Key.Key_Space)
    assert review.rate == 1.0
    qtbot.waitUntil(lambda: 2 <= review.index < 4, timeout=10_000)
    key(studio, Qt.Key.Key_Space)


def test_stars_and_rejections_by_key_in_the_gallery_only(qtbot: QtBot, studio: MainWindow) -> None:
    gallery = studio.curation.gallery
    click(gallery.list.viewport(), card(studio, 2))
    assert studio.curation.review.take == studio.document.project.takes[2]
    key(gallery.list, Qt.Key.Key_S)
    assert opinion(studio, 2).verdict == STAR
    key(gallery.list, Qt.Key.Key_X)
    assert opinion(studio, 2).verdict == REJECT
    key(gallery.list, Qt.Key.Key_X)
    assert opinion(studio, 2).verdict == ""
    gallery.search.setFocus()
    type_in(gallery.search, "sx")
    assert gallery.search.text() == "sx"
    assert opinion(studio, 2).verdict == ""
    assert gallery.list.model().rowCount() == 0


def test_two_takes_are_compared_in_sync(qtbot: QtBot, studio: MainWindow) -> None:
    gallery, review, ways = studio.curation.gallery.list, studio.curation.review, list(Compare)
    click(gallery.viewport(), card(studio, 0))
    control = Qt.KeyboardModifier.ControlModifier
    QTest.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton, control, card(studio, 1))
    key(studio, Qt.Key.Key_C)
    takes = studio.document.project.takes
    assert (review.take, review.other, review.compare) == (takes[0], takes[1], Compare.SIDE_BY_SIDE)
    key(studio, Qt.Key.Key_End)
    assert (review.index, review.other_index) == (7, 5)
    key(studio, Qt.Key.Key_C, shift=True)
    assert ways.index(review.compare) == 2
    view = studio.curation.view
    box = view.picture_box()
    press(view, QPoint(round(box.center().x()), round(box.center().y())))
    move(view, QPoint(round(box.left() + 0.25 * box.width()), 100))
    release(view, QPoint(0, 0))
    assert review.wipe == pytest.approx(0.25, abs=0.01)
    key(studio, Qt.Key.Key_C, shift=True)
    assert ways.index(review.compare) == 3
    key(studio, Qt.Key.Key_C)
    assert review.other is None


def test_the_difference_of_two_takes_is_what_is_painted(qtbot: QtBot, studio: MainWindow) -> None:
    review, store, view = studio.curation.review, studio.curation.store, studio.curation.view
    takes = studio.document.project.takes
    review.compare_with(takes[1], Compare.DIFFERENCE)
    qtbot.waitUntil(lambda: store.full(takes[0].clip) is not None and store.full(takes[1].clip) is not None,
                    timeout=60_000)  # fmt: skip
    image, box = view.grab().toImage(), view.picture_box()
    colour = image.pixelColor(round(box.right()) - 30, round(box.bottom()) - 30)
    # Grounds (120, 40, 40) and (40, 120, 40).
    assert np.allclose((colour.red(), colour.green(), colour.blue()), (80, 80, 0), atol=2)


def test_scores_and_notes(qtbot: QtBot, studio: MainWindow) -> None:
    details = studio.curation.details
    dots = details.dots[1]
    click(dots, dots.centre(4).toPoint())
    assert opinion(studio).scores[1] == 4
    dots.setFocus()
    key(dots, Qt.Key.Key_2)
    assert opinion(studio).scores[1] == 2
    click(dots, dots.centre(2).toPoint())
    assert opinion(studio).scores[1] == 0
    details.notes.setFocus()
    steps = studio.document.undo_stack.count()
    type_in(details.notes, "soft at 4")
    studio.curation.filmstrip.setFocus()
    assert opinion(studio).notes == "soft at 4"
    assert studio.document.undo_stack.count() == steps + 1
    key(studio, Qt.Key.Key_Z, control=True)
    assert details.notes.toPlainText() == ""


def test_another_freeze_time_take_is_used_and_its_moment_found_in_the_same_step(
    qtbot: QtBot, studio: MainWindow
) -> None:
    document, gallery = studio.document, studio.curation.gallery.list
    click(gallery.viewport(), card(studio, 2))
    before, steps = document.project.cut, document.undo_stack.count()
    key(gallery, Qt.Key.Key_Return)
    assert document.project.cut.freeze_time == document.project.takes[2].id
    qtbot.waitUntil(lambda: document.project.cut.canonical_freeze_frame is not None, timeout=60_000)
    assert document.undo_stack.count() == steps + 1
    after = document.project.cut
    key(studio, Qt.Key.Key_Z, control=True)
    assert document.project.cut == before
    QTest.keyClick(studio, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert document.project.cut == after


def test_pasted_videos_become_takes(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(video(tmp_path / "frozen_orbit.mkv", 9, 2)))])
    QGuiApplication.clipboard().setMimeData(data)
    key(studio, Qt.Key.Key_V, control=True)
    qtbot.waitUntil(lambda: "frozen_orbit" in studio.statusBar().currentMessage(), timeout=20_000)
    qtbot.waitUntil(lambda: len(studio.document.project.takes) == 4, timeout=60_000)
    newest = studio.document.project.takes[3]
    assert (newest.title, newest.request.kind) == ("frozen_orbit", "freeze_time")
    assert studio.curation.review.take == newest
    QGuiApplication.clipboard().clear()


def test_a_folder_of_images_becomes_a_take(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "orbit_stills"
    folder.mkdir()
    for index in range(3):
        picture = np.full((36, 64, 3), 80 * index, np.uint8)
        media.write_image(folder / f"{index:04d}.png", picture)
    assert drop(studio, folder)
    qtbot.waitUntil(lambda: len(studio.document.project.takes) == 4, timeout=60_000)
    newest = studio.document.project.takes[3]
    assert (newest.title, newest.clip.n_frames, newest.request.kind) == ("orbit_stills", 3, "freeze_time")


def test_every_button_says_what_it_does_and_with_which_key(studio: MainWindow) -> None:
    buttons = [b for b in studio.findChildren(QAbstractButton) if b.isVisible() and b.text() + b.toolTip()]
    assert len(buttons) > 20
    silent = [b.text() or b.objectName() for b in buttons if not b.toolTip() and not b.objectName().startswith("qt_")]
    assert silent == []
    for button in studio.findChildren(ActionButton):
        action = button.defaultAction()
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        assert f"({keys})" in button.toolTip() or not keys or not action.isEnabled()


def test_what_cannot_be_brought_in_is_said(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    said: list[str] = []
    studio.arrivals.importer.refused.connect(said.append)
    studio.arrivals.importer.bring(studio.document.folder or Path(), [(bad, "reference")])
    qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    assert "bad.mp4" in said[0]
    box = studio.findChild(QMessageBox, "complaint")
    assert box is not None
    box.close()


def test_filters_and_orders_are_pure() -> None:
    from tests.pipeline.project.test_edits import take

    project = Project()
    for name, frames in (("panda", 8), ("otter", 12), ("crane", 4)):
        project = edits.add_take(project, take(name, frames))
    project = edits.score(edits.judge(edits.judge(project, "otter", STAR), "crane", REJECT), "crane", 0, 5)
    entries = entries_of(edits.note(project, "panda", "too much blur"))

    def listed(show: Show, search: str = "") -> list[str]:
        return [entry.title for entry in entries if matches(entry, show, search)]

    def ordered(order: Order) -> list[str]:
        return [entry.title for entry in sorted(entries, key=lambda entry: sort_key(entry, order))]

    assert listed(Show.KEPT) == ["panda", "otter"]
    assert listed(Show.STARRED) == ["otter"]
    assert listed(Show.FREEZE_TIME) == []
    assert listed(Show.ALL, "blur PANDA") == ["panda"]
    assert ordered(Order.NAME) == ["crane", "otter", "panda"]
    assert ordered(Order.LENGTH) == ["otter", "panda", "crane"]
    assert ordered(Order.NEWEST) == ["crane", "otter", "panda"]
    assert ordered(Order.SCORE)[0] == "crane"
