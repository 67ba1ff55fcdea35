"""A folder of cameras: its format is found, half a model and missing images are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.errors import Refusal
from renderer.formats.cameras_json import dump_cameras_json
from renderer.formats.colmap_binary import dump_colmap_binary
from renderer.formats.colmap_text import dump_colmap_text
from renderer.formats.pose_folder import read_pose_folder
from renderer.formats.transforms_json import dump_transforms
from tests.renderer.formats.test_colmap import orbit, write


@pytest.mark.parametrize("place", ["", "sparse", "sparse/0", "colmap/sparse/0"])
@pytest.mark.parametrize("dump", [dump_colmap_binary, dump_colmap_text])
def test_a_colmap_model_is_found_where_programs_keep_it(place: str, dump: type, tmp_path: Path) -> None:
    write(tmp_path / place, dump(orbit()))
    assert len(read_pose_folder(tmp_path).images) == 3


def test_the_larger_of_several_models_counts(tmp_path: Path) -> None:
    write(tmp_path / "sparse" / "0", dump_colmap_binary(orbit(2)))
    write(tmp_path / "sparse" / "1", dump_colmap_binary(orbit(5)))
    assert len(read_pose_folder(tmp_path).images) == 5


def test_json_files_are_found_or_named(tmp_path: Path) -> None:
    write(tmp_path / "t", dump_transforms(orbit()))
    write(tmp_path / "c", dump_cameras_json(orbit()))
    for path in (tmp_path / "t", tmp_path / "t" / "transforms.json", tmp_path / "c", tmp_path / "c" / "cameras.json"):
        assert len(read_pose_folder(path).images) == 3


@pytest.mark.parametrize("lost", ["images.bin", "cameras.bin", "images.txt", "cameras.txt"])
def test_half_a_model_is_refused_by_what_it_lacks(lost: str, tmp_path: Path) -> None:
    write(tmp_path / "sparse" / "0", (dump_colmap_binary if lost.endswith("bin") else dump_colmap_text)(orbit()))
    (tmp_path / "sparse" / "0" / lost).unlink()
    with pytest.raises(Refusal, match=f"no {lost}"):
        read_pose_folder(tmp_path)


def test_images_that_lie_beside_the_cameras_must_all_be_there(tmp_path: Path) -> None:
    write(tmp_path, dump_transforms(orbit()))
    images = tmp_path / "images"
    write(images, {f"frame_{i:05d}.png": b"" for i in range(3)})
    assert len(read_pose_folder(tmp_path).images) == 3
    (images / "frame_00001.png").unlink()
    with pytest.raises(Refusal, match=r"frame_00001\.png, which the folder does not hold"):
        read_pose_folder(tmp_path)


def test_a_place_without_cameras_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="holds no cameras"):
        read_pose_folder(tmp_path)
    with pytest.raises(Refusal, match="does not exist"):
        read_pose_folder(tmp_path / "nowhere")
    (tmp_path / "film.mp4").write_bytes(b"")
    with pytest.raises(Refusal, match="not a file of cameras"):
        read_pose_folder(tmp_path / "film.mp4")
