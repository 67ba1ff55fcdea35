"""Generating by a fake provider: takes with provenance, locked frames untouched, what was finished kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.cli.run_job import run_job
from pipeline.generate.registry import Row
from pipeline.jobs import generate as generating
from pipeline.jobs import previews
from pipeline.jobs.control import Control
from pipeline.jobs.keeping import keep
from pipeline.jobs.spec import GenerateJob, job_from_json, job_to_json
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished, Message, PreviewReady, Produced, Progress
from pipeline.project import edits, library, media, project_file
from pipeline.project.codec import decode
from pipeline.project.project import Project
from pipeline.project.take import Take, VideoRequest

TABLE = (Row("bar", "tests.fakes.moving_bar:make"),)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "project"


def job(
    home: Path, kind: str = "reference", /, *, options: Any = None, seed: int = 0, n: int = 0, **more: Any
) -> GenerateJob:
    wish = VideoRequest(kind, "a bar moving", n_frames=n, size=(36, 64) if kind == "reference" else (0, 0), seed=seed)
    return GenerateJob(str(home), "bar", replace(wish, options=options or {}), **more)


def done(asked: GenerateJob, control: Control | None = None, table: tuple[Row, ...] | None = TABLE) -> list[Message]:
    """Do a job as the command line does, its takes noted and chosen."""
    messages = []
    for message in run(asked, control, table):
        messages.append(message)
        if isinstance(message, Produced):
            keep(Path(asked.folder), message)
    assert table is TABLE or isinstance(messages[-1], Finished), messages[-1]
    project_file.update(Path(asked.folder), library.completed)
    return messages


def made(asked: GenerateJob) -> Take:
    messages = done(asked)
    assert isinstance(messages[-1], Finished), messages[-1]
    return next(decode(Take, message.data) for message in messages if isinstance(message, Produced))


def pixels(take: Take) -> Any:
    return media.read_frames(take.clip.path)


def test_from_words_to_a_freeze_time_video(home: Path) -> None:
    first = made(job(home, n=9))
    second = made(job(home, "freeze_time", frame=4))
    project = project_file.load(home)
    assert [take.request.kind for take in project.takes] == ["reference", "freeze_time"]
    assert (project.cut.reference, project.cut.freeze_time) == (first.id, second.id)
    assert np.array_equal(pixels(second)[0], pixels(first)[4])
    assert (project.cut.canonical_reference_frame, project.cut.canonical_freeze_frame) == (4, 0)
    assert second.request.known[0].take == first.id and second.request.context == "freeze_time"
    assert second.provenance["pieces"][0]["model"] == "bar" and second.provenance["licence"] == "CC0-1.0"
    assert Path(second.clip.path).with_suffix(".mp4").is_file()


def test_the_prompt_of_a_freeze_time_video_follows_the_rule(home: Path) -> None:
    made(job(home))
    asked = job(home, "freeze_time")
    take = made(replace(asked, wish=replace(asked.wish, prompt="")))
    assert take.request.prompt == "Camera circulating around a bar, time elapse"


def test_same_seed_same_frames_and_takes_have_seeds_of_their_own(home: Path, tmp_path: Path) -> None:
    messages = done(job(home, seed=5, takes=3))
    takes = [decode(Take, message.data) for message in messages if isinstance(message, Produced)]
    assert [take.request.seed for take in takes] == [5, 6, 7]
    again = made(job(tmp_path / "other", seed=6))
    assert again.id == takes[1].id and np.array_equal(pixels(again), pixels(takes[1]))
    assert len({pixels(take).tobytes() for take in takes}) == 3


def test_a_reroll_leaves_every_locked_frame_untouched(home: Path) -> None:
    first = made(job(home, n=24))
    second = made(job(home, "reroll", seed=9, free=(4, 5, 6, 20), take=first.id))
    old, new = pixels(first), pixels(second)
    locked = [i for i in range(24) if i not in (4, 5, 6, 20)]
    assert np.array_equal(new[locked], old[locked])
    assert all(not np.array_equal(new[i], old[i]) for i in (4, 5, 6, 20))
    assert second.parent == first.id and second.request.role == "reference"
    assert [frame for frame, _score in second.provenance["seams"]] == [3, 6, 19, 20]


def test_padlocks_count_where_nothing_is_said(home: Path) -> None:
    first = made(job(home, n=6))
    assert "none is locked" in str(done(job(home, "reroll", take=first.id))[-1])
    project_file.update(home, lambda project: edits.lock_frames(project, first.id, (0, 2, 3, 5), True))
    second = made(job(home, "reroll", take=first.id, seed=3))
    assert [known.frame for known in second.request.known] == [0, 2, 3, 5]


def test_frames_in_between_and_variations(home: Path) -> None:
    first = made(job(home, n=4))
    denser = made(job(home, "reroll", take=first.id, between=2, seed=1))
    assert denser.clip.n_frames == 10 and denser.clip.fps == 3 * first.clip.fps
    assert np.array_equal(pixels(denser)[[0, 3, 6, 9]], pixels(first))
    other = made(job(home, like=first.id, seed=77))
    assert replace(other.request, seed=0) == first.request and other.request.seed == 77


def test_an_extension_goes_on_until_the_sweep_is_reached(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "degrees", lambda frames: 2.0 * (len(frames) - 1))
    monkeypatch.setattr("pipeline.jobs.coverage.degrees", lambda frames: 2.0 * (len(frames) - 1))
    made(job(home, n=16))
    first = made(job(home, "freeze_time", n=16))
    longer = made(job(home, "extend", sweep=90.0))
    count = longer.clip.n_frames
    assert 2 * (count - 1) >= 90 > 2 * (count - 9)
    shift = longer.request.known[0].position
    assert shift > 0 and np.array_equal(pixels(longer)[shift : shift + 16], pixels(first))
    assert longer.provenance["coverage"]["canonical"] == shift
    assert [piece["frames"] for piece in longer.provenance["pieces"]][-1]
    right = made(job(home, "extend", side="right", take=first.id))
    assert right.clip.n_frames == 24 and right.request.known[0].position == 0


def test_known_frames_tell_where_they_come_from(home: Path) -> None:
    first = made(job(home, n=9, seed=4))
    second = made(job(home, "freeze_time", frame=4))
    third = made(job(home, "reroll", free=(5,), take=second.id))
    project = project_file.load(home)
    origin = generating.origin_of(project, third.id, 0)
    assert (origin.frame, origin.provenance["seed"]) == (4, 4)
    assert generating.origin_of(project, third.id, 3).frame == 3
    assert first.provenance["pieces"][0]["frames"] == list(range(9))


def test_progress_and_previews_that_go_away(home: Path) -> None:
    messages = done(job(home, takes=2))
    assert [m.step for m in messages if isinstance(m, Progress)] == [1, 2, 3] * 2
    previews = [message for message in messages if isinstance(message, PreviewReady)]
    assert {preview.take for preview in previews} == {0, 1}
    assert not any(Path(preview.path).exists() for preview in previews)


def test_a_preview_that_a_killed_worker_left_is_swept_up(home: Path, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.pipeline.jobs.test_generate import TABLE, job, run;"
        "list(run(job(Path(sys.argv[1]), options={'kill': True}), None, TABLE))"
    )
    environment = {**os.environ, "PYTHONPATH": str(root)}
    worker = subprocess.run([sys.executable, "-c", code, str(home)], env=environment, timeout=100)
    left = list((home / ".previews").glob("*.npy"))
    assert worker.returncode == -signal.SIGKILL and len(left) == 1
    with previews.Preview(home, "another") as living:
        shown = living.show(np.zeros((1, 4, 4, 3), np.uint8))
        assert shown.is_file() and not left[0].exists()
        made(job(home))
        assert shown.is_file()
    assert not (home / ".previews").exists() and len(project_file.load(home).takes) == 1


def test_a_large_preview_is_made_small(home: Path) -> None:
    with previews.Preview(home, "x") as preview:
        small = np.load(preview.show(np.zeros((2, 300, 1000, 3), np.uint8)))
    assert small.shape[0] == 2 and max(small.shape) <= 2 * previews.SIDE


def test_a_stop_keeps_the_takes_that_are_finished(home: Path) -> None:
    control = Control()
    messages = []
    for message in run(job(home, takes=3), control, TABLE):
        messages.append(message)
        if isinstance(message, Produced):
            keep(home, message)
            control.tell("stop")
    assert messages[-1] == Failed("Stopped as asked; 1 take is kept.", cancelled=True)
    assert len(project_file.load(home).takes) == 1


def test_a_stop_keeps_the_steps_of_an_extension_that_are_finished(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "degrees", lambda frames: 5.0)
    made(job(home))
    made(job(home, "freeze_time", n=16))
    control = Control()
    takes = []
    for message in run(job(home, "extend", side="right", sweep=180.0), control, TABLE):
        if "40 frames" in str(message):
            control.tell("stop")
        takes += [decode(Take, message.data)] if isinstance(message, Produced) else []
    (take,) = takes
    assert take.provenance["stopped"] and take.clip.n_frames == 40 and take.title.endswith("(stopped)")


@pytest.mark.parametrize(
    ("kind", "more", "sentence"),
    [
        ("reference", {"options": {"fail": "The weights are missing; name their folder."}}, "weights are missing"),
        ("reference", {"options": {"crash": True}}, "Memory ran out"),
        ("freeze_time", {}, "no reference take"),
        ("extend", {}, "no freeze-time take"),
        ("reroll", {"take": "nobody"}, "no take nobody"),
        ("reference", {"n": 10**6}, "GB of memory"),
    ],
)
def test_failures_are_one_sentence(home: Path, kind: str, more: dict[str, Any], sentence: str) -> None:
    last = list(run(job(home, kind, **more), None, TABLE))[-1]
    assert isinstance(last, Failed) and sentence in last.sentence and not last.cancelled
    assert not home.exists()


def test_a_failure_leaves_the_folder_that_was_there(home: Path) -> None:
    home.mkdir()
    assert isinstance(list(run(job(home, options={"crash": True}), None, TABLE))[-1], Failed)
    assert list(home.iterdir()) == []


def test_a_stop_before_the_first_take_leaves_no_project(home: Path) -> None:
    control = Control()
    for message in run(job(home, options={"endless": True}), control, TABLE):
        if isinstance(message, Progress):
            assert (home / ".previews").is_dir() or not home.exists()
            control.tell("stop")
    assert message == Failed("Stopped as asked; no take was finished.", cancelled=True)
    assert not home.exists()


def test_an_unknown_provider_leaves_no_project(home: Path) -> None:
    last = list(run(replace(job(home), provider="nobody"), None, TABLE))[-1]
    assert isinstance(last, Failed) and "no provider 'nobody'" in last.sentence
    assert not home.exists()


def test_jobs_come_back_from_json(home: Path) -> None:
    asked = job(home, "reroll", free=(1, 2), options={"a": [1, "x"]}, takes=4)
    assert job_from_json(job_to_json(asked)) == asked


def test_the_worker_notes_takes_but_chooses_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.generate.registry.PROVIDERS", TABLE)
    code, end = run_job(job(home), as_json=True)
    assert code == 0 and end is not None
    project: Project = project_file.load(home)
    assert [take.id for take in project.takes] == end.summary["takes"] and project.cut.reference is None
