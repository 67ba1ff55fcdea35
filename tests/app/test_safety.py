"""Whatever happens to window, disk or files, finished work stays and a sentence says what to do."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.document import Document
from app.drops import Drop
from app.saver import Saver
from pipeline.project import edits, journal, project_file
from pipeline.project.clip import FrameSelection
from pipeline.project.codec import encode
from pipeline.project.project import Cut, Project
from renderer.errors import Refusal
from tests.app.conftest import OpenWindow
from tests.app.hands import click
from tests.app.takes import project_of_takes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project_of_takes(tmp_path / "p")
    return tmp_path / "p"


def button(box: QMessageBox, words: str) -> QPushButton:
    return next(b for b in box.buttons() if b.text() == words)  # type: ignore[return-value]


EDITS = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.document import Document
from app.drops import Drop
from pipeline.project import edits
app = QCoreApplication([])
document = Document()
document.open(Path(sys.argv[1]))
take = document.project.takes[0].id
for number in range(100_000):
    document.do("note", lambda project: edits.note(project, take, f"note {number}"))
    print(number, flush=True)
    time.sleep(0.002)
"""


def test_kill_nine_while_saving_loses_at_most_the_edit_under_way(folder: Path, root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(root), "QT_QPA_PLATFORM": "offscreen"}
    for _round in range(3):
        command = [sys.executable, "-c", EDITS, str(folder)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as window:
            assert window.stdout is not None
            for line in window.stdout:
                if int(line) >= 40:
                    break
            time.sleep(0.013)
            os.kill(window.pid, signal.SIGKILL)
            last = [int(line) for line in window.stdout.read().split()]
        done = last[-1] if last else 40
        project = project_file.load(folder)
        cut = journal.newest(folder) or project.cut
        kept = max(int(c.opinion(project.takes[0].id).notes.removeprefix("note ") or 0) for c in (cut, project.cut))
        assert kept >= done
        assert len(project.takes) == 2


@pytest.fixture
def ended(folder: Path) -> Path:
    """A project whose window was ended before it could save a trim and a note."""
    project = project_file.load(folder)
    take = project.takes[0].id
    after = edits.note(edits.trim(project, take, FrameSelection(2, 6)), take, "keep")
    journal.append(folder, after.cut)
    with (folder / journal.FILE).open("a") as file:
        file.write('{"prompt": "cut off in the mi')
    return folder


def test_unsaved_edits_are_listed_and_brought_back(qtbot: QtBot, open_window: OpenWindow, ended: Path) -> None:
    window = open_window()
    window.open_project(ended)
    box = window.findChild(QMessageBox, "recovery")
    assert box is not None
    assert "the trim and drops of 0" in box.informativeText()
    assert "the notes of 0" in box.informativeText()
    assert "freeze" not in box.informativeText()
    click(button(box, "Bring them back"))
    assert window.document.project.cut.reference_frames == FrameSelection(2, 6)
    assert window.document.saver.finish()
    assert project_file.load(ended).cut == window.document.project.cut
    assert not (ended / journal.FILE).exists()
    window.document.undo_stack.undo()
    assert window.document.project.cut.reference_frames is None


def test_unsaved_edits_can_be_left_out(qtbot: QtBot, open_window: OpenWindow, ended: Path) -> None:
    window = open_window()
    window.open_project(ended)
    box = window.findChild(QMessageBox, "recovery")
    assert box is not None
    click(button(box, "Leave them out"))
    assert window.document.project.cut.reference_frames is None
    assert not (ended / journal.FILE).exists()


@pytest.mark.parametrize("text", ["", "\n\n", "[]", "{", "null", '{"curated": 3}', "\x00\xff"])
def test_a_damaged_journal_is_no_reason_to_ask(qtbot: QtBot, folder: Path, text: str) -> None:
    (folder / journal.FILE).write_text(text)
    document = Document()
    document.open(folder)
    assert document.unsaved() is None
    document.shut_down()


def test_a_full_disk_is_said_and_saved_once_there_is_room(
    qtbot: QtBot, open_window: OpenWindow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.saver.AGAIN_SECONDS", 0.05)
    window = open_window()
    window.open_project(folder)
    take = window.document.project.takes[0].id
    real = os.fsync

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    before = project_file.load(folder)
    window.document.do("note", lambda project: edits.note(project, take, "when the disk was full"))
    qtbot.waitUntil(lambda: "disk is full" in window.statusBar().currentMessage(), timeout=10_000)
    assert project_file.load(folder) == before
    assert not window.close()
    box = window.findChild(QMessageBox, "leaving")
    assert box is not None
    click(button(box, "Stay"))
    monkeypatch.setattr("os.fsync", real)
    qtbot.waitUntil(lambda: not window.document.saver.pending, timeout=10_000)
    assert project_file.load(folder).cut.opinion(take).notes == "when the disk was full"


def test_a_second_window_looks_and_does_not_touch(
    qtbot: QtBot, open_window: OpenWindow, folder: Path, tmp_path: Path
) -> None:
    first, second = open_window(), open_window()
    first.open_project(folder)
    second.open_project(folder)
    assert "(read-only)" in second.windowTitle()
    assert "another window" in second.statusBar().currentMessage()
    with pytest.raises(Refusal, match="another window"):
        second.document.do("choose", lambda project: edits.set_prompt(project, "mine"))
    second.curation.deeds()["star"]()
    assert "another window" in second.statusBar().currentMessage()
    assert second.document.project.cut.curated == ()
    assert "another window" in second.making.reason()
    second.arrivals.bring_takes(Drop(videos=(tmp_path / "x.mp4",)))
    assert not second.arrivals.importer.busy
    box = second.findChild(QMessageBox, "complaint")
    assert box is not None
    box.close()
    first.close()
    second.open_project(folder)
    assert second.document.read_only == ""
    second.document.do("choose", lambda project: edits.set_prompt(project, "mine"))


def test_a_newer_and_a_truncated_project_are_refused_and_left_alone(open_window: OpenWindow, folder: Path) -> None:
    window = open_window()
    path = folder / project_file.FILE
    whole = path.read_bytes()
    for damage, words in (
        (json.dumps({**json.loads(whole), "schema": 99}).encode(), "newer Splatime"),
        (whole[: len(whole) // 2], "is damaged"),
        (b"", "is damaged"),
    ):
        path.write_bytes(damage)
        assert not window.open_project(folder)
        assert words in window.empty.fault.text()
        assert path.read_bytes() == damage
    assert len(list((folder / "takes").glob("*.mkv"))) == 2


def test_a_video_deleted_under_it_is_a_sentence(
    qtbot: QtBot, open_window: OpenWindow, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    shutil.rmtree(folder / "takes")
    window = open_window()
    window.open_project(folder)
    window.workspaces.go_to("curate")
    clip = window.document.project.takes[0].clip
    qtbot.waitUntil(lambda: "does not exist" in window.curation.store.fault(clip), timeout=30_000)
    assert len(window.document.project.takes) == 2
    window.files.relink(tmp_path / "sources")
    qtbot.waitUntil(lambda: window.curation.store.strip(clip) is not None, timeout=60_000)
    assert window.curation.store.fault(clip) == ""


def test_a_project_is_packed_and_unpacked(qtbot: QtBot, open_window: OpenWindow, folder: Path, tmp_path: Path) -> None:
    window = open_window()
    window.open_project(folder)
    window.files.pack(tmp_path / "p.zip")
    qtbot.waitUntil(lambda: "Packed" in window.statusBar().currentMessage(), timeout=60_000)
    window.files.unpack(tmp_path / "p.zip", tmp_path / "again")
    qtbot.waitUntil(lambda: window.document.folder == tmp_path / "again", timeout=60_000)
    assert len(window.document.project.takes) == 2


def test_the_newest_of_many_saves_is_the_one_that_stays(qtbot: QtBot, folder: Path) -> None:
    saver = Saver()
    for number in range(60):
        saver.save(folder, Cut(prompt=f"{number}"))
    assert saver.finish()
    assert project_file.load(folder).cut.prompt == "59"
    saver.close()
    assert not (folder / journal.FILE).exists()


def test_a_cut_noted_while_the_save_before_it_ends_stays_in_the_journal(
    qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = {"first": threading.Event(), "second": threading.Event()}
    may_end = {"first": threading.Event(), "second": threading.Event()}
    append = journal.append

    def written(_folder: Path, cut: Cut) -> str:
        begun[cut.prompt].set()
        assert may_end[cut.prompt].wait(10)
        return ""

    def noted(where: Path, cut: Cut) -> None:
        append(where, cut)
        if cut.prompt == "second":
            may_end["first"].set()
            time.sleep(0.2)  # the first save has time to end, and to clear the journal

    monkeypatch.setattr("app.saver._written", written)
    monkeypatch.setattr(journal, "append", noted)
    saver = Saver()
    saver.save(folder, Cut(prompt="first"))
    assert begun["first"].wait(10)
    saver.save(folder, Cut(prompt="second"))
    assert begun["second"].wait(10)
    kept = journal.newest(folder)
    may_end["second"].set()
    saver.close()
    assert kept is not None and kept.prompt == "second"
    assert not (folder / journal.FILE).exists()


def test_differences_are_told_in_words() -> None:
    project = Project(cut=Cut(prompt="a", canonical_freeze_frame=3))
    assert journal.differences(project, Cut(prompt="b", canonical_freeze_frame=3)) == ["the prompt"]
    assert journal.differences(project, project.cut) == []
    assert encode(project.cut)["prompt"] == "a"
