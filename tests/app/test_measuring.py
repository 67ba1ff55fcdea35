"""The Measure dialog: what it asks of the command line and of the queue; the processes are scripts."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.measuring import UNLIFTED, MeasureDialog, finished, newest_films
from app.panels.ablate_page import AblatePage
from app.panels.check_page import CheckPage
from app.panels.evaluate_page import EvaluatePage
from app.panels.study_page import StudyPage
from app.sample import sample_videos
from app.verb_process import SILENT, VerbProcess
from pipeline.cli.parser import build_parser
from pipeline.cli.words import ablation_job
from pipeline.jobs import queue as q
from pipeline.jobs.spec import AblationJob
from pipeline.messages import Failed
from pipeline.project.project import ABLATIONS, LiftSettings, Project, Render, Run
from tests.app.hands import click, type_in


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "street"
    folder.mkdir()
    (folder / "scene.json").write_text("{}")
    return folder


def dialog(window: MainWindow) -> MeasureDialog:
    window.commands["measure"].trigger()
    found = window.findChild(MeasureDialog)
    assert found is not None
    return found


def test_what_can_be_measured_is_said(window: MainWindow) -> None:
    found = dialog(window)
    page = found.pages["&Evaluate"]
    assert not page.start.isEnabled() and page.says.text() == UNLIFTED
    assert all(page.start.toolTip() and page.copy.toolTip() for page in found.pages.values())
    found.reject()


def test_an_older_lift_can_be_measured(qtbot: QtBot, tmp_path: Path, scene: Path) -> None:
    runs = [Run(name, "r", "f", 0, 0, LiftSettings(seed=seed)) for name, seed in (("aa", 0), ("bb", 3), ("cc", 0))]
    told = finished(replace(Project(), runs=tuple(runs)))
    assert told == (("cc", "Draft (cc)"), ("bb", "Draft, seed 3"), ("aa", "Draft (aa)"))
    page = EvaluatePage(tmp_path / "p", "", told)
    qtbot.addWidget(page)
    page.scene.setText(str(scene))
    parse = build_parser().parse_args
    assert parse(shlex.split(page.command())[1:]).run is None
    page.run.setCurrentIndex(1)
    assert parse(shlex.split(page.command())[1:]).run == "bb"


def test_an_evaluation_is_asked_and_shown(
    qtbot: QtBot, tmp_path: Path, scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = EvaluatePage(tmp_path / "p", "")
    qtbot.addWidget(page)
    page.show()
    assert page.says.text() == "Choose the scene folder."
    type_in(page.scene, str(tmp_path))
    assert "no scene.json" in page.says.text()
    page.scene.setText(str(scene))
    args = build_parser().parse_args(shlex.split(page.command())[1:])
    assert (args.verb, args.project, args.scene, args.judges) == ("evaluate", tmp_path / "p", scene, None)
    told = {"psnr": 22.25, "views": {}, "absent": {"ST-LPIPS": "its weights are not here"}}
    monkeypatch.setattr("app.verb_process.python", lambda: echo(tmp_path, json.dumps(told)))
    click(page.start)
    assert not page.start.isEnabled()
    qtbot.waitUntil(lambda: page.result.isVisible(), timeout=20_000)
    assert "22.25 dB" in page.result.toPlainText() and "ST-LPIPS is absent" in page.result.toPlainText()
    monkeypatch.setattr("app.verb_process.python", lambda: echo(tmp_path, Failed("It has no frames.").to_json(), 1))
    click(page.start)
    qtbot.waitUntil(lambda: page.says.text() == "It has no frames.", timeout=20_000)
    assert page.start.isEnabled()


@pytest.mark.parametrize(("line", "code"), [("", 0), ("[]", 0), ("nonsense", 1), ('{"type": "note"}', 3)])
def test_a_verb_without_an_answer_is_a_sentence(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int
) -> None:
    monkeypatch.setattr("app.verb_process.python", lambda: echo(tmp_path, line, code))
    timer = QTimer()
    process = VerbProcess(timer)
    with qtbot.waitSignal(process.failed, timeout=20_000) as heard:
        process.ask(["evaluate"])
    assert heard.args == [SILENT]


def echo(folder: Path, line: str, code: int = 0) -> str:
    """A program that prints a line, whatever it is asked."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(line)}\nexit {code}\n")
    program.chmod(0o755)
    return str(program)


