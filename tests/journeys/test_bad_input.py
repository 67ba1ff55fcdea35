"""Bad input ends in one clear sentence and exit code 1, and nothing is lost or left behind."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Clips = dict[str, Path]
SmallDisk = Callable[[int], Path]


def lift(clips: Clips, out: Path, reference: str = "reference", freeze: str = "noise") -> list[str | Path]:
    return ["lift", "--reference", clips[reference], "--freeze-time", clips[freeze], "--out", out]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("missing", "does not exist"),
        ("empty", "0 bytes"),
        ("text", "not a video"),
        ("cut", "video"),
        ("one", "only one frame"),
        ("wide", "same shape"),
    ],
)
@pytest.mark.parametrize("role", ["reference", "freeze"])
def test_a_video_that_cannot_be_used(here: Run, clips: Clips, tmp_path: Path, role: str, bad: str, words: str) -> None:
    outcome = here(*lift(clips, tmp_path / "project", **{role: bad}))
    assert outcome.code == 1
    assert words in outcome.sentence
    assert outcome.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_video(here: Run, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    outcome = here("lift", "--reference", tmp_path / "folder", "--freeze-time", clips["noise"], "--out", tmp_path / "p")
    assert outcome.code == 1 and outcome.sentence
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(("bad", "words"), [("still", "does not move"), ("noise", "Too few features")])
def test_a_freeze_time_video_without_a_moving_camera(
    splatime: Run, clips: Clips, tmp_path: Path, bad: str, words: str
) -> None:
    outcome = splatime(*lift(clips, tmp_path / "project", freeze=bad))
    assert outcome.code == 1
    assert words in outcome.sentence
    facts = json.loads(splatime("info", tmp_path / "project", "--json").out)
    assert [take["kind"] for take in facts["takes"]] == ["reference", "freeze_time"]
    assert not any(run["finished"] for run in facts["runs"])


def test_the_same_aspect_in_another_size_is_taken(here: Run, clips: Clips, tmp_path: Path) -> None:
    outcome = here(*lift(clips, tmp_path / "project", reference="almost", freeze="still"))
    assert "does not move" in outcome.sentence


def test_an_out_folder_that_holds_something_else(here: Run, clips: Clips, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    (out / "chapters").mkdir(parents=True)
    (out / "chapters" / "one.txt").write_text("years of work")
    before = contents(tmp_path)
    outcome = here(*lift(clips, out))
    assert outcome.code == 1
    assert "already holds something" in outcome.sentence
    assert contents(tmp_path) == before
    outcome = here(*lift(clips, out / "chapters" / "one.txt"))
    assert outcome.code == 1 and "is a file" in outcome.sentence
    assert contents(tmp_path) == before


def test_a_damaged_project_is_not_written_into(here: Run, clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text('{"schema": 1, "takes": [')
    outcome = here(*lift(clips, tmp_path))
    assert outcome.code == 1
    assert "damaged" in outcome.sentence
    assert list(contents(tmp_path)) == ["project.json"]


def test_canonical_frames_that_are_not_there(here: Run, clips: Clips, tmp_path: Path) -> None:
    for flag, words in (("--canonical-frame", "reference video"), ("--canonical-freeze-frame", "freeze-time video")):
        outcome = here(*lift(clips, tmp_path / "project"), flag, "99")
        assert outcome.code == 1
        assert words in outcome.sentence and "no frame 99" in outcome.sentence
        assert list(tmp_path.iterdir()) == []


def test_cuda_where_there_is_none(here: Run, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = here(*lift(clips, tmp_path / "project"), "--device", "cuda")
    assert outcome.code == 1
    assert "CUDA" in outcome.sentence


def test_failures_are_json_lines_for_a_script(here: Run, clips: Clips, tmp_path: Path) -> None:
    for freeze in ("missing", "still"):
        outcome = here(*lift(clips, tmp_path / "project", freeze=freeze), "--json")
        assert outcome.code == 1 and outcome.sentence
        lines = [json.loads(line) for line in outcome.out.splitlines()]
        assert lines[-1]["type"] == "failed" and lines[-1]["cancelled"] is False
        assert sum(line["type"] == "failed" for line in lines) == 1


def test_a_full_disk_is_seen_before_anything_is_written(
    here: Run, clips: Clips, small_disk: SmallDisk, tmp_path: Path
) -> None:
    outcome = here(*lift(clips, small_disk(256) / "project"))
    assert outcome.code == 1
    assert "disk" in outcome.sentence and "full" in outcome.sentence
    assert contents(tmp_path) == {}


def test_a_disk_that_fills_up_loses_nothing(
    here: Run, clips: Clips, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.project import library, project_file

    monkeypatch.setattr(library, "RESERVE_BYTES", -(1 << 40))
    disk = small_disk(256)
    project = disk / "project"
    project_file.update(project, lambda known: known)
    before = contents(project)
    (disk / "ballast").write_bytes(b"x" * 200_000)
    outcome = here(*lift(clips, project))
    assert outcome.code == 1
    assert "disk is full" in outcome.sentence
    assert contents(project) == before


def test_a_file_size_limit_is_told(root: Path, clips: Clips, tmp_path: Path) -> None:
    """The same without root: the system refuses any file above 8 KB."""
    done = subprocess.run(
        [sys.executable, str(root / "main.py"), *map(str, lift(clips, tmp_path / "project"))],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("splatime: ") and "larger than this file system allows" in done.stderr
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "words",
    [
        ["lift"],
        ["lift", "--reference", "a", "--freeze-time", "b", "--out", "c", "--preset", "fast"],
        ["lift", "--reference", "a", "--freeze-time", "b", "--out", "c", "--seed", "-1"],
        ["lift", "--reference", "a", "--freeze-time", "b", "--out", "c", "--without", "everything"],
        ["render", "p"],
        ["render", "p", "--out", "x.png", "--size", "12"],
        ["render", "p", "--out", "x.png", "--size", "0x5"],
        ["render", "p", "--out", "x.png", "--size", "99999x5"],
        ["render", "p", "--out", "x.png", "--time", "now"],
        ["render", "p", "--out", "x.png", "--time", "1:2:3"],
        ["render", "p", "--out", "x.png", "--time", "nan"],
        ["render", "p", "--out", "x.mp4", "--fps", "0"],
        ["export", "p", "--out", "x.ply", "--time", "1:2"],
        ["export", "p", "--out", "x.ply", "--format", "obj"],
        ["evaluate", "p"],
        ["ablate", "s"],
        ["ablate", "--out", "d"],
        ["ablate", "s", "--faulty", "--out", "d"],
        ["ablate", "s", "--out", "d", "--arms", "small-motion,magic"],
        ["ablate", "s", "--out", "d", "--seeds", "0"],
        ["info"],
        ["--nonsense"],
        ["a", "b"],
    ],
)
def test_usage_errors(here: Run, words: list[str]) -> None:
    outcome = here(*words)
    assert outcome.code == 2
    assert "usage" in outcome.err and outcome.out == ""


@pytest.mark.parametrize("verb", ["info", "render", "export", "evaluate"])
def test_a_project_that_is_not_there(here: Run, tmp_path: Path, verb: str) -> None:
    more = {"render": ["--out", "x.png"], "export": ["--out", "x.ply"], "evaluate": ["--scene", "s"]}
    outcome = here(verb, tmp_path / "nowhere", *more.get(verb, []))
    assert outcome.code == 1
    assert "not a Splatime project" in outcome.sentence
    assert list(tmp_path.iterdir()) == []
