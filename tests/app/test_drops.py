"""What a drop means, told by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.drops import Drop, sorted_drop, with_kinds
from pipeline.project.project import Project
from pipeline.project.project_file import save


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_the_freeze_time_video_is_the_one_that_says_so(tmp_path: Path) -> None:
    a, b = touch(tmp_path / "my_orbit.mov"), touch(tmp_path / "panda.webm")
    assert sorted_drop([a, b]).videos == (b, a)
    assert with_kinds((b, a)) == [(b, "reference"), (a, "freeze_time")]


def test_of_two_unnamed_videos_the_second_is_the_freeze_time_one(tmp_path: Path) -> None:
    a, b, c = (touch(tmp_path / name) for name in ("a.mp4", "b.gif", "c.mp4"))
    assert with_kinds(sorted_drop([a, b]).videos) == [(a, "reference"), (b, "freeze_time")]
    assert {kind for _path, kind in with_kinds((a, b, c))} == {"reference"}


def test_folders_of_images_are_takes_and_other_folders_projects(tmp_path: Path) -> None:
    images = touch(tmp_path / "freeze" / "0001.png").parent
    save(tmp_path / "p", Project())
    touch(tmp_path / "p" / "thumb.png")
    assert sorted_drop([images]).videos == (images,)
    assert sorted_drop([tmp_path / "p"]) == Drop(project=tmp_path / "p")
    assert sorted_drop([tmp_path / "p" / "project.json"]) == Drop(project=tmp_path / "p")
    (tmp_path / "other").mkdir()
    assert sorted_drop([tmp_path / "other"]) == Drop(project=tmp_path / "other")


def test_a_zip_is_a_packed_project(tmp_path: Path) -> None:
    assert sorted_drop([touch(tmp_path / "p.zip")]) == Drop(packed=tmp_path / "p.zip")


@pytest.mark.parametrize("name", ["notes.txt", "scene.ply", "video.mp4.part"])
def test_the_rest_is_not_taken(tmp_path: Path, name: str) -> None:
    assert sorted_drop([touch(tmp_path / name)]).empty
