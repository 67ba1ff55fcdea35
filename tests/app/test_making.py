"""Lift panel, queue and exports by clicks; the worker is a script, so a job takes a moment."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.lift_status import PAUSED, READY, LiftStatus
from app.main_window import MainWindow
from app.panels.export_dialog import ExportDialog
from app.panels.model_choice import FOLDER, ModelChoice
from app.panels.stage_list import StageList
from app.run_track import Track, read_track
from pipeline.cli.parser import build_parser
from pipeline.cli.words import render_job
from pipeline.jobs import queue as q
from pipeline.jobs.plan import stages_of
from pipeline.jobs.spec import ExportJob, LiftJob, RenderJob, job_to_json
from pipeline.messages import Progress, StageStarted
from pipeline.project import edits
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.project import Cut, LiftSettings, Project, Run
from pipeline.project.project_file import save
from pipeline.project.take import Take, VideoRequest
from renderer.formats.camera_path import read_camera_path
from tests.app.conftest import OpenWindow
from tests.app.hands import click
from tests.renderer.gl.synthetic import synthetic_snapshot

WORKER = """
import json, sys, time
from pathlib import Path
from pipeline.jobs.spec import job_from_json
from pipeline.messages import *
say = lambda m: print(m.to_json(), flush=True)
job = job_from_json(sys.stdin.readline())
if job.kind == "lift":
    job.run_dir.mkdir(parents=True, exist_ok=True)
    (job.run_dir / "messages.jsonl").touch()
    say(StageStarted("Warm-up", 1, 7, 600, ("motion",), ("l1",)))
    say(Heartbeat(3 << 30))
    say(Progress("Warm-up", 300, 600, 20.0, 100.0, 0.2, 21.0, 500))
    for line in sys.stdin:
        word = line.strip()
        if word in ("pause", "resume"):
            say(Paused(word == "pause"))
        if word == "stop":
            say(Failed("Stopped.", True))
            sys.exit(130)
elif "bad" in job.out:
    say(Failed("The disk is full; free some space."))
    sys.exit(1)
else:
    say(StageStarted("render", 0, 1, 1))
    say(Finished({}))
"""


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.job_queue.WORKER", ("-c", WORKER))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that can be lifted, with two finished runs of other settings."""
    folder = tmp_path / "ball"
    takes = tuple(
        Take(name, VideoRequest(name), Clip(str(folder / "takes" / f"{name}.mkv"), 4, (16, 16), 24.0, digit * 64))
        for name, digit in (("reference", "1"), ("freeze_time", "2"))
    )
    cut = Cut(reference="reference", freeze_time="freeze_time", canonical_reference_frame=0, canonical_freeze_frame=1)
    runs = tuple(
        Run(f"r{s}", "reference", "freeze_time", 0, 1, LiftSettings(seed=s), {"psnr": 20.0 + s}) for s in (1, 2)
    )
    save(folder, Project(takes=takes, cut=cut, runs=runs))
    for run in runs:
        synthetic_snapshot(300 + 100 * run.settings.seed).save(folder / "runs" / run.id / "snapshot.safetensors")
    return folder


@pytest.fixture
def window(open_window: OpenWindow, qtbot: QtBot, project: Path) -> MainWindow:
    made = open_window()
    made.resize(1300, 900)
    made.open_project(project)
    made.workspaces.go_to("lift")
    qtbot.waitUntil(lambda: made.view.snapshot is not None, timeout=10_000)
    return made


def states(window: MainWindow) -> list[str]:
    return [entry.state for entry in window.session.queue.queue.entries]


def test_a_lift_is_started_paused_and_stopped_by_clicks(qtbot: QtBot, window: MainWindow) -> None:
    panel, session = window.making.lift, window.session
    assert panel.start.isEnabled() and not panel.reason.isVisible()
    click(panel.start)
    qtbot.waitUntil(lambda: session.status.step == 300, timeout=20_000)
    assert not panel.start.isVisible() and not panel.preset.isEnabled()
    assert "3.0 GB" in panel.figures.text() and "500 splats" in panel.figures.text()
    assert panel.stages.words(1)[0] == "▸" and "50 %" in panel.stages.words(1)[2]
    assert "Held still: per-frame deformation, motion" in panel.stages.detail.text()
    click(panel.pause)
    assert not window.commands["pause_lift"].isEnabled()  # until it is known
    qtbot.waitUntil(lambda: session.status.state == PAUSED, timeout=20_000)
    assert panel.pause.text() == "Go on"
    click(panel.pause)
    qtbot.waitUntil(lambda: session.status.state == "running", timeout=20_000)
    click(panel.stop)
    qtbot.waitUntil(lambda: not session.running_here, timeout=20_000)
    assert session.status.state == READY and states(window) == [q.STOPPED]
    assert panel.start.isVisible()


