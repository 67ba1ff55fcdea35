"""Exported splats are the scene at that time, one file or a sequence with the same splats in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plyfile
import pytest

from pipeline.jobs.spec import ExportJob
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished
from renderer.formats.ply import read_ply
from renderer.snapshot import Snapshot


def export(project: Path, out: str, form: str = "ply", time: float | None = None) -> Finished | Failed:
    last = list(run(ExportJob(str(project), out, form, time)))[-1]
    assert isinstance(last, Finished | Failed)
    return last


def test_one_moment(project: Path, scene: Snapshot, tmp_path: Path) -> None:
    assert isinstance(export(project, str(tmp_path / "a.ply"), time=7.0), Finished)
    np.testing.assert_allclose(read_ply(tmp_path / "a.ply").means, scene.at(7.0).means, atol=1e-6)
    data = plyfile.PlyData.read(str(tmp_path / "a.ply"))
    assert "time: reference frame 7" in data.comments and len(data["vertex"]) == 60


def test_without_a_time_it_is_the_canonical_scene(project: Path, scene: Snapshot, tmp_path: Path) -> None:
    assert isinstance(export(project, str(tmp_path / "a.ply")), Finished)
    np.testing.assert_allclose(read_ply(tmp_path / "a.ply").means, scene.means, atol=1e-6)


def test_a_sequence(project: Path, scene: Snapshot, tmp_path: Path) -> None:
    end = export(project, str(tmp_path / "splats/"), "ply-sequence")
    assert isinstance(end, Finished) and end.summary["files"] == 7
    files = sorted((tmp_path / "splats").iterdir())
    assert [file.name for file in files] == [f"splats_{i:05d}.ply" for i in range(7)]
    for time, file in zip(range(2, 9), files, strict=True):
        np.testing.assert_allclose(read_ply(file).means, scene.at(time).means, atol=1e-6)


@pytest.mark.parametrize(
    ("out", "form", "time", "words"),
    [
        ("a.png", "ply", None, "ends in .ply"),
        ("a/", "ply", None, "ends in .ply"),
        ("a.ply", "ply-sequence", None, "a folder"),
        ("a/", "ply-sequence", 3.0, "every lifted time"),
        ("a.ply", "ply", 99.0, "2 to 8"),
    ],
)
def test_what_does_not_fit_is_refused(
    project: Path, tmp_path: Path, out: str, form: str, time: float | None, words: str
) -> None:
    end = export(project, f"{tmp_path}/{out}", form, time)
    assert isinstance(end, Failed) and words in end.sentence
    assert [entry.name for entry in tmp_path.iterdir()] == ["project"]


def test_a_folder_with_something_else_is_left_alone(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("mine")
    end = export(project, f"{tmp_path}/mine", "ply-sequence")
    assert isinstance(end, Failed) and "something else" in end.sentence
    assert [entry.name for entry in (tmp_path / "mine").iterdir()] == ["a.txt"]
