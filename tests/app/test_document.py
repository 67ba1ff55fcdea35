"""One value, one holder: the cut is undone, the library is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.document import Document
from pipeline.jobs.keeping import keep
from pipeline.messages import Produced
from pipeline.project import edits
from pipeline.project.codec import encode
from pipeline.project.project import Cut, LiftSettings, Project, Run
from pipeline.project.project_file import load, save, update
from renderer.errors import Refusal

RUN = Run("r1", "a", "b", 0, 8, LiftSettings())


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    save(tmp_path, Project())
    made = Document()
    made.open(tmp_path)
    yield made
    made.shut_down()


def on_disk(document: Document) -> Cut:
    """The cut that a reader finds once all is written."""
    assert document.folder is not None
    assert document.saver.finish()
    return load(document.folder).cut


def test_an_edit_of_the_cut_is_one_undo_step_and_is_saved(document: Document, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.changed):
        document.do("choose seed", lambda p: edits.set_lift(p, LiftSettings(seed=5)))
    assert on_disk(document).lift.seed == 5
    document.undo_stack.undo()
    assert document.project.cut.lift.seed == 0
    assert on_disk(document).lift.seed == 0
    document.undo_stack.redo()
    assert on_disk(document).lift.seed == 5
    assert document.undo_stack.count() == 1


def test_an_edit_that_changes_nothing_is_no_step(document: Document) -> None:
    document.do("nothing", lambda p: edits.set_lift(p, LiftSettings()))
    assert document.undo_stack.count() == 0


def test_undo_leaves_what_jobs_made(document: Document, tmp_path: Path) -> None:
    document.do("choose seed", lambda p: edits.set_lift(p, LiftSettings(seed=5)))
    update(tmp_path, lambda p: edits.add_run(p, RUN))
    document.reload_library()
    document.undo_stack.undo()
    assert document.project.runs == (RUN,)
    assert load(tmp_path).runs == (RUN,)
    assert document.project.cut.lift.seed == 0


def test_an_edit_that_fails_changes_nothing(document: Document) -> None:
    before = document.project
    with pytest.raises(Refusal):
        document.do("choose", lambda p: edits.choose_reference(p, "no such take"))
    assert document.project is before
    assert document.undo_stack.count() == 0


def test_a_folder_that_is_no_project_leaves_the_present_one(document: Document, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(Refusal):
        document.open(other)
    assert document.folder == tmp_path.resolve()


def test_a_run_that_a_worker_noted_is_read(document: Document, tmp_path: Path) -> None:
    keep(tmp_path, Produced("run", encode(RUN)))
    document.reload_library()
    assert document.project.runs == (RUN,)


def test_close_holds_an_empty_project(document: Document, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.opened):
        document.close()
    assert document.folder is None
    assert document.project == Project()
    document.reload_library()


def seed(document: Document, value: int, gesture: str = "seed") -> None:
    document.do("choose seed", lambda p: edits.set_lift(p, LiftSettings(seed=value)), gesture)


def test_a_gesture_is_one_step_until_the_hand_rests(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("app.document.time.monotonic", lambda: clock[0])
    for value in (1, 2, 3):
        seed(document, value)
        clock[0] += 0.4
    assert document.undo_stack.count() == 1 and on_disk(document).lift.seed == 3
    clock[0] += 1.0
    seed(document, 4)
    assert document.undo_stack.count() == 2, "the hand had rested"
    seed(document, 5, gesture="another")
    assert document.undo_stack.count() == 3, "another number is another gesture"
    document.undo_stack.undo()
    assert document.project.cut.lift.seed == 4
    seed(document, 6)
    assert document.undo_stack.count() == 3, "nothing joins a step from which steps were taken back"
    for wanted in (4, 3, 0):
        document.undo_stack.undo()
        assert document.project.cut.lift.seed == wanted
