"""What may be started, and the exact reason when not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.drops import Drop, sorted_drop
from app.panels.lift_dialog import LiftDialog, LiftWish, reason_against
from pipeline.project.project import Project
from pipeline.project.project_file import save
from tests.app.hands import click, type_in


@pytest.fixture
def videos(tmp_path: Path) -> tuple[str, str]:
    paths = tmp_path / "cat.mp4", tmp_path / "cat_freeze.mp4"
    for path in paths:
        path.write_bytes(b"x")
    return str(paths[0]), str(paths[1])


def test_start_waits_for_all_three_and_says_for_what(qtbot: QtBot, videos: tuple[str, str], tmp_path: Path) -> None:
    dialog = LiftDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.reason.text() == "Choose the reference video."
    assert not dialog.start.isEnabled()
    type_in(dialog.reference, videos[0])
    assert dialog.reason.text() == "Choose the freeze-time video."
    type_in(dialog.freeze_time, videos[1])
    assert dialog.reason.text() == "Choose a folder for the project."
    type_in(dialog.out, str(tmp_path / "new"))
    assert dialog.start.isEnabled()
    click(dialog.start)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.wish == LiftWish(Path(videos[0]), Path(videos[1]), tmp_path / "new", "draft")


def test_a_folder_is_suggested_that_does_not_exist(qtbot: QtBot, videos: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "cat_project").mkdir()
    dialog = LiftDialog(*videos)
    qtbot.addWidget(dialog)
    assert dialog.out.text() == str(tmp_path / "cat_project_2")
    assert dialog.start.isEnabled()


def test_bad_places_are_refused(videos: tuple[str, str], tmp_path: Path) -> None:
    assert "does not exist" in reason_against(videos[0] + "x", videos[1], str(tmp_path / "new"))
    assert "something else" in reason_against(*videos, str(tmp_path))
    assert "can't be there" in reason_against(*videos, videos[0])
    assert "can't be there" in reason_against(*videos, videos[0] + "/below")


def test_the_job_goes_on_where_there_is_a_project_already(tmp_path: Path) -> None:
    wish = LiftWish(Path("r.mp4"), Path("f.mp4"), tmp_path / "p", "standard")
    job = wish.job()
    assert (job.folder, job.settings.preset, job.resume) == (str(tmp_path / "p"), "standard", False)
    save(tmp_path / "p", Project())
    assert wish.job().resume


def test_drops_are_sorted_by_what_they_are(tmp_path: Path) -> None:
    assert sorted_drop([tmp_path]) == Drop(project=tmp_path)
    freeze, plain = tmp_path / "freeze_time.mp4", tmp_path / "reference.MP4"
    assert sorted_drop([freeze, plain]) == Drop(videos=(plain, freeze))
    assert sorted_drop([tmp_path / "notes.txt"]).empty
    save(tmp_path / "p", Project())
    assert sorted_drop([tmp_path / "p" / "project.json"]) == Drop(project=tmp_path / "p")


def test_this_interpreter_runs_children() -> None:
    from app.children import environment, python

    assert python() == sys.executable
    assert Path(environment().value("PYTHONPATH").split(":")[0], "app", "main.py").is_file()
