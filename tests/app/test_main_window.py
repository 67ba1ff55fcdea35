"""The window by real clicks and keys."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.lift_dialog import LiftDialog, LiftWish
from app.panels.rail import Rail
from app.view_state import FREE, REFERENCE
from app.viewport_tiles import TilesBackend
from pipeline.jobs.keeping import keep
from pipeline.jobs.spec import LiftJob
from pipeline.messages import Finished, Produced, Progress, StageStarted
from pipeline.project.clip import Clip
from pipeline.project.codec import encode
from pipeline.project.project import Cut, LiftSettings, Project, Run
from pipeline.project.project_file import save
from pipeline.project.take import Take, VideoRequest
from renderer.gl.moment import Mode
from tests.app.conftest import OpenWindow, fake
from tests.app.hands import click, key, move, press, release
from tests.renderer.gl.synthetic import synthetic_snapshot


def pixels_high(window: MainWindow) -> int:
    """Height of the viewport in pixels of the screen."""
    camera = window.viewport.view_camera()
    return 0 if camera is None else camera.size[0]


def click_rail(rail: Rail, position: float) -> None:
    click(rail, QPoint(round(rail.x_of(position)), 13))


def button_of(window: MainWindow, name: str) -> QToolButton:
    return next(b for b in window.findChildren(QToolButton) if b.defaultAction() is window.commands[name])


def image_of(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.width(), 4).astype(int)


def test_the_first_screen_says_what_to_do(open_window: OpenWindow) -> None:
    window = open_window()
    assert window.stack.currentWidget() is window.empty
    assert "Drop a reference video" in window.empty.lead.text()
    assert "splatime lift" in window.empty.command.text()
    assert not window.commands["play"].isEnabled()
    assert not window.transport.isEnabled()


def test_a_project_is_shown_from_its_reference_camera(window: MainWindow, project: Path) -> None:
    assert window.stack.currentWidget() is window.looking.stage
    assert window.windowTitle() == "ball — Splatime"
    assert window.figures.splats.text() == "900 splats"
    assert window.figures.stage.text() == "motion fit · step 1,200"
    assert window.transport.picker.currentText() == "Reference camera"
    assert [window.transport.picker.itemData(i) for i in range(7)] == [REFERENCE, 0, 4, 8, 12, 16, 20]
    backend = fake(window)
    assert backend.scene is not None
    assert backend.scene.path.parent == project / "runs" / "r1"


def test_clicking_the_time_rail_scrubs(qtbot: QtBot, window: MainWindow) -> None:
    window.view.set_mode(Mode.CANONICAL)
    click_rail(window.transport.time_rail, 7.0)
    assert window.view.time == pytest.approx(7.0, abs=0.1)
    assert fake(window).views[-1][1] == window.view.moment
    assert window.view.mode is Mode.TEMPORAL
    assert window.commands["temporal"].isChecked()


def test_dragging_the_time_rail_scrubs_and_pauses(qtbot: QtBot, window: MainWindow) -> None:
    rail = window.transport.time_rail
    window.view.play()
    press(rail, QPoint(round(rail.x_of(2.0)), 13))
    assert not window.view.rate
    move(rail, QPoint(round(rail.x_of(11.0)), 30))
    assert window.view.time == pytest.approx(11.0, abs=0.1)
    move(rail, QPoint(rail.width() + 500, 13))
    assert window.view.time == 15.0
    release(rail, QPoint(20, 13))


def test_the_mode_buttons(qtbot: QtBot, window: MainWindow) -> None:
    for name, mode in (("canonical", Mode.CANONICAL), ("per_frame", Mode.PER_FRAME), ("temporal", Mode.TEMPORAL)):
        click(button_of(window, name))
        assert window.view.mode is mode
        assert fake(window).views[-1][1].mode is mode
    assert window.transport.time_label.text() == "frame 0.0 of 15"
    key(window, Qt.Key.Key_2)
    assert window.view.mode is Mode.PER_FRAME
    assert "8" in window.transport.time_label.text()


def test_the_camera_picker_and_its_rail(qtbot: QtBot, window: MainWindow) -> None:
    snapshot, picker = window.view.snapshot, window.transport.picker
    assert snapshot is not None
    picker.setFocus()
    key(picker, Qt.Key.Key_Down)
    key(picker, Qt.Key.Key_Down)
    assert window.view.camera == snapshot.freeze_cameras[4]
    click_rail(window.transport.camera_rail, 16.0)
    assert window.view.camera == snapshot.freeze_cameras[16]
    assert picker.currentText() == "Freeze-time 16"
    click(button_of(window, "next_camera"))
    assert window.view.station == 20
    key(window, Qt.Key.Key_PageUp)
    assert window.view.station == 16


def test_a_free_view_is_named_and_reset_by_shift_f(qtbot: QtBot, window: MainWindow) -> None:
    snapshot = window.view.snapshot
    assert snapshot is not None
    window.view.turn(0.3, 0.1)
    assert window.transport.picker.currentText() == "Free view"
    assert window.transport.picker.currentData() == FREE
    key(window, Qt.Key.Key_F, shift=True)
    assert window.view.camera == snapshot.reference_camera
    assert window.transport.picker.currentText() == "Reference camera"
    assert window.transport.picker.findData(FREE) < 0


def test_play_advances_and_space_pauses(qtbot: QtBot, window: MainWindow) -> None:
    click(button_of(window, "play"))
    qtbot.waitUntil(lambda: window.view.time > 1.0, timeout=20_000)
    key(window, Qt.Key.Key_Space)
    stopped = window.view.time
    qtbot.wait(120)
    assert window.view.time == stopped
    assert len(fake(window).views) > 3


def test_the_timeline_keys(qtbot: QtBot, window: MainWindow) -> None:
    presses = [
        (Qt.Key.Key_Right, 1.0), (Qt.Key.Key_Right, 2.0), (Qt.Key.Key_Left, 1.0), (Qt.Key.Key_End, 15.0),
        (Qt.Key.Key_Comma, 14.0), (Qt.Key.Key_Home, 0.0), (Qt.Key.Key_Period, 1.0),
    ]  # fmt: skip
    for which, time in presses:
        key(window, which)
        assert window.view.time == time
    key(window, Qt.Key.Key_L)
    key(window, Qt.Key.Key_L)
    assert window.view.rate == 2.0
    key(window, Qt.Key.Key_J)
    assert window.view.rate == -1.0
    key(window, Qt.Key.Key_K)
    assert window.view.rate == 0.0


def test_buttons_can_be_reached_and_pressed_by_keys_alone(qtbot: QtBot, window: MainWindow) -> None:
    button = button_of(window, "canonical")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    key(button, Qt.Key.Key_Return)
    assert window.view.mode is Mode.CANONICAL


def test_a_folder_that_is_no_project_is_said_and_leaves_the_first_screen(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    assert not window.open_project(tmp_path / "nowhere")
    assert "is not a Splatime project" in window.empty.fault.text()
    assert window.empty.fault.isVisible()
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "project.json").write_text('{"schema": 1, "ta')
    assert not window.open_project(damaged)
    assert "is damaged" in window.empty.fault.text()


def test_over_a_scene_a_bad_folder_is_said_in_a_dialog_and_the_scene_stays(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, project: Path
) -> None:
    assert not window.open_project(tmp_path / "nowhere")
    box = window.findChild(QMessageBox, "complaint")
    assert box is not None
    assert "is not a Splatime project" in box.text()
    click(box.button(QMessageBox.StandardButton.Ok))
    assert window.document.folder == project
    assert window.view.snapshot is not None


def test_a_damaged_scene_is_a_sentence(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    (project / "runs" / "r1" / "snapshot.safetensors").write_bytes(b"\x08" * 100)
    window = open_window()
    window.open_project(project)
    qtbot.waitUntil(lambda: "is not a readable scene snapshot" in window.empty.fault.text(), timeout=20_000)
    assert window.stack.currentWidget() is window.empty


def test_a_project_without_a_lift_says_so(open_window: OpenWindow, tmp_path: Path) -> None:
    save(tmp_path / "empty", Project())
    window = open_window()
    window.open_project(tmp_path / "empty")
    assert "Nothing is lifted" in window.empty.title.text()
    window.commands["close"].trigger()
    assert "Drop a reference video" in window.empty.lead.text()


def drop(window: MainWindow, *paths: Path) -> bool:
    """Drag files in and let go; whether the window wanted them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), *how)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    assert window.empty.target.property("hot")
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), *how))
    assert not window.empty.target.property("hot")
    return True


