"""Projects of every older schema open, with all that they said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.project import project_file
from pipeline.project.clip import FrameSelection
from pipeline.project.migrations import STEPS, migrated
from pipeline.project.project_file import SCHEMA


def take(name: str, **more: Any) -> dict[str, Any]:
    clip = {"path": f"takes/{name}.mkv", "n_frames": 16, "size": [8, 8], "fps": 16.0, "digest": "0" * 64}
    return {"id": name, "request": {"kind": "reference"}, "clip": clip, **more}


FIRST = {
    "schema": 1,
    "takes": [take("a", rating=0, notes="the good one", parent=None), take("b", rating=0, notes="", colour="red")],
    "cut": {
        "reference": "a",
        "freeze_time": "b",
        "reference_frames": None,
        "freeze_time_frames": {"start": 2, "stop": 9, "dropped": [4]},
        "canonical_reference_frame": 3,
        "canonical_freeze_frame": 5,
        "mood": "calm",
    },
}


def test_every_schema_has_a_step() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA))


def test_the_first_schema(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text(json.dumps(FIRST))
    project = project_file.load(tmp_path)
    assert project.cut.freeze_time_frames == FrameSelection(2, 9, frozenset({4}))
    assert project.cut.reference_frames is None
    assert project.cut.opinion("a").notes == "the good one"
    assert project.cut.canonical_freeze_frame == 5
    assert project.cut.extra == {"mood": "calm"}
    assert [dict(known.extra) for known in project.takes] == [{}, {"colour": "red"}]
    project_file.save(tmp_path, project)
    assert json.loads((tmp_path / "project.json").read_text())["schema"] == SCHEMA
    assert project_file.load(tmp_path) == project


def test_the_second_schema(tmp_path: Path) -> None:
    brought = {"kind": "reference", "context": ["a"], "known_frames": [], "seed": 3}
    second = {"schema": 2, "takes": [take("a"), take("b", request=brought)]}
    (tmp_path / "project.json").write_text(json.dumps(second))
    request = project_file.load(tmp_path).takes[1].request
    assert (request.sources, request.context, request.known, request.seed) == (("a",), "", (), 3)


def test_odd_data_pass_through_to_be_refused() -> None:
    for odd in ({"cut": 3}, {"takes": "x"}, {"takes": [3, {"id": 4, "request": 5}], "cut": {"reference_frames": 7}}):
        migrated(dict(odd), 1, SCHEMA)
