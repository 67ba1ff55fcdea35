"""transforms.json and cameras.json: OpenGL axes become ours, round trips are lossless, lies are refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from renderer.errors import Refusal
from renderer.formats.cameras_json import dump_cameras_json, read_cameras_json
from renderer.formats.lens import Lens
from renderer.formats.point_ply import read_point_ply
from renderer.formats.posed_images import PosedImage, PosedImages, in_order
from renderer.formats.transforms_json import dump_transforms, read_transforms
from tests.renderer.formats.posed import assert_same_cameras, posed_images
from tests.renderer.formats.test_colmap import orbit, write

EXACT = 1e-9


def test_transforms_round_trip(tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=20, deadline=None)
    @given(posed=posed_images(("pinhole", "opencv", "fisheye")))
    def law(posed: PosedImages) -> None:
        back = read_transforms(write(tmp_path_factory.mktemp("t"), dump_transforms(posed, "")) / "transforms.json")
        assert_same_cameras(back, posed, EXACT)
        np.testing.assert_array_equal(back.cloud.points, posed.cloud.points)
        np.testing.assert_array_equal(back.cloud.rgb, posed.cloud.rgb)

    law()


def test_cameras_json_round_trip(tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=20, deadline=None)
    @given(posed=posed_images(("pinhole",), tracks=False))
    def law(posed: PosedImages) -> None:
        path = write(tmp_path_factory.mktemp("c"), dump_cameras_json(posed)) / "cameras.json"
        assert_same_cameras(read_cameras_json(path), posed, EXACT)

    law()


def test_an_opengl_camera_looks_along_minus_z(tmp_path: Path) -> None:
    """The camera at (0, 0, 5) with OpenGL's identity rotation looks at the origin; up is +y."""
    pose = np.eye(4)
    pose[2, 3] = 5.0
    data = {"camera_angle_x": math.pi / 2, "frames": [{"file_path": "./train/r_0", "transform_matrix": pose.tolist()}]}
    (tmp_path / "transforms.json").write_text(json.dumps(data))
    (image,) = read_transforms(tmp_path / "transforms.json", (100, 200)).images
    assert image.name == "train/r_0" and image.lens.fx == pytest.approx(100)
    pixels, depth = image.lens.camera(image.world_from_camera).project(np.array([[0.0, 0, 0], [0, 1.0, 0]]))
    np.testing.assert_allclose(depth, [5, 5])
    np.testing.assert_allclose(pixels, [[100, 50], [100, 30]])


def test_the_size_is_needed_from_somewhere(tmp_path: Path) -> None:
    frame = {"file_path": "a.png", "transform_matrix": np.eye(4).tolist()}
    (tmp_path / "transforms.json").write_text(json.dumps({"camera_angle_x": 1.0, "frames": [frame]}))
    with pytest.raises(Refusal, match="no image size"):
        read_transforms(tmp_path / "transforms.json")


def test_a_real_capture_of_instant_ngp_is_read(shared: Path) -> None:
    posed = read_transforms(shared / "orbits" / "with_poses" / "fox" / "transforms.json")
    assert len(posed.images) == 25 and not posed.images[0].lens.is_straight
    centres = np.array([image.world_from_camera[:3, 3] for image in posed.images])
    aims = np.array([image.world_from_camera[:3, 2] for image in posed.images])
    towards = centres.mean(0) + 2 * aims.mean(0)  # they stand in an arc and look at what is before it
    cosines = ((towards - centres) / np.linalg.norm(towards - centres, axis=1, keepdims=True) * aims).sum(1)
    assert np.median(cosines) > 0.8


def test_nerfstudios_ascii_points_are_read(tmp_path: Path) -> None:
    kinds = ["float x", "float y", "float z", "uint8 red", "uint8 green", "uint8 blue"]
    head = ["ply", "format ascii 1.0", "element vertex 2", *(f"property {kind}" for kind in kinds), "end_header"]
    path = tmp_path / "sparse_pc.ply"
    path.write_text("\n".join([*head, "1 2 3 255 0 7", "-1.5 0 2e-3 1 2 3", ""]))
    points, rgb = read_point_ply(path)
    np.testing.assert_allclose(points, np.array([[1, 2, 3], [-1.5, 0, 0.002]]))
    np.testing.assert_array_equal(rgb, [[255, 0, 7], [1, 2, 3]])
    path.write_text("\n".join([*head, "1 2 3 255 0 7", ""]))
    with pytest.raises(Refusal, match="cut off"):
        read_point_ply(path)
    path.write_text("\n".join([*head, "1 2 3 999 0 7", "1 2 nan 0 0 0", ""]))
    with pytest.raises(Refusal, match="not usable"):
        read_point_ply(path)


def test_what_a_format_cannot_hold_is_not_written() -> None:
    rational = Lens((10, 10), 10, 10, 5, 5, (0.1, 0, 0, 0.1, 0, 0))
    posed = in_order([PosedImage("a.png", np.eye(4), rational)])
    with pytest.raises(ValueError, match="straighten"):
        dump_transforms(posed)
    with pytest.raises(ValueError, match="straighten"):
        dump_cameras_json(posed)


def change(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.__setitem__(key, value)


def change_frame(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["frames"][1].__setitem__(key, value)


MIRROR = np.diag([-1.0, 1, 1, 1]).tolist()
LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "mirrors": change_frame("transform_matrix", MIRROR),
    "not a rotation": change_frame("transform_matrix", np.diag([2.0, 2, 2, 1]).tolist()),
    "not usable": change_frame("transform_matrix", [[float("nan")] * 4] * 4),
    "lie inside": change_frame("file_path", "../../secrets/x.png"),
    "lie inside the": change_frame("file_path", "/etc/passwd"),
    "two images named": change_frame("file_path", "images/frame_00000.png"),
    "EQUIRECTANGULAR": change("camera_model", "EQUIRECTANGULAR"),
    "absurd": change("fl_x", 1e9),
    "outside|whole pixels": change("w", 10**9),
    "0 images": change("frames", []),
    "not a list": change("frames", {"a": 1}),
    "lie inside the folder": change("ply_file_path", "../points.ply"),
    "check the name": change("ply_file_path", "missing.ply"),
    "lacks 'transform_matrix'": lambda data: data["frames"][0].pop("transform_matrix"),
}


@pytest.mark.parametrize("fault", LIES)
def test_a_lying_transforms_json_is_refused_by_its_fault(fault: str, tmp_path: Path) -> None:
    files = dump_transforms(orbit())
    data = json.loads(files["transforms.json"])
    LIES[fault](data)
    path = write(tmp_path, {**files, "transforms.json": json.dumps(data).encode()}) / "transforms.json"
    with pytest.raises(Refusal, match=fault):
        read_transforms(path)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", "{}", "[" * 100_000])
def test_what_is_not_json_of_cameras_is_refused(text: str, tmp_path: Path) -> None:
    for name, read in (("transforms.json", read_transforms), ("cameras.json", read_cameras_json)):
        (tmp_path / name).write_text(text)
        with pytest.raises(Refusal, match=name):
            read(tmp_path / name)