def test_cancel_throws_the_run_away(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    click(window.making.lift.start)
    qtbot.waitUntil(lambda: window.session.run is not None and window.session.run.name[0] != "r", timeout=20_000)
    run = window.session.run
    assert run is not None and run.is_dir()
    click(window.making.lift.cancel)
    box = window.findChild(QMessageBox, "cancelLift")
    assert box is not None
    yes = next(button for button in box.buttons() if "Throw" in button.text())
    click(yes)
    qtbot.waitUntil(lambda: not window.session.running_here, timeout=20_000)
    assert not run.exists() and (project / "runs" / "r1").is_dir()


def test_start_says_exactly_why_it_cannot(window: MainWindow, project: Path) -> None:
    panel, document = window.making.lift, window.document
    job = LiftJob.from_project(document.project, project)
    run = Run(job.digest, "reference", "freeze_time", 0, 1, job.settings)
    document.apply(lambda p: Project(takes=p.takes, cut=p.cut, runs=(*p.runs, run)))
    assert "lifted already" in panel.reason.text() and not panel.start.isEnabled()
    panel.more.setChecked(True)
    panel.without["small-motion"].click()
    assert document.project.cut.lift.without == ("small-motion",)
    assert panel.start.isEnabled() and document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert not panel.without["small-motion"].isChecked()
    document.apply(lambda p: Project(takes=p.takes, cut=Cut(), runs=p.runs))
    assert panel.reason.text() and not panel.start.isEnabled()


def test_two_runs_are_compared_in_the_same_view(qtbot: QtBot, window: MainWindow) -> None:
    runs = window.making.lift.runs
    window.view.turn(0.2, 0.0)
    camera = window.view.camera
    shown = window.making.shown_run
    for row in range(2):
        at = runs.list.visualItemRect(runs.list.item(row)).center()
        modifier = Qt.KeyboardModifier.ControlModifier if row else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(runs.list.viewport(), Qt.MouseButton.LeftButton, modifier, at)
    assert len(runs.chosen()) == 2
    for _ in range(2):
        before = window.making.shown_run
        click(runs.swap)
        while window.making.shown_run == before:
            qtbot.wait(20)
        assert window.view.camera == camera
    assert shown is not None


def test_a_fork_takes_over_settings(window: MainWindow) -> None:
    runs = window.making.lift.runs
    runs.list.item(1).setSelected(True)
    assert runs.fork.isEnabled()
    click(runs.fork)
    assert window.document.project.cut.lift.seed == 2
    assert "lifted already" not in window.making.lift.reason.text()


def test_a_fork_takes_over_frames_too_in_one_step(window: MainWindow, project: Path) -> None:
    document, runs = window.document, window.making.lift.runs
    job = replace(
        LiftJob.from_project(document.project, project), settings=LiftSettings(seed=2), canonical_freeze_frame=2
    )
    (project / "runs" / "r2" / "spec.json").write_text(job_to_json(job))
    document.do("Trim", lambda told: edits.trim(told, "freeze_time", FrameSelection(0, 2)))
    before = document.project.cut
    runs.list.item(1).setSelected(True)
    click(runs.fork)
    assert LiftJob.from_project(document.project, project) == job
    window.commands["undo"].trigger()
    assert document.project.cut == before


def test_a_run_whose_spec_is_lost_is_not_forked(window: MainWindow, project: Path) -> None:
    synthetic_snapshot(100).save(project / "runs" / "r3" / "snapshot.safetensors")
    (project / "runs" / "r3" / "spec.json").write_text("{")
    window.making.refresh()
    runs = window.making.lift.runs
    (row,) = (i for i, told in enumerate(runs.rows) if told.folder.name == "r3")
    runs.list.clearSelection()
    runs.list.item(row).setSelected(True)
    assert not runs.fork.isEnabled() and "can't be read" in runs.fork.toolTip()
    runs.list.clearSelection()
    runs.list.item(0).setSelected(True)
    assert runs.fork.isEnabled() and "can't be read" not in runs.fork.toolTip()


def test_pictures_kept_along_the_way_are_looked_back_at(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    run = window.making.shown_run
    assert run is not None
    kept = run / "snapshots" / "01_000600.safetensors"
    synthetic_snapshot(150).save(kept)
    window.making.refresh()
    bar = window.making.lift.snapshots
    (x,) = bar.places()
    click(bar, QPoint(round(x), 13))
    qtbot.waitUntil(lambda: window.figures.splats.text() == "150 splats", timeout=10_000)
    assert window.making.shown_run == run
    QTest.keyClick(bar, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: window.figures.splats.text() != "150 splats", timeout=10_000)


def test_the_queue_runs_in_order_and_goes_on_after_a_failure(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    jobs = window.session.queue
    for name in ("a.png", "bad.png", "b.png"):
        jobs.add(RenderJob(str(project), name))
    qtbot.waitUntil(lambda: not jobs.running, timeout=60_000)
    assert states(window) == [q.DONE, q.FAILED, q.DONE]
    tree = window.making.queue.tree
    item = tree.topLevelItem(1)
    assert item is not None and item.text(1) == "✕ Failed" and "free some space" in item.text(2)


def test_a_queue_from_before_waits_for_a_person(qtbot: QtBot, open_window: OpenWindow, project: Path) -> None:
    queue = q.Queue()
    for name in ("a.png", "b.png", "c.png"):
        queue, _ = q.added(queue, RenderJob(str(project), name))
    q.save(project, q.started(queue, queue.waiting[0].id))
    window = open_window()
    window.resize(1300, 900)
    window.open_project(project)
    window.workspaces.go_to("lift")
    assert states(window) == [q.STOPPED, q.WAITING, q.WAITING] and not window.session.queue.running
    panel, act = window.making.queue, window.commands
    panel.select(window.session.queue.queue.waiting[1].id)
    act["job_up"].trigger()
    assert [entry.job.out for entry in window.session.queue.queue.waiting if isinstance(entry.job, RenderJob)] == [
        "c.png", "b.png",
    ]  # fmt: skip
    act["remove_job"].trigger()
    act["run_queue"].trigger()
    qtbot.waitUntil(lambda: states(window) == [q.STOPPED, q.DONE], timeout=30_000)
    panel.select(window.session.queue.queue.entries[0].id)
    act["retry_job"].trigger()
    qtbot.waitUntil(lambda: states(window) == [q.DONE, q.DONE], timeout=30_000)
    assert [entry.state for entry in q.load(project).entries] == [q.DONE, q.DONE]
    act["copy_job"].trigger()
    act["clear_jobs"].trigger()
    assert states(window) == []


def test_a_render_is_described_queued_and_copied(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    window.view.turn(0.3, 0.0)
    window.commands["export"].trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.form.setCurrentIndex(dialog.form.findData("prores"))
    dialog.depth_pass.click()
    dialog.transparent.click()
    dialog.size_choice.setCurrentIndex(1)
    job = dialog.job()
    assert isinstance(job, RenderJob)
    assert (job.codec, job.passes, job.transparent, job.size) == ("prores", ("colour", "depth"), True, (720, 1280))
    assert json.loads(Path(job.camera).read_text())["size"] and Path(job.out).parent == project / "renders"
    click(dialog.copy)
    words = QGuiApplication.clipboard().text()

    assert render_job(build_parser().parse_args(shlex.split(words)[1:])) == job
    dialog.out.setText("x.mp4")
    assert not dialog.queue.isEnabled() and ".mov" in dialog.says.text()
    dialog.form.setCurrentIndex(dialog.form.findData("ply"))
    assert isinstance(dialog.job(), ExportJob) and not dialog.camera.isEnabled()
    click(dialog.queue)
    qtbot.waitUntil(lambda: states(window) == [q.DONE], timeout=30_000)
    again = ExportDialog(dialog.scope)
    qtbot.addWidget(again)
    again.show_job(job)
    assert isinstance(again.job(), RenderJob) and again.job().passes == job.passes  # type: ignore[union-attr]


def test_the_camera_path_is_chosen_in_the_dialog(window: MainWindow) -> None:
    view = window.view
    for step in range(3):
        window.shooting.add_key()
        view.turn(0.1, 0.0)
        view.set_time(2.0 * step)
    window.document.do("Rate", lambda p: edits.set_shot(p, replace(p.cut.shot, fps=4.0, size=(36, 64))))
    shot = window.document.project.cut.shot
    window.commands["export"].trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None and dialog.camera.currentText() == "The camera path"
    assert not dialog.first.isEnabled() and not dialog.fps.isEnabled() and "Shot" in dialog.first.toolTip()
    assert f"{shot.n_frames} frames of 64 × 36" in dialog.says.text()
    dialog.form.setCurrentIndex(dialog.form.findData("picture"))
    assert not dialog.queue.isEnabled() and "camera path is a film" in dialog.says.text()
    dialog.camera.setCurrentIndex(dialog.camera.findData("reference"))
    assert dialog.queue.isEnabled() and dialog.high.value() == 144 and dialog.first.isEnabled()
    dialog.camera.setCurrentIndex(0)
    dialog.form.setCurrentIndex(dialog.form.findData("h264"))
    job = dialog.job()
    assert isinstance(job, RenderJob) and (job.time, job.fps, job.size) == (None, None, (36, 64))
    assert read_camera_path(Path(job.camera), (0.0, 15.0)).views()[0].camera.size == (36, 64)
    dialog.reject()


def test_curves_are_drawn_once_seen(qtbot: QtBot, window: MainWindow) -> None:
    curves = window.making.lift.curves
    stage, half = StageStarted("Warm-up", 1, 7, 600), Progress("Warm-up", 300, 600, 20.0, 1.0, 0.2, 21.0, 5)
    curves.show_track(Track().after(stage).after(half))
    curves.show()
    qtbot.waitUntil(lambda: len(curves.plots) == 2, timeout=30_000)
    assert len(curves.plots[0].listDataItems()) == 1


def test_a_track_survives_a_resume_and_nonsense(tmp_path: Path) -> None:
    log = tmp_path / "messages.jsonl"
    lines = [StageStarted("A", 0, 2, 10), Progress("A", 5, 10, loss=3.0), Progress("A", 10, 10, loss=2.0),
             StageStarted("B", 1, 2, 10), Progress("B", 5, 10, loss=1.5),
             StageStarted("B", 1, 2, 10), Progress("B", 2, 10, loss=1.4)]  # fmt: skip
    log.write_text("".join(line.to_json() + "\n" for line in lines) + "nonsense\n")
    track = read_track(log)
    assert [(point.step, point.loss) for point in track.points] == [(5, 3.0), (10, 2.0), (12, 1.4)]
    assert read_track(tmp_path / "missing") == Track()


def test_stages_before_a_start_are_a_plan(qtbot: QtBot) -> None:
    stages = StageList()
    qtbot.addWidget(stages)
    stages.show_stages(stages_of(LiftSettings()), LiftStatus())
    assert stages.current() is None and stages.words(1) == ("·", "Warm-up", "600 steps")


def test_models_are_picked_and_a_missing_one_is_the_reason(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, document = window.making.lift, window.document
    panel.more.setChecked(True)
    pick(panel.prior, "none")
    assert document.project.cut.lift.prior == "none" and panel.start.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "weights"))
    pick(panel.upsampler, FOLDER)
    assert document.project.cut.lift.upsampler == str(tmp_path / "weights")
    assert panel.upsampler.currentText() == "weights" and not panel.start.isEnabled()
    assert "no upsampler's weights in" in panel.reason.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    pick(panel.prior, FOLDER)
    assert panel.prior.currentData() == "none" and document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert panel.upsampler.currentText() == "None" and panel.start.isEnabled()


def pick(choice: ModelChoice, name: str) -> None:
    """As a person does by the keyboard: to the row, and Return."""
    choice.setFocus()
    choice.showPopup()
    choice.view().setCurrentIndex(choice.model().index(choice.findData(name), 0))
    QTest.keyClick(choice.view(), Qt.Key.Key_Return)


def test_a_lift_with_a_prior_and_an_upsampler_names_what_it_adds(qtbot: QtBot) -> None:
    stages = StageList()
    qtbot.addWidget(stages)
    plan = stages_of(LiftSettings("paper", prior="weights/of/mine", upsampler="weights/of/mine"))
    stages.show_stages(plan, LiftStatus("running", plan[3].name, index=3, count=len(plan)))
    names = [stages.words(row)[1] for row in range(len(plan))]
    assert names[0] == "Camera poses" and names[3] == "Multi-view distillation" and names[-1] == "Re-upsampled details"
    assert "multi-view sds" in stages.detail.text()
