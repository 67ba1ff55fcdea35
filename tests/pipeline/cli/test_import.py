"""`splatime import`: takes come in, the first ones are chosen, bad ones leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from main import main
from pipeline.project import project_file
from tests.app.takes import video


def test_videos_become_takes_and_are_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference, freeze = video(tmp_path / "r.mkv", 8), video(tmp_path / "f.mkv", 6)
    out = str(tmp_path / "p")
    assert main(["import", out, "--reference", str(reference), "--freeze-time", str(freeze), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["produced", "produced", "finished"]
    project = project_file.load(tmp_path / "p")
    assert [take.clip.n_frames for take in project.takes] == [8, 6]
    cut = project.cut
    assert (cut.reference, cut.freeze_time) == tuple(take.id for take in project.takes)
    assert cut.canonical_reference_frame == cut.canonical_freeze_frame
    more = video(tmp_path / "g.mkv", 7)
    assert main(["import", out, "--freeze-time", str(more)]) == 0
    again = project_file.load(tmp_path / "p")
    assert len(again.takes) == 3 and again.cut == cut


def test_the_windows_import_leaves_the_cut_alone(tmp_path: Path) -> None:
    reference = video(tmp_path / "r.mkv")
    assert main(["import", str(tmp_path / "p"), "--reference", str(reference), "--library-only", "--json"]) == 0
    project = project_file.load(tmp_path / "p")
    assert len(project.takes) == 1 and project.cut.reference is None


def test_bad_videos_are_refused_before_anything_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = video(tmp_path / "r.mkv"), tmp_path / "b.mp4"
    bad.write_bytes(b"nonsense")
    assert main(["import", str(tmp_path / "p"), "--reference", str(good), "--freeze-time", str(bad)]) == 1
    assert "b.mp4" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()
    assert main(["import", str(tmp_path / "p")]) == 2
    assert "say which videos" in capsys.readouterr().err
