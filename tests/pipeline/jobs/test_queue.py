"""The queue is a value: order, history, retry; its file survives a restart and is not believed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.jobs import queue as q
from pipeline.jobs.queue import Entry, Queue
from pipeline.jobs.spec import AblationJob, ExportJob, LiftJob, RenderJob, Source, VideosJob
from pipeline.project.project import LiftSettings, Project
from pipeline.project.project_file import save
from renderer.errors import Refusal


def of(*names: str, folder: str = "/p") -> Queue:
    queue = Queue()
    for name in names:
        queue, _ = q.added(queue, RenderJob(folder, name))
    return queue


def outs(queue: Queue) -> list[str]:
    return [entry.job.out for entry in queue.entries if isinstance(entry.job, RenderJob)]


def test_a_job_goes_from_waiting_to_the_history() -> None:
    queue = of("a.png", "b.png")
    first = queue.waiting[0]
    queue = q.started(queue, first.id)
    assert queue.running is not None and queue.running.id == first.id
    assert q.started(queue, queue.waiting[0].id) == queue  # one at a time
    assert q.without(queue, first.id) == queue  # what runs is stopped, not forgotten
    queue = q.ended(queue, first.id, q.FAILED, "The disk is full.")
    assert queue.running is None and queue.entries[0].sentence == "The disk is full."
    again = q.retried(queue, first.id)
    assert outs(again) == ["b.png", "a.png"] and all(entry.state == q.WAITING for entry in again.entries)


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 5), st.integers(-7, 7)), max_size=8))
def test_moving_keeps_every_job_once(count: int, moves: list[tuple[int, int]]) -> None:
    queue = of(*(f"{i}.png" for i in range(count)))
    ids = {entry.id for entry in queue.entries}
    for at, by in moves:
        entry = queue.entries[at % count]
        queue = q.moved(queue, entry.id, by)
        want = max(0, min(count - 1, at % count + by))
        assert queue.entries[want].id == entry.id
    assert {entry.id for entry in queue.entries} == ids and len(queue.entries) == count


def test_a_lift_that_is_retried_goes_on_from_its_checkpoint() -> None:
    source = Source("t", "t.mkv", "0" * 64, (0, 1), 8.0)
    lifts = LiftJob("/p", source, source, 0, 0, LiftSettings()), VideosJob("/p", "a", "b", LiftSettings())
    for job in lifts:
        queue, entry = q.added(Queue(), job)
        queue = q.ended(q.started(queue, entry.id), entry.id, q.STOPPED, "")
        again = q.retried(queue, entry.id).entries[0].job
        assert again == replace(job, resume=True)


def test_a_restart_marks_what_ran_as_cut_off_and_starts_nothing(tmp_path: Path) -> None:
    save(tmp_path, Project())
    queue = of("a.png", "b.png", folder="/somewhere/else")
    queue = q.started(queue, queue.waiting[0].id)
    q.save(tmp_path, queue)
    found = q.load(tmp_path)
    assert [entry.state for entry in found.entries] == [q.STOPPED, q.WAITING]
    assert found.entries[0].sentence == q.CUT_OFF
    assert {entry.job.folder for entry in found.entries} == {str(tmp_path.resolve())}


def test_without_a_project_nothing_is_written(tmp_path: Path) -> None:
    q.save(tmp_path, of("a.png"))
    assert list(tmp_path.iterdir()) == []
    assert q.load(tmp_path) == Queue()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"entries": 3}', '{"entries": [{"id": "a", "spec": "{}"}]}', "[" * 100_000,
     json.dumps({"entries": [{"id": "a", "spec": "{}", "state": "dancing"}]})],
)  # fmt: skip
def test_a_damaged_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / q.FILE).write_text(text)
    with pytest.raises(Refusal, match="begins anew"):
        q.load(tmp_path)


def test_a_long_history_is_cut() -> None:
    over = tuple(Entry(str(i), "{}", q.DONE) for i in range(q.HISTORY + 5))
    queue = Queue((*over, Entry("now", "{}", q.RUNNING)))
    assert len(q.ended(queue, "now", q.DONE, "").entries) == q.HISTORY


def test_titles() -> None:
    assert q.title(VideosJob("/p", "a", "b", LiftSettings("standard", 3))) == "Lift, standard, seed 3"
    assert q.title(ExportJob("/p", "/x/a.ply")) == "Export a.ply"


@pytest.mark.parametrize(
    ("told", "found"), [("/p/ablations/a1", "a1"), ("/p/.git", ".git"), ("/p/..", None), ("/", None)]
)
def test_an_ablation_stays_in_its_folder_of_the_project(tmp_path: Path, told: str, found: str | None) -> None:
    save(tmp_path, Project())
    q.save(tmp_path, q.added(Queue(), AblationJob(told))[0])
    if found is None:
        with pytest.raises(Refusal, match="begins anew"):
            q.load(tmp_path)
    else:
        assert q.load(tmp_path).entries[0].job.folder == str(tmp_path.resolve() / "ablations" / found)
