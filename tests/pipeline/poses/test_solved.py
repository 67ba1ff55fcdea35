"""`SolvedPoses` on disk: exact there and back, and nothing hostile is believed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from pipeline.poses.solved import FrameFit, SolvedPoses, Tried
from renderer.camera import Camera
from renderer.errors import Refusal


def _poses() -> SolvedPoses:
    pose = np.eye(4)
    pose[0, 3] = 0.25
    cameras = {4: Camera.from_fov(np.eye(4), 0.8, (20, 30)), 9: Camera.from_fov(pose, 0.8, (20, 30))}
    return SolvedPoses(
        cameras=cameras,
        canonical=4,
        points=np.arange(9, dtype=np.float32).reshape(3, 3),
        point_rgb=np.arange(9, dtype=np.uint8).reshape(3, 3),
        point_errors=np.array([0.1, 0.2, 0.4], np.float32),
        track_offsets=np.array([0, 2, 3, 5], np.int64),
        track_frames=np.array([4, 9, 9, 9, 4], np.int32),
        track_xy=np.ones((5, 2), np.float32),
        fits=(FrameFit(4, "registered", 2, 0.1), FrameFit(9, "lost", 0, float("nan"))),
        attempt="35 degrees",
        angle=4.5,
        digest="abc",
        rung="careful SIFT",
        tried=(Tried("quick SIFT", 1, 0.4, 2.5, "1 of 2 frames is held."), Tried("careful SIFT", 2, 0.9, 9.0)),
        zoom=1.25,
        pictures=("aa", "bb"),
    )


def test_round_trip_is_exact(tmp_path: Path) -> None:
    poses = _poses()
    poses.save(tmp_path / "new" / "poses.safetensors")
    back = SolvedPoses.load(tmp_path / "new" / "poses.safetensors")
    for field in fields(SolvedPoses):
        a, b = getattr(poses, field.name), getattr(back, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b), field.name
        elif field.name == "fits":
            assert [repr(fit) for fit in a] == [repr(fit) for fit in b]
        else:
            assert a == b, field.name
    assert list(tmp_path.joinpath("new").iterdir()) == [tmp_path / "new" / "poses.safetensors"]


def test_figures() -> None:
    poses = _poses()
    assert poses.unplaced == poses.in_state("lost") == (9,)
    assert poses.in_state("weak", "prior") == ()
    assert poses.visible_points(9).tolist() == [0, 1, 2]
    assert poses.visible_points(4).tolist() == [0, 2]
    assert poses.visible_points(5).tolist() == []
    assert poses.median_error == pytest.approx(0.2)
    assert poses.mean_error == pytest.approx((0.1 * 2 + 0.2 * 1 + 0.4 * 2) / 5)
    assert json.loads(json.dumps(poses.summary()))["registered"] == 1


def test_an_empty_short_or_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.safetensors"
    for content in (b"", b"\0" * 5, b"\xff" * 100, (2**40).to_bytes(8, "little") + b"{}" * 50):
        path.write_bytes(content)
        with pytest.raises(Refusal, match="solved cameras"):
            SolvedPoses.load(path)
    with pytest.raises(Refusal, match="cannot be read"):
        SolvedPoses.load(tmp_path / "missing")
    save_file({"points": np.zeros(3, np.float32)}, path)
    with pytest.raises(Refusal, match="solved cameras"):
        SolvedPoses.load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.safetensors"
    _poses().save(path)
    whole = path.read_bytes()
    for length in (9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(Refusal):
            SolvedPoses.load(path)


def test_a_file_of_the_first_schema_is_still_read(tmp_path: Path) -> None:
    """It knew two states, and called the interpolated cameras weak."""
    path, poses = tmp_path / "poses.safetensors", _poses()
    poses.save(path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["poses"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["schema"] = 1
    header["fits"][1]["state"] = "weak"
    for newer in ("rung", "tried", "zoom", "pictures"):
        del header[newer]
    save_file(tensors, path, metadata={"poses": json.dumps(header)})
    old = SolvedPoses.load(path)
    assert old.in_state("lost") == (9,)
    assert (old.rung, old.tried, old.zoom) == ("", (), 1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"point_rgb": np.zeros((2, 3), np.uint8)},
        {"points": np.full((3, 3), np.nan, np.float32)},
        {"points": np.zeros((3, 3), np.float64)},
        {"track_offsets": np.array([0, 3, 2, 5], np.int64)},
        {"track_offsets": np.array([0, 2, 3, 6], np.int64)},
        {"track_frames": np.array([4, 9, 9, 9, 5], np.int32)},
        {"track_xy": np.ones((5, 3), np.float32)},
        {"canonical": 5},
        {"fits": ()},
        {"fits": (FrameFit(4, "registered", 2, 0.1), FrameFit(9, "fine", 0, 0.1))},
        {"cameras": {}},
    ],
)
def test_tables_that_disagree_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "poses.safetensors"
    replace(_poses(), **change).save(path)  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="solved cameras"):
        SolvedPoses.load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", 99), ("cameras", []), ("canonical", None), ("fits", 3), ("digest", None), ("angle", "wide")],
)
def test_a_lying_header_is_refused(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "poses.safetensors"
    _poses().save(path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["poses"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  safe_open is no mapping
    header[key] = value
    if value is None:
        del header[key]
    save_file(tensors, path, metadata={"poses": json.dumps(header)})
    with pytest.raises(Refusal, match="solved cameras"):
        SolvedPoses.load(path)
