"""A render made through the queue by the real worker; dropped back, it restores run, view and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.drops import sorted_drop
from app.main_window import MainWindow
from app.panels.export_dialog import ExportDialog
from app.restore import home_of, made_from
from pipeline.jobs import queue as q
from pipeline.jobs.spec import RenderJob
from tests.app.hands import click

NOTE: dict[str, Any] = {
    "splatime": 1, "kind": "render", "times": [1.0], "job": {"camera": "reference", "run": "r1", "supersampling": 2},
}  # fmt: skip


@pytest.mark.usefixtures("warm_tiles")
def test_a_render_dropped_back_restores_its_state(qtbot: QtBot, window: MainWindow, project: Path) -> None:
    frame = window.view.freeze_frames[1]
    out = project / "renders" / "a.png"
    job = RenderJob(str(project), str(out), f"freeze:{frame}", (2.0,), (36, 64), run="r1", supersampling=2)
    window.session.queue.add(job)
    qtbot.waitUntil(lambda: not window.session.queue.running, timeout=120_000)
    (entry,) = window.session.queue.queue.entries
    assert entry.state == q.DONE, entry.sentence
    assert [render.path.as_posix() for render in window.document.project.renders] == ["renders/a.png"]
    window.commands["close"].trigger()
    window.arrivals.bring(sorted_drop([out.rename(project.parent / "elsewhere.png")]))
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "restore") is not None, timeout=20_000)
    box = window.findChild(QMessageBox, "restore")
    assert box is not None
    click(next(button for button in box.buttons() if button.text() == "Restore"))
    qtbot.waitUntil(lambda: window.findChild(ExportDialog) is not None, timeout=20_000)
    dialog = window.findChild(ExportDialog)
    assert dialog is not None and window.document.folder == project.resolve()
    assert (window.view.station, window.view.time) == (frame, 2.0)
    again = dialog.job()
    assert isinstance(again, RenderJob)
    assert (again.camera, again.size, again.supersampling, again.time) == (job.camera, job.size, 2, (2.0,))
    dialog.reject()


def test_a_picture_of_another_program_is_told(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "x.png")
    window.arrivals.bring(sorted_drop([tmp_path / "x.png"]))
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "complaint") is not None, timeout=20_000)
    box = window.findChild(QMessageBox, "complaint")
    assert box is not None and "not a render" in box.text()
    box.reject()


def test_a_sane_note_is_read(tmp_path: Path) -> None:
    made = made_from(NOTE, tmp_path / "a.png")
    assert made is not None and made.job.supersampling == 2 and made.times == (1.0,)
    assert home_of(made, [tmp_path]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "take"}, {"job": 3}, {"job": {"run": "../.."}}, {"job": {"run": "r1", "supersampling": 99}},
        {"job": {"camera": 5, "run": "r1"}}, {"times": "now"}, {"times": [float("nan")]}, {"job": {}},
    ],
)  # fmt: skip
def test_a_note_that_lies_is_no_note(tmp_path: Path, wrong: dict[str, Any]) -> None:
    assert made_from({**NOTE, **wrong}, tmp_path / "a.png") is None
    assert made_from(None, tmp_path / "a.png") is None
