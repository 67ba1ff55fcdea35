"""COLMAP models, text and binary: lossless round trips, COLMAP itself agrees, lying models are refused by name."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.camera import look_at
from renderer.errors import Refusal
from renderer.formats.colmap import MODELS, lens_of, model_of
from renderer.formats.colmap_binary import dump_colmap_binary, read_colmap_binary
from renderer.formats.colmap_text import dump_colmap_text, read_colmap_text
from renderer.formats.lens import Lens
from renderer.formats.posed_images import Cloud, PosedImage, PosedImages, in_order
from tests.renderer.formats.posed import assert_same_cameras, assert_same_clouds, posed_images

Dump = Callable[[PosedImages], dict[str, bytes]]
Read = Callable[[Path], PosedImages]
FORMATS = [(dump_colmap_binary, read_colmap_binary), (dump_colmap_text, read_colmap_text)]
UP = np.array([0.0, -1.0, 0.0])


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def orbit(count: int = 3) -> PosedImages:
    """Cameras around the origin and four points with whole tracks."""
    lens = Lens((100, 160), 150.0, 150.0, 80.0, 50.0)
    angles = np.linspace(0, 0.5, count)
    poses = [look_at(np.array([3 * np.sin(a), 0, -3 * np.cos(a)]), np.zeros(3), UP) for a in angles]
    images = [PosedImage(f"frame_{i:05d}.png", pose, lens) for i, pose in enumerate(poses)]
    points = np.array([[0.0, 0, 0], [0.3, 0.1, 0.2], [-0.4, 0.2, -0.1], [0.1, -0.3, 0.4]])
    xy = np.concatenate([np.stack([lens.camera(pose).project(points)[0][p] for pose in poses]) for p in range(4)])
    rows = np.tile(np.arange(count), 4)
    cloud = Cloud(points, np.full((4, 3), 128, np.uint8), np.zeros(4), np.arange(5) * count, rows, xy)
    return in_order(images, cloud)


@pytest.mark.parametrize(("dump", "read"), FORMATS, ids=["binary", "text"])
def test_a_round_trip_keeps_everything(dump: Dump, read: Read, tmp_path_factory: pytest.TempPathFactory) -> None:
    @settings(max_examples=20, deadline=None)
    @given(posed=posed_images())
    def law(posed: PosedImages) -> None:
        back = read(write(tmp_path_factory.mktemp("model"), dump(posed)))
        assert_same_cameras(back, posed, atol=1e-9 * max(1, np.abs([i.world_from_camera for i in posed.images]).max()))
        assert_same_clouds(back.cloud, posed.cloud)

    law()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(MODELS)), st.lists(st.floats(-0.1, 0.1), min_size=12, max_size=12))
def test_every_camera_model_is_the_lens_that_its_widest_twin_is(model: str, numbers: list[float]) -> None:
    simple = model.startswith(("SIMPLE", "RADIAL"))
    head = [300.0, 160.0, 100.0] if simple else [300.0, 301.0, 160.0, 100.0]
    lens = lens_of(model, (200, 320), [*head, *numbers[: MODELS[model][1] - len(head)]])
    assert lens_of(*_row(lens)) == lens
    assert lens.fisheye == ("FISHEYE" in model)


def _row(lens: Lens) -> tuple[str, tuple[int, int], list[float]]:
    model, params = model_of(lens)
    return model, lens.size, params


CHILD = """
import json, sys, pycolmap
model = pycolmap.Reconstruction(sys.argv[1])
camera = next(iter(model.cameras.values()))
rows = {image.name: image.projection_center().tolist() for image in model.images.values()}
error = model.compute_mean_reprojection_error()
model.write_binary(sys.argv[2]); model.write_text(sys.argv[2])
print(json.dumps({"centres": rows, "error": error, "model": camera.model.name, "points": len(model.points3D)}))
"""


@pytest.mark.parametrize("dump", [dump_colmap_binary, dump_colmap_text], ids=["binary", "text"])
def test_colmap_reads_ours_and_we_read_colmaps(dump: Dump, tmp_path: Path) -> None:
    posed = orbit()
    ours, theirs = write(tmp_path / "ours", dump(posed)), tmp_path / "theirs"
    theirs.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(ours), str(theirs)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["points"] == 4 and said["model"] == "SIMPLE_PINHOLE" and said["error"] < 1e-9
    for image in posed.images:
        np.testing.assert_allclose(said["centres"][image.name], image.world_from_camera[:3, 3], atol=1e-12)
    for read in (read_colmap_binary, read_colmap_text):
        assert_same_cameras(read(theirs), posed)
        np.testing.assert_allclose(read(theirs).cloud.points, posed.cloud.points)


def test_a_model_without_observations_keeps_its_points(tmp_path: Path) -> None:
    files = dump_colmap_text(orbit())
    rows = files["images.txt"].decode().split("\n")
    files["images.txt"] = "\n".join("" if i > 2 and i % 2 else row for i, row in enumerate(rows)).encode()
    model = read_colmap_text(write(tmp_path, files))
    assert len(model.images) == 3 and len(model.cloud.points) == 4 and len(model.cloud.xy) == 0


def edited(name: str, change: Callable[[bytes], bytes], dump: Dump = dump_colmap_binary) -> dict[str, bytes]:
    files = dump(orbit())
    return {**files, name: change(files[name])}


def lie(at: int, form: str, value: float) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


BINARY_LIES = {
    "a quaternion of length": ("images.bin", lie(12, "<d", 1.7)),
    "not usable": ("images.bin", lie(44, "<d", float("nan"))),
    "camera 77, which is missing": ("images.bin", lie(68, "<I", 77)),
    "images.bin .*promises": ("images.bin", lie(0, "<Q", 2**60)),
    "images.bin .*cut off|images.bin .*short": ("images.bin", lambda data: data[:-5]),
    "cameras.bin .*absurd": ("cameras.bin", lie(32, "<d", 1e8)),
    "cameras.bin .*number 42": ("cameras.bin", lie(12, "<i", 42)),
    "cameras.bin .*after its end": ("cameras.bin", lambda data: data + b"more"),
    "cameras.bin .*outside 1 to 16384": ("cameras.bin", lie(16, "<Q", 2**40)),
    "position is not usable": ("points3D.bin", lie(16, "<d", float("inf"))),
    "points3D.bin .*promises": ("points3D.bin", lie(0, "<Q", 10**9)),
    "image 9, which is missing": ("points3D.bin", lie(59, "<I", 9)),
    "does not have": ("points3D.bin", lie(63, "<I", 500)),
    "disagree": ("points3D.bin", lie(63, "<I", 2)),
    "lie inside the folder": ("images.bin", lambda data: data.replace(b"frame_00001.png", b"../../x/etc.png")),
}


@pytest.mark.parametrize("fault", BINARY_LIES)
def test_a_lying_binary_model_is_refused_by_its_fault(fault: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=fault):
        read_colmap_binary(write(tmp_path, edited(*BINARY_LIES[fault])))


TEXT_LIES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "not 1": ("images.txt", lambda data: data.replace(b"\n1 ", b"\n1 7", 1)),
    "is not an image": ("images.txt", lambda data: data.replace(b"frame_00001.png", b"")),
    "cut off": ("points3D.txt", lambda data: data[:-3]),
    "only SIMPLE_PINHOLE": ("cameras.txt", lambda data: data.replace(b"SIMPLE_PINHOLE", b"THIN_PRISM")),
    "3 parameters|has 2 parameters": ("cameras.txt", lambda data: data.replace(b" 50.0", b"")),
    "two images named": ("images.txt", lambda data: data.replace(b"frame_00001", b"frame_00000")),
    "utf-8": ("cameras.txt", lambda data: data + b"\xff\xfe"),
}


@pytest.mark.parametrize("fault", TEXT_LIES)
def test_a_lying_text_model_is_refused_by_its_fault(fault: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=fault):
        read_colmap_text(write(tmp_path, edited(*TEXT_LIES[fault], dump_colmap_text)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2), st.integers(0, 10_000), st.integers(0, 255))
def test_no_single_wrong_byte_ends_in_anything_but_a_model_or_a_refusal(which: int, at: int, value: int) -> None:
    import tempfile

    files = dump_colmap_binary(orbit())
    name = sorted(files)[which]
    data = bytearray(files[name])
    data[at % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        try:
            read_colmap_binary(write(Path(folder), {**files, name: bytes(data)}))
        except Refusal as refusal:
            assert folder in str(refusal)
