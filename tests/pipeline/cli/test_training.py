from __future__ import annotations

import json
from pathlib import Path

import pytest

from main import main
from pipeline.generate.pixel_diffusion import clips
from pipeline.generate.pixel_diffusion.weights import load
from tests.pipeline.generate.pixel_diffusion.moving import squares


@pytest.fixture(autouse=True)
def plain_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "procedural_source", squares)


def toy(out: Path, *words: str) -> int:
    return main(["train-prior", "--config", "toy", "--out", str(out), "--workers", "0", "--device", "cpu", *words])


def test_a_run_says_its_loss_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(tmp_path, "--steps", "3") == 0
    said = capsys.readouterr().out
    assert "step 3  loss " in said
    assert "after 3 steps" in said
    assert toy(tmp_path, "--steps", "5") == 1
    assert "--resume" in capsys.readouterr().err
    assert toy(tmp_path, "--steps", "5", "--resume") == 0
    _, told = load(tmp_path, "base")
    assert told["steps"] == 5
    assert told["config"]["name"] == "toy"


def test_a_script_reads_lines_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert toy(tmp_path, "--steps", "2", "--stage", "upsampler", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["stage", "progress", "note", "finished"]
    assert lines[1]["loss"] > 0
    assert lines[-1]["summary"]["held_out"]["sigmas"]