def test_a_dropped_project_is_opened(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = open_window()
    assert drop(window, project)
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=20_000)


def test_other_files_are_not_taken(open_window: OpenWindow, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert not drop(open_window(), tmp_path / "notes.txt")


def test_dropped_videos_fill_the_lift_dialog(qtbot: QtBot, open_window: OpenWindow, tmp_path: Path) -> None:
    paths = tmp_path / "freeze_time.mp4", tmp_path / "reference.mp4"
    for path in paths:
        path.write_bytes(b"x")
    window = open_window()
    assert drop(window, *paths)
    dialog = window.findChild(LiftDialog)
    assert dialog is not None
    assert dialog.reference.text() == str(paths[1])
    assert dialog.freeze_time.text() == str(paths[0])
    dialog.reject()


def test_the_sample_is_lifted_into_the_home_folder_once_and_opened_then(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    window = open_window()
    click(next(b for b in window.empty.findChildren(QPushButton) if b.text() == "Open the sample"))
    dialog = window.findChild(LiftDialog)
    assert dialog is not None
    assert dialog.reference.text().endswith("reference.mp4")
    assert dialog.out.text() == str(tmp_path / "splatime_sample")
    assert dialog.start.isEnabled()
    dialog.reject()
    save(tmp_path / "splatime_sample", Project())
    window.commands["sample"].trigger()
    assert window.document.folder == tmp_path / "splatime_sample"


def test_a_lift_elsewhere_is_followed_live(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    run = project / "runs" / "r1"
    first = window.view.snapshot
    window.view.turn(0.2, 0.0)
    camera = window.view.camera
    lines = [StageStarted("Motion", 2, 7, 400), Progress("Motion", 100, 400, 11.3, 94.0, None, 31.25, 950)]
    (run / "messages.jsonl").write_text("".join(line.to_json() + "\n" for line in lines))
    synthetic_snapshot(950, step=1300).save(run / "snapshot.safetensors")
    qtbot.waitUntil(lambda: window.view.snapshot is not first, timeout=20_000)
    assert window.progress.isVisible()
    assert window.progress.headline.text() == "Motion · stage 3 of 7"
    assert "1:34 left" in window.progress.figures.text()
    assert window.progress.bar.value() == 250
    assert not window.progress.stop.isVisible()
    assert window.figures.splats.text() == "950 splats"
    assert window.view.camera == camera
    with (run / "messages.jsonl").open("a") as file:
        file.write(Finished({}).to_json() + "\n")
    qtbot.waitUntil(lambda: window.progress.headline.text() == "Lifted.", timeout=20_000)
    click(window.progress.dismiss)
    assert not window.progress.isVisible()
    window.workspaces.go_to("shot")
    assert not window.progress.isVisible(), "what was put away stays away until there is something else to say"


LIFT = """
import json, sys, time
from pathlib import Path
from pipeline.messages import Progress, StageStarted
from pipeline.project.project import Project
from pipeline.project.project_file import save
from tests.renderer.gl.synthetic import synthetic_snapshot
out = Path(json.loads(sys.stdin.readline())["folder"])
save(out, Project())
run = out / "runs" / "abc"
print(StageStarted("Motion", 0, 2, 100).to_json(), flush=True)
synthetic_snapshot(300).save(run / "snapshot.safetensors")
print(Progress("Motion", 50, 100, 9.0, 5.0).to_json(), flush=True)
for line in sys.stdin:
    if line.strip() == "stop":
        sys.exit(130)
"""


@pytest.fixture
def wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiftWish:
    """A wish that a script does in place of the real worker."""
    monkeypatch.setattr("app.job_queue.WORKER", ("-c", LIFT))
    return LiftWish(tmp_path / "r.mp4", tmp_path / "f.mp4", tmp_path / "made", "draft")


def test_a_lift_from_the_window_is_shown_and_stopped(qtbot: QtBot, open_window: OpenWindow, wish: LiftWish) -> None:
    window = open_window()
    window.start_lift(wish)
    assert window.empty.title.text() == "Lifting…"
    assert not window.commands["lift"].isEnabled()
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.document.folder == wish.out, timeout=20_000)
    assert window.windowTitle() == "made — Splatime"
    assert window.progress.stop.isVisible()
    click(window.progress.stop)
    qtbot.waitUntil(lambda: not window.session.running_here, timeout=20_000)
    assert "Stopped" in window.progress.headline.text()
    assert window.view.snapshot is not None
    assert window.commands["lift"].isEnabled()


@pytest.fixture
def half_lifted(project: Path) -> Path:
    """A project whose cut is complete, whose lift was stopped, and whose videos are gone."""
    takes = tuple(
        Take(name, VideoRequest(name), Clip(str(project / "takes" / f"{name}.mkv"), 4, (16, 16), 24.0, digit * 64))
        for name, digit in (("reference", "1"), ("freeze_time", "2"))
    )
    cut = Cut(reference="reference", freeze_time="freeze_time", canonical_reference_frame=0, canonical_freeze_frame=1)
    save(project, Project(takes=takes, cut=cut))
    return project


def test_a_stopped_lift_is_gone_on_with_by_the_worker(qtbot: QtBot, open_window: OpenWindow, half_lifted: Path) -> None:
    window = open_window()
    shutil.rmtree(half_lifted / "runs")
    window.open_project(half_lifted)
    assert window.empty.resume.isVisible()
    click(window.empty.resume)
    assert window.session.running_here
    assert window.empty.title.text() == "Lifting…"
    job = window.session.job
    assert isinstance(job, LiftJob)
    assert job.resume
    qtbot.waitUntil(lambda: not window.session.running_here, timeout=90_000)
    assert window.session.status.state == "error"
    assert "does not exist" in window.progress.headline.text()
    assert window.progress.resume.isVisible()
    assert window.document.folder == half_lifted


def test_what_a_worker_noted_in_the_project_is_read(window: MainWindow, project: Path) -> None:
    run = Run("r1", "a", "b", 0, 8, LiftSettings())
    made = Produced("run", encode(run))
    keep(project, made)
    window.session.produced.emit(made)
    assert window.document.project.runs == (run,)


def test_a_complete_project_without_a_scene_offers_nothing_to_resume(open_window: OpenWindow, tmp_path: Path) -> None:
    save(tmp_path / "empty", Project())
    window = open_window()
    window.open_project(tmp_path / "empty")
    assert not window.empty.resume.isVisible()
    assert not window.commands["resume"].isEnabled()
    assert window.empty.cards.isVisible()


def test_closing_the_window_ends_its_lift(qtbot: QtBot, open_window: OpenWindow, wish: LiftWish) -> None:
    window = open_window()
    window.start_lift(wish)
    qtbot.waitUntil(lambda: window.document.folder is not None, timeout=20_000)
    group = window.session.queue.runner._group
    assert group > 0
    window.close()
    assert not window.session.running_here
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_a_lift_that_is_refused_says_why_on_the_first_screen(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    reference = tmp_path / "r.mp4"
    reference.write_bytes(b"")
    window.start_lift(LiftWish(reference, reference, tmp_path / "made", "draft"))
    qtbot.waitUntil(lambda: not window.session.running_here, timeout=60_000)
    assert window.stack.currentWidget() is window.empty
    assert "r.mp4" in window.empty.fault.text() + window.progress.headline.text()


def test_the_theme_changes_everywhere_and_is_remembered(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window()
    dark = image_of(window.grab().toImage()).mean()
    window.desk.dress("light")
    light = image_of(window.grab().toImage()).mean()
    assert light > dark + 100
    window.close()
    again = open_window(theme="dark")
    assert again.desk.settings.theme == "dark"


def test_recent_projects_are_offered_and_vanish_with_their_folders(
    qtbot: QtBot, window: MainWindow, project: Path
) -> None:
    assert [action.text() for action in window.menus.recent.actions()] == [str(project)]
    (project / "project.json").unlink()
    window.commands["close"].trigger()
    assert window.menus.recent.actions() == []
    assert not window.empty.recent.isVisible()


def test_every_button_says_what_it_does(window: MainWindow) -> None:
    for button in window.findChildren(QToolButton):
        if button.isVisible():
            assert button.toolTip()
            assert button.accessibleName()
    for push in window.empty.findChildren(QPushButton):
        assert push.toolTip()


@pytest.mark.usefixtures("warm_tiles")
def test_the_window_with_the_cpu_back_end(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    window = open_window(TilesBackend)
    window.open_project(project)
    backend = window.viewport.backend
    qtbot.waitUntil(lambda: not backend.grab().isNull(), timeout=90_000)
    qtbot.waitUntil(lambda: backend.grab().height() == pixels_high(window), timeout=20_000)
    before = image_of(window.viewport.grab().toImage())
    assert before.std() > 10
    click_rail(window.transport.time_rail, 9.0)
    qtbot.waitUntil(lambda: np.abs(image_of(window.viewport.grab().toImage()) - before).mean() > 1, timeout=20_000)
