"""The verbs providers and fetch-model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from main import main
from pipeline.generate.open_models import download
from tests.fakes.model_hub import ModelHub


def test_providers_are_listed_with_what_they_need(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPLATIME_DIFFUSERS_MODEL", raising=False)
    assert main(["providers"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["procedural"].endswith("Demo: procedural") and " - " in lines["diffusers"]
    assert main(["providers", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["name"]: bool(one["why_not"]) for one in told}["procedural"] is False
    assert main(["providers", "--model", "x"]) == 2
    assert "whose options" in capsys.readouterr().err


def test_all_of_one_provider_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["providers", "pixel"]) == 0
    said = capsys.readouterr().out
    for words in ("16, up to 16 in one go", "512x288, 64x36", "anywhere", "Apache-2.0", "--set churn=", "0 to 1000"):
        assert words in said
    assert main(["providers", "procedural", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kinds"] and told["options"][0]["name"] == "sweep"
    assert main(["providers", "nobody"]) == 1
    assert main(["providers", "diffusers", "--model", str(tmp_path)]) == 1
    assert "no model_index.json" in capsys.readouterr().err


def test_a_models_folder_tells_what_it_can_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("diffusers", reason="the extra diffusers is not installed")
    from tests.fakes.open_models import save

    save("cogvideox", tmp_path / "m")
    capsys.readouterr()
    assert main(["providers", "diffusers", "--model", str(tmp_path / "m"), "--set", "stride=3"]) == 0
    said = capsys.readouterr().out
    for words in (
        "CogVideoX image-to-video",
        "freeze-time, extend, reroll",
        "any number, up to 17",
        "48x32",
        "the first",
    ):
        assert words in said
    assert "auto|none|model|sequential, auto by default" in said


def test_nothing_is_fetched_before_it_is_agreed_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "model_index.json").write_text('{"_class_name": "LTXPipeline"}')
    hub = ModelHub("makers/model", tmp_path / "hub")
    monkeypatch.setattr(download, "_hub", lambda: hub)
    words = ["fetch-model", "makers/model", "--out", str(tmp_path / "m")]
    assert main(words) == 2
    told = capsys.readouterr()
    assert "makers/model (LTX-Video; licence: some-open-licence): 1 file, 0.0 MB" in told.out
    assert "--yes agrees" in told.err and not (tmp_path / "m").exists()
    assert main([*words, "--json"]) == 0
    told_json = json.loads(capsys.readouterr().out)
    assert told_json["words"] in told.out and told_json["licence"] == "some-open-licence"
    assert told_json["bytes"] == 30 and not (tmp_path / "m").exists()
    assert main([*words, "--yes", "--json"]) == 0
    kinds = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["stage", "progress", "finished"] and (tmp_path / "m" / "model_index.json").is_file()
    assert main(["fetch-model", "nobody/nothing", "--out", str(tmp_path / "m")]) == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("Yes\n", 0), ("\n", 2), ("no\n", 2), ("", 2)])
def test_a_person_is_asked(answer: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "model_index.json").write_text('{"_class_name": "LTXPipeline"}')
    monkeypatch.setattr(download, "_hub", lambda: ModelHub("makers/model", tmp_path / "hub"))
    monkeypatch.setattr("sys.stdin", Person(answer))
    assert main(["fetch-model", "makers/model", "--out", str(tmp_path / "m")]) == code
    assert (tmp_path / "m").exists() == (code == 0)


class Person:
    """Somebody at a terminal."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._answer
