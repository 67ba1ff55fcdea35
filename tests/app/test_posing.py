"""The Poses panel by real clicks: solving as a job of the queue, the report frame by frame, frames dropped by it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QMessageBox, QTreeWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.poses_panel import FLOW, MASKS, WHOLE
from app.pose_report import PoseReport, read_report
from pipeline.jobs.spec import CamerasJob
from pipeline.messages import CamerasPlaced
from pipeline.project import edits
from pipeline.project.project import SolveSettings
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key
from tests.app.takes import project_of_takes, write_run
from tests.pipeline.jobs.test_import_masks import draw_masks
from tests.pipeline.jobs.test_import_poses import drawn_project, write_model

STATES = ("registered", "registered", "weak", "registered", "lost", "prior")


def pose_of(i: int) -> list[float]:
    """On an arc of 10 degrees a frame about a point 4 units ahead of frame 3."""
    a = math.radians(10.0 * (i - 3))
    r = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    return np.column_stack([r, np.array([0, 0, 4]) - 4 * r[:, 2]]).ravel().tolist()


def report(states: tuple[str, ...] = STATES) -> dict[str, Any]:
    known = {"track_length": 4.0, "angle": 6.25, "jump": 0.1, "sharpness": 1.0}
    rows = [
        {
            "frame": i,
            "state": state,
            "inliers": 300 - i,
            "error": None if state == "lost" else 0.4,
            **known,
            "pose": pose_of(i),
        }
        for i, state in enumerate(states)
    ]
    reasons = [{"text": "frame 4: no camera was found", "remedy": "drop or re-roll them", "cost": 18.0, "frames": [4]}]
    return {"score": 61, "word": "doubtful", "reasons": reasons, "coverage": 31.4, "smoothness": 1.2, "fov": 48.0,
            "error": 0.41, "angle": 6.0, "rung": "sift", "frames": rows}  # fmt: skip


@pytest.fixture
def opened(open_window: OpenWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    folder = tmp_path / "p"
    project_of_takes(folder)
    write_run(folder)
    window = open_window()
    window.resize(1280, 800)
    window.open_project(folder)
    window.document.amend(lambda project: edits.set_canonical(project, 0, 0))
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=10_000)
    window.workspaces.go_to("poses")
    qtbot.waitUntil(window.posing.panel.isVisible)
    return window


def job_of(window: MainWindow) -> CamerasJob:
    assert window.document.folder is not None
    return CamerasJob.from_project(window.document.project, window.document.folder)


def write_report(window: MainWindow, data: dict[str, Any]) -> None:
    path = job_of(window).report_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    window.posing.refresh()


def row(table: QTreeWidget, place: int) -> QPoint:
    item = table.topLevelItem(place)
    assert item is not None
    return table.visualItemRect(item).center()


def test_solving_is_a_job_of_the_queue(opened: MainWindow) -> None:
    panel, jobs = opened.posing.panel, opened.session.queue
    assert panel.solve.isEnabled() and "not reported yet" in panel.status.text()
    assert not panel.table.isVisible()
    jobs.held = True
    click(panel.solve)
    (entry,) = jobs.queue.waiting
    assert entry.job == job_of(opened)
    assert not panel.solve.isEnabled() and panel.status.text() == "Waits in the queue."
    jobs.remove(entry.id)
    assert panel.solve.isEnabled()


def test_a_report_is_shown_frame_by_frame_and_a_row_looks_through_its_camera(opened: MainWindow) -> None:
    write_report(opened, report())
    panel = opened.posing.panel
    assert not panel.solve.isVisible() and not panel.map.isVisible(), "the viewport shows the cameras"
    assert panel.score.text() == "Liftability 61 of 100, doubtful"
    assert "3 registered, 1 weak, 1 lost, 1 prior of 6 frames" in panel.facts.text()
    assert panel.reasons.text() == "• Frame 4: no camera was found; drop or re-roll them."
    lost = panel.table.topLevelItem(4)
    assert lost is not None and [lost.text(i) for i in range(6)] == ["4", "○ lost", "296", "–", "6.2", "0.10"]
    click(panel.table.viewport(), row(panel.table, 4))
    assert opened.view.station == 4
    assert lost.font(0).bold()
    click(panel.table.viewport(), row(panel.table, 3))
    assert opened.view.station == 4, "frame 3 has no camera in this scene"


@pytest.fixture
def unlifted(open_window: OpenWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """A window in Poses over a project in which nothing is lifted."""
    project_of_takes(tmp_path / "p")
    window = open_window()
    window.resize(1280, 800)
    window.open_project(tmp_path / "p")
    window.document.amend(lambda project: edits.set_canonical(project, 0, 0))
    window.workspaces.go_to("poses")
    qtbot.waitUntil(window.posing.panel.isVisible)
    return window


def test_before_a_lift_the_cameras_are_seen_from_above_and_chosen_there(unlifted: MainWindow) -> None:
    write_report(unlifted, report())
    panel = unlifted.posing.panel
    colours = [stand.colour for stand in panel.map.stands]
    assert panel.map.isVisible() and colours == ["good", "good", "warm", "good", "bad", "warm"]
    xs, ys = [spot.x() for spot in panel.map.spots()], [spot.y() for spot in panel.map.spots()]
    assert xs == sorted(xs, reverse=True) and max(ys) == ys[3], "an arc, its middle nearest to who looks"
    click(panel.map, QPoint(round(xs[4]), round(ys[4])))
    assert panel.selected() == {4} and panel.drop.isEnabled()


def test_cameras_are_seen_while_they_are_placed(unlifted: MainWindow) -> None:
    chart, jobs = unlifted.posing.panel.map, unlifted.session.queue
    numbers = tuple(number for i in (1, 2, 3) for number in pose_of(i))
    jobs.message.emit(CamerasPlaced((1, 2, 3), numbers, 50.0))
    assert [stand.frame for stand in chart.stands] == [1, 2, 3] and chart.isVisible()
    before = chart.spots()
    turned = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float) @ np.array(numbers).reshape(3, 3, 4)
    turned[:, :, 3] = 7 * turned[:, :, 3] + [1, 2, 3]
    jobs.message.emit(CamerasPlaced((1, 2, 3), tuple(turned.ravel().tolist()), 50.0))
    for a, b in zip(before, chart.spots(), strict=True):
        assert (a - b).manhattanLength() < 3, "another gauge shows the same map"


def test_selected_frames_are_dropped_as_one_step(opened: MainWindow) -> None:
    write_report(opened, report())
    panel, stack = opened.posing.panel, opened.document.undo_stack
    take = opened.document.project.cut.freeze_time or ""
    assert not panel.drop.isEnabled()
    click(panel.table.viewport(), row(panel.table, 4))
    before = stack.index()
    click(panel.drop)
    frames = opened.document.project.cut.opinion(take).frames
    assert frames is not None and frames.dropped == frozenset({4}) and stack.index() == before + 1
    assert panel.solve.isVisible() and not panel.table.isVisible(), "other frames have other cameras"
    stack.undo()
    assert panel.table.isVisible() and not panel.solve.isVisible()


def test_how_cameras_are_solved_is_an_undoable_choice(opened: MainWindow) -> None:
    write_report(opened, report())
    panel, document = opened.posing.panel, opened.document
    assert not panel.own_lens.isChecked() and panel.leave_out.currentIndex() == WHOLE
    click(panel.own_lens, QPoint(8, panel.own_lens.height() // 2))
    assert document.project.cut.solve == SolveSettings(per_frame_focal=True)
    assert panel.solve.isVisible() and panel.solve.isEnabled(), "cameras of another lens are not reported yet"
    opened.session.queue.held = True
    click(panel.solve)
    (entry,) = opened.session.queue.queue.waiting
    assert entry.job == job_of(opened) and job_of(opened).solve.per_frame_focal
    document.undo_stack.undo()
    assert not panel.own_lens.isChecked() and panel.table.isVisible()
    document.amend(lambda project: edits.use_poses(project, "imported"))
    assert not panel.own_lens.isEnabled() and "another program" in panel.own_lens.toolTip()


def choose(box: QComboBox, way: int) -> None:
    """By keys, as a list that is opened is chosen from."""
    box.setFocus()
    box.showPopup()
    listed = box.view()
    listed.setCurrentIndex(box.model().index(way, 0))
    key(listed, Qt.Key.Key_Return)


def test_what_moves_is_left_out_and_masks_of_a_folder_are_one_step(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_project(tmp_path)
    window = open_window()
    window.open_project(tmp_path / "p")
    window.workspaces.go_to("poses")
    panel, document = window.posing.panel, window.document
    choose(panel.leave_out, FLOW)
    assert document.project.cut.solve == SolveSettings(flow_masks=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    choose(panel.leave_out, MASKS)
    assert panel.leave_out.currentIndex() == FLOW, "no folder was chosen"
    place = draw_masks(tmp_path / "masks", document.project.chosen()[1].clip.size)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(place))
    choose(panel.leave_out, MASKS)
    qtbot.waitUntil(lambda: document.project.cut.solve.masks is not None, timeout=60_000)
    assert panel.leave_out.currentIndex() == MASKS and not document.project.cut.solve.flow_masks
    assert job_of(window).solve == document.project.cut.solve
    document.undo_stack.undo()
    assert document.project.cut.solve == SolveSettings(flow_masks=True) and panel.leave_out.currentIndex() == FLOW
    document.undo_stack.redo()
    choose(panel.leave_out, WHOLE)
    assert document.project.cut.solve == SolveSettings()


def test_cameras_of_another_program_are_one_step_and_are_left_again(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_project(tmp_path)
    model, window = write_model(tmp_path / "m"), open_window()
    window.open_project(tmp_path / "p")
    window.workspaces.go_to("poses")
    panel, document = window.posing.panel, window.document
    assert not panel.instead.isVisible()
    document.do("Write", lambda project: edits.set_prompt(project, "a street"))
    before = document.project.cut
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(model))
    click(panel.bring)
    assert not panel.bring.isEnabled()
    qtbot.waitUntil(lambda: document.project.cut.poses is not None, timeout=60_000)
    assert document.project.cut.prompt == "a street" and job_of(window).poses == document.project.cut.poses
    assert panel.instead.isVisible() and not panel.own_lens.isEnabled() and panel.bring.isEnabled()
    document.undo_stack.undo()
    assert document.project.cut == before
    document.undo_stack.redo()
    click(panel.instead)
    assert document.project.cut.poses is None and not panel.instead.isVisible()


def test_a_folder_without_cameras_is_a_sentence(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    before = opened.document.project.cut
    with qtbot.waitSignal(opened.posing.refused, timeout=60_000) as heard:
        opened.posing.bring(tmp_path)
    for box in opened.findChildren(QMessageBox, "complaint"):
        box.reject()
    assert heard.args[0] and opened.document.project.cut == before and opened.posing.panel.bring.isEnabled()


def test_without_a_shared_moment_the_reason_is_said(opened: MainWindow) -> None:
    opened.document.do("Forget", lambda project: edits.choose_freeze_time(project, project.takes[0].id))
    panel = opened.posing.panel
    assert not panel.solve.isEnabled() and panel.status.text()
    opened.document.close()
    assert "Open a project" in panel.status.text()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 4000, json.dumps(report(("broken",))), json.dumps({**report(), "score": "many"})]
)
def test_a_damaged_report_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    assert read_report(path) is None
    assert read_report(tmp_path / "missing.json") is None
    assert PoseReport.of(report()).score == 61