def test_an_ablation_is_queued_in_the_project(
    qtbot: QtBot, window: MainWindow, project: Path, scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.job_queue.WORKER", ("-c", "raise SystemExit(1)"))
    found = dialog(window)
    found.tabs.setCurrentIndex(1)
    page = found.pages["&Ablate"]
    assert isinstance(page, AblatePage)
    type_in(page.scene, str(scene))
    type_in(page.freeze_time, str(scene / "other.mp4"))
    assert not page.start.isEnabled() and "no video other.mp4" in page.says.text()
    (scene / "other.mp4").write_bytes(b"0")
    page.freeze_time.setText(str(scene / "other.mp4") + " ")
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.prior.show_name("pixel")
    for name, box in page.arms.items():
        if name != "small-motion":
            box.click()
    click(page.copy)
    job = page.job()
    assert ablation_job(build_parser().parse_args(shlex.split(QGuiApplication.clipboard().text())[1:])) == job
    assert (job.freeze_time, job.device, job.prior) == (str(scene / "other.mp4"), "cpu", "pixel")
    assert job.arms == ("small-motion",) and Path(job.folder).parent == project / "ablations"
    page.arms["small-motion"].click()
    assert not page.start.isEnabled() and "Choose an arm" in page.says.text()
    page.arms["small-motion"].click()
    click(page.start)
    qtbot.waitUntil(lambda: not window.session.queue.running, timeout=20_000)
    (entry,) = window.session.queue.queue.entries
    assert entry.job == job and q.load(project).entries[0].job == job
    found.reject()


def test_a_table_that_is_there_is_read(qtbot: QtBot, tmp_path: Path) -> None:
    job = AblationJob("", None).within(tmp_path)
    Path(job.folder).mkdir(parents=True)
    (Path(job.folder) / "ablation.md").write_text("# Ablation\n\n| arm | PSNR |\n| --- | --- |\n| Whole | 22.2 |\n")
    page = AblatePage(tmp_path, "")
    qtbot.addWidget(page)
    page.show()
    assert page.tables.isVisible() and "22.2" in page.result.toPlainText()
    assert page.job().arms == () and page.job().folder == job.folder and len(page.arms) == len(ABLATIONS)


def test_the_same_ablation_finds_its_folder_whatever_computes_it(tmp_path: Path) -> None:
    job = AblationJob("elsewhere", str(tmp_path / "street"), ("new-splats",))
    folder = job.within(tmp_path).folder
    assert AblationJob("", str(tmp_path / "street"), ("new-splats",), device="cpu").within(tmp_path).folder == folder
    assert AblationJob("", str(tmp_path / "street"), ("small-motion",)).within(tmp_path).folder != folder


def test_a_study_takes_the_newest_films(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a.png", "b.mp4", "c.mp4", "gone.mp4", "d.mov")
    renders = tuple(Render(Path("renders", name), "r", "reference", (0.0,), (4, 4), 24.0) for name in names)
    (tmp_path / "renders").mkdir()
    for name in names[:3] + names[4:]:
        (tmp_path / "renders" / name).write_bytes(name.encode())
    films = newest_films(Project(renders=renders), tmp_path)
    assert [film.name for film in films] == ["c.mp4", "d.mov"]
    page = StudyPage(films, "a dog", tmp_path / "renders" / "study.html")
    qtbot.addWidget(page)
    page.show()
    args = build_parser().parse_args(shlex.split(page.command())[1:])
    assert (args.a, args.b, args.prompt, args.out) == (*films, "a dog", tmp_path / "renders" / "study.html")
    page.b.setText(str(films[0]))
    assert page.says.text() == "Choose two different films."
    page.b.setText(str(films[1]))
    told = {"type": "finished", "summary": {"questions": 7}}
    monkeypatch.setattr("app.verb_process.python", lambda: echo(tmp_path, json.dumps(told)))
    assert not page.open.isVisible()
    click(page.start)
    qtbot.waitUntil(lambda: page.open.isVisible(), timeout=20_000)
    assert "7 questions" in page.says.text()


def test_a_video_of_no_project_is_checked(qtbot: QtBot, tmp_path: Path) -> None:
    page = CheckPage()
    qtbot.addWidget(page)
    page.show()
    assert not page.start.isEnabled() and page.says.text() == "Choose a video."
    type_in(page.video, str(tmp_path / "gone.mp4"))
    assert not page.start.isEnabled() and page.says.text() == "gone.mp4 does not exist."
    videos = sample_videos()
    assert videos is not None
    page.video.setText(str(videos[1]))
    args = build_parser().parse_args(shlex.split(page.command())[1:])
    assert (args.verb, args.video) == ("check", videos[1].resolve())
    click(page.start)
    assert not page.start.isEnabled()
    qtbot.waitUntil(page.result.isVisible, timeout=60_000)
    words = page.result.toPlainText()
    assert words.startswith("As a freeze-time video: 100 of 100, good")
    assert "As a reference video: The camera moves" in words
    page.close_page()


def test_a_file_that_is_no_video_is_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    page, path = CheckPage(), tmp_path / "notes.mp4"
    path.write_text("no video")
    qtbot.addWidget(page)
    page.show()
    page.video.setText(str(path))
    click(page.start)
    qtbot.waitUntil(lambda: not page.process.running, timeout=60_000)
    assert "notes.mp4" in page.says.text() and not page.result.isVisible() and page.start.isEnabled()
    page.close_page()
