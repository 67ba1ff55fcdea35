"""The provider by its command line: from words to takes, and failures that leave the project as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from main import main
from pipeline.jobs.doctor import examine
from pipeline.project import media, project_file

Folder = Callable[[str], Path]


def generate(home: Path, *words: str) -> int:
    return main(["generate", "--provider", "diffusers", "--steps", "2", "--out", str(home), *words])


def test_from_words_to_a_reference_a_freeze_time_video_and_a_re_roll(
    model: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = tmp_path / "p", model("ltx")
    monkeypatch.chdir(folder.parent)
    words = ("--prompt", "a fox running", "--size", "64x32")
    assert generate(home, "--model", folder.name, "--kind", "reference", *words) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPLATIME_DIFFUSERS_MODEL", str(folder))
    assert generate(home, "--kind", "freeze-time", "--frame", "3") == 0
    reference, frozen = project_file.load(home).takes
    assert reference.request.options == {"model": str(folder)}
    a, b = (media.read_frames(take.clip.path) for take in (reference, frozen))
    assert np.array_equal(b[0], a[3]) and len(b) == 16
    assert generate(home, "--kind", "reroll", "--lock", "0-4,9") == 0
    c = media.read_frames(project_file.load(home).takes[2].clip.path)
    kept = [0, 1, 2, 3, 4, 9]
    assert np.array_equal(c[kept], b[kept]) and not np.array_equal(c[5:9], b[5:9])


def test_what_goes_wrong_is_one_sentence_and_nothing_is_lost(
    model: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "p"
    cases = (
        ((), "Choose the folder of a video model"),
        (("--model", str(tmp_path)), "it has no model_index.json"),
        (("--model", str(model("cogvideox"))), "makes no reference videos"),
        (("--model", str(model("ltx")), "--set", "lora=nowhere.safetensors"), "There is no LoRA"),
    )
    for words, sentence in cases:
        assert generate(home, "--kind", "reference", "--prompt", "x", "--size", "64x32", *words) == 1
        assert sentence in capsys.readouterr().err
    assert not project_file.is_project(home) or project_file.load(home).takes == ()


def test_progress_and_previews_come_as_lines(model: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--model", str(model("vace")), "--kind", "reference", "--prompt", "x", "--size", "32x32", "--json")
    assert generate(tmp_path / "p", *words) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"preview", "progress", "produced"} <= {line["type"] for line in lines}


def test_the_doctor_says_what_is_missing(model: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def finding() -> tuple[str, str]:
        found = next(finding for finding in examine() if finding.name == "provider diffusers")
        return found.state, found.text

    monkeypatch.setattr("pipeline.jobs.doctor._child", lambda _code: None)
    assert finding()[0] == "note" and "SPLATIME_DIFFUSERS_MODEL" in finding()[1]
    monkeypatch.setenv("SPLATIME_DIFFUSERS_MODEL", str(model("ltx")))
    assert finding() == ("good", "LTX-Video: reference, freeze-time, extend, reroll")
