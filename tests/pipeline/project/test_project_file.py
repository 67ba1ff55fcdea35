"""project.json: what is written is read back, by this version and the next, and nothing hostile gets through."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.project import edits, project_file
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.curated import VERDICTS, Curated
from pipeline.project.project import ABLATIONS, DEVICES, PRESETS, Cut, LiftSettings, Project, Render, Run
from pipeline.project.take import KINDS, KnownFrame, Take, VideoRequest
from renderer.errors import Refusal

names = st.text("abcdefghijklmnop0123456789", min_size=1, max_size=8)
texts = st.text(max_size=20)
small = st.integers(0, 500)
sizes = st.tuples(st.integers(1, 4096), st.integers(1, 4096))
numbers = st.floats(0.1, 240.0)
extras = st.dictionaries(
    names.map("x_{}".format), st.none() | st.booleans() | small | texts | st.lists(small, max_size=3)
)
lift_settings = st.builds(
    LiftSettings,
    preset=st.sampled_from(PRESETS),
    seed=small,
    device=st.sampled_from(DEVICES),
    without=st.lists(st.sampled_from(ABLATIONS), unique=True).map(tuple),
    extra=extras,
)
selections = st.builds(
    lambda a, n, d: FrameSelection(a, a + n, frozenset(d)), small, st.integers(1, 50), st.sets(st.integers(600, 900))
)
requests = st.builds(
    VideoRequest,
    kind=st.sampled_from(KINDS),
    prompt=texts,
    negative_prompt=texts,
    context=names,
    sources=st.lists(names, max_size=2).map(tuple),
    known=st.lists(st.builds(KnownFrame, small, names, small, st.floats(0, 1)), max_size=3).map(tuple),
    n_frames=small,
    guidance=numbers,
    seed=small,
    size=sizes,
    extra=extras,
)
runs = st.builds(
    Run,
    id=names,
    reference=names,
    freeze_time=names,
    canonical_reference_frame=small,
    canonical_freeze_frame=small,
    settings=lift_settings,
    figures=st.dictionaries(names, numbers, max_size=3),
    extra=extras,
)
renders = st.builds(
    Render,
    path=names.map(lambda name: Path("renders") / name),
    run=names,
    camera=texts,
    times=st.lists(numbers, max_size=2).map(tuple),
    size=sizes,
    fps=numbers,
    extra=extras,
)
opinions = st.builds(
    Curated,
    take=names,
    verdict=st.sampled_from(VERDICTS),
    scores=st.tuples(*[st.integers(0, 5)] * 7),
    notes=texts,
    frames=st.none() | selections,
    locked=st.frozensets(small),
    extra=extras,
)
cuts = st.builds(
    Cut,
    prompt=texts,
    reference=st.none() | names,
    curated=st.lists(opinions, max_size=3, unique_by=lambda opinion: opinion.take).map(tuple),
    canonical_freeze_frame=st.none() | small,
    lift=lift_settings,
    extra=extras,
)


def take_in(folder: Path, name: str, request: VideoRequest, extra: dict[str, Any]) -> Take:
    clip = Clip(str(folder.resolve() / "takes" / f"{name}.mkv"), 16, (288, 512), 16.0, "0" * 64)
    return Take(name, request, clip, extra=extra)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_project_survives_a_round_trip(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        takes = tuple(
            take_in(folder, take, data.draw(requests), data.draw(extras))
            for take in data.draw(st.lists(names, max_size=3, unique=True))
        )
        project = Project(
            takes,
            tuple(data.draw(st.lists(runs, max_size=2))),
            tuple(data.draw(st.lists(renders, max_size=2))),
            data.draw(cuts),
            data.draw(extras),
        )
        project_file.save(folder, project)
        assert project_file.load(folder) == project
        first = (folder / "project.json").read_bytes()
        project_file.save(folder, project_file.load(folder))
        assert (folder / "project.json").read_bytes() == first


def write(folder: Path, data: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.json").write_text(data if isinstance(data, str) else json.dumps(data))
    return folder


def a_take(path: str) -> dict[str, Any]:
    clip = {"path": path, "n_frames": 4, "size": [8, 8], "fps": 16.0, "digest": "0" * 64}
    return {"id": "a", "request": {"kind": "reference"}, "clip": clip}


def test_unknown_fields_of_a_newer_minor_version_survive(tmp_path: Path) -> None:
    data = {"schema": 1, "novelty": {"deep": [1, 2]}, "cut": {"prompt": "panda", "mood": "calm", "lift": {"speed": 3}}}
    data["takes"] = [{**a_take("takes/a.mkv"), "colour": "red"}]
    project = project_file.load(write(tmp_path, data))
    project_file.save(tmp_path, edits.set_canonical(project, 1, 2))
    again = json.loads((tmp_path / "project.json").read_text())
    assert again["novelty"] == {"deep": [1, 2]}
    assert again["cut"]["mood"] == "calm" and again["cut"]["lift"]["speed"] == 3
    assert again["takes"][0]["colour"] == "red"
    assert again["cut"]["canonical_freeze_frame"] == 2


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"schema": project_file.SCHEMA + 1, "cut": "of another shape"})
    before = (tmp_path / "project.json").read_bytes()
    with pytest.raises(Refusal, match="newer Splatime"):
        project_file.update(tmp_path, lambda project: project)
    assert (tmp_path / "project.json").read_bytes() == before


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    project_file.save(tmp_path, Project(cut=Cut(prompt="a panda")))
    whole = (tmp_path / "project.json").read_text()
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(Refusal):
            project_file.load(write(tmp_path / "cut", whole[:length]))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../other/a.mkv",
        "takes/../../a.mkv",
        "C:\\a.mkv",
        "..\\a.mkv",
        "C:/a.mkv",
        "",
        "takes/link/a.mkv",
        "a\0b",
    ],
)
def test_paths_never_lead_out_of_the_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "project"
    (folder / "takes").mkdir(parents=True)
    (folder / "takes" / "link").symlink_to(tmp_path)
    write(folder, {"schema": 1, "takes": [a_take(path)]})
    with pytest.raises(Refusal):
        project_file.load(folder)
    write(
        folder,
        {"schema": 1, "renders": [{"path": path, "run": "a", "camera": "", "times": [], "size": [1, 1], "fps": 1}]},
    )
    with pytest.raises(Refusal):
        project_file.load(folder)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"schema": "1"}',
        '{"schema": true}',
        '{"schema": 1, "cut": 3}',
        '{"schema": 1, "takes": [3]}',
        '{"schema": 1, "cut": {"lift": {"preset": "fast"}}}',
        '{"schema": 1, "cut": {"lift": {"seed": "1"}}}',
        '{"schema": 1, "cut": {"lift": {"seed": 1e400}}}',
        '{"schema": 1, "cut": {"lift": {"seed": NaN}}}',
        '{"schema": 1, "cut": {"reference_frames": {"start": 5, "stop": 2, "dropped": []}}}',
        '{"schema": 2, "cut": {"curated": [{"take": "a", "verdict": "maybe"}]}}',
        '{"schema": 2, "cut": {"curated": [{"take": "a"}, {"take": "a"}]}}',
        '{"schema": 2, "cut": {"curated": [{"take": "a", "scores": [1, 2]}]}}',
        '{"schema": 1, "takes": 3, "cut": {}}',
        '{"schema": 1, "runs": [{"id": "../../x"}]}',
    ],
)
def test_what_is_no_project_is_refused(tmp_path: Path, data: str) -> None:
    with pytest.raises(Refusal):
        project_file.load(write(tmp_path, data))


def test_a_runs_name_cannot_lead_anywhere_else(tmp_path: Path) -> None:
    run = {
        "reference": "a",
        "freeze_time": "b",
        "canonical_reference_frame": 0,
        "canonical_freeze_frame": 0,
        "settings": {},
    }
    assert project_file.load(write(tmp_path, {"schema": 1, "runs": [{"id": "0a1b", **run}]})).runs[0].id == "0a1b"
    with pytest.raises(Refusal, match="name a run"):
        project_file.load(write(tmp_path, {"schema": 1, "runs": [{"id": "../x", **run}]}))


def test_a_moved_project_finds_its_takes(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    project_file.save(old, Project(takes=(take_in(old, "a", VideoRequest("reference"), {}),)))
    old.rename(new)
    assert project_file.load(new).takes[0].clip.path == str(new.resolve() / "takes" / "a.mkv")


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Refusal, match="already holds something"):
        project_file.check_home(tmp_path)
    with pytest.raises(Refusal, match="is a file"):
        project_file.check_home(tmp_path / "thesis.txt")
    project_file.check_home(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    project_file.check_home(tmp_path / "empty")
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["empty", "thesis.txt"]


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    def note(index: int) -> None:
        run = Run(f"r{index}", "a", "b", 0, 0, LiftSettings())
        project_file.update(tmp_path, lambda project: edits.add_run(project, run))

    threads = [threading.Thread(target=note, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.id for run in project_file.load(tmp_path).runs} == {f"r{index}" for index in range(8)}


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with (
        project_file.locked(tmp_path / ".lock", "project"),
        pytest.raises(Refusal, match="Another Splatime"),
        project_file.locked(tmp_path / ".lock", "project", seconds=0.05),
    ):
        pass


def test_a_full_disk_leaves_the_old_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project_file.save(tmp_path, Project(cut=Cut(prompt="old")))

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refusal, match="disk is full"):
        project_file.save(tmp_path, Project(cut=Cut(prompt="new")))
    monkeypatch.undo()
    assert project_file.load(tmp_path).cut.prompt == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["project.json"]
