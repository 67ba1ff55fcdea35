"""The verb generate: from words to a project that can be lifted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from main import main
from pipeline.generate.registry import Row
from pipeline.project import project_file


@pytest.fixture(autouse=True)
def bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.generate.registry.PROVIDERS", (Row("bar", "tests.fakes.moving_bar:make"),))


def generate(home: Path, *words: str) -> int:
    return main(["generate", "--provider", "bar", "--out", str(home), *words])


def test_from_words_to_two_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "p"
    assert generate(home, "--kind", "reference", "--prompt", "a bar moving", "--size", "64x36", "--takes", "2") == 0
    said = capsys.readouterr().out
    assert said.count("Kept take") == 2 and "16 frames of 64x36, seed 1" in said
    assert generate(home, "--kind", "freeze-time", "--frame", "3", "--prompt", "a bar moving") == 0
    told = capsys.readouterr()
    assert "Camera circulating around a bar, time elapse" in told.err and "degrees, weakest seam" in told.out
    project = project_file.load(home)
    cut = project.cut
    assert cut.reference == project.takes[0].id and cut.freeze_time == project.takes[2].id
    assert (cut.canonical_reference_frame, cut.canonical_freeze_frame) == (3, 0)
    assert generate(home, "--kind", "reroll", "--lock", "0-9,12", "--seed", "5") == 0
    assert len(project_file.load(home).takes) == 4
    assert generate(home, "--kind", "extend", "--side", "right", "--accept") == 0
    project = project_file.load(home)
    assert project.cut.freeze_time == project.takes[4].id and project.takes[4].clip.n_frames == 24
    assert (project.cut.canonical_reference_frame, project.cut.canonical_freeze_frame) == (3, 0)


def test_a_failure_is_one_sentence_and_leaves_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "p"
    assert generate(home, "--kind", "freeze-time") == 1
    assert "no reference take" in capsys.readouterr().err and not home.exists()
    assert generate(home, "--kind", "reference", "--prompt", "x", "--set", "fail=Weights are missing.") == 1
    assert capsys.readouterr().err.strip().endswith("splatime: Weights are missing.") and not home.exists()


def test_json_lines_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(tmp_path / "p", "--kind", "reference", "--prompt", "x", "--size", "64x36", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "stage" and kinds[-1] == "finished" and {"preview", "progress", "produced"} <= set(kinds)
