"""Where results go: by the form of the name, whole or not at all, and never over something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.jobs.output import FRAMES, FrameFolder, form_of
from renderer.errors import Refusal


def test_the_form_follows_the_name(tmp_path: Path) -> None:
    (tmp_path / "v1.0").mkdir()
    forms = {"a.png": "image", "a.PNG": "image", "a.mp4": "film", "a.ply": "splats", "a/": "folder", "a.png/": "folder"}
    forms |= {"frames": "folder", str(tmp_path / "v1.0"): "folder"}
    assert {name: form_of(name) for name in forms} == forms
    with pytest.raises(Refusal, match="does not write"):
        form_of("a.avi")


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "frames"
    with FrameFolder(out, FRAMES, "w") as scratch:
        (scratch / "frame_00000.png").write_bytes(b"new")
        assert not out.exists()
    assert [p.name for p in out.iterdir()] == ["frame_00000.png"]
    assert [p.name for p in out.parent.iterdir()] == ["frames"]


def test_an_older_result_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    out = tmp_path / "frames"
    out.mkdir()
    for index in range(3):
        (out / f"frame_0000{index}.png").write_bytes(b"old")
    with pytest.raises(KeyError), FrameFolder(out, FRAMES, "w") as scratch:
        (scratch / "frame_00000.png").write_bytes(b"half")
        raise KeyError
    assert sorted(p.read_bytes() for p in out.iterdir()) == [b"old"] * 3
    with FrameFolder(out, FRAMES, "w") as scratch:
        (scratch / "frame_00000.png").write_bytes(b"new")
    assert [p.read_bytes() for p in out.iterdir()] == [b"new"]
    assert [p.name for p in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize("name", ["holiday.jpg", "frame_1.txt", "frame_00000.png/x"])
def test_a_folder_with_something_else_is_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / "out" / name
    place.parent.mkdir(parents=True)
    place.write_bytes(b"mine")
    with pytest.raises(Refusal, match="something else"):
        FrameFolder(tmp_path / "out", FRAMES, "w")
    with pytest.raises(Refusal, match="is a file"):
        FrameFolder(place, FRAMES, "w")
    assert place.read_bytes() == b"mine"
