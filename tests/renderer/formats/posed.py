"""Random posed images for the round trips of pose formats, and what must come back of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from renderer.formats.lens import Lens
from renderer.formats.posed_images import NO_CLOUD, Cloud, PosedImage, PosedImages, in_order
from renderer.trajectory import rotation_from_quaternion

Array = np.ndarray

_NUMBER = st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-6 else 0.0)
_SMALL = st.floats(-0.05, 0.05).map(lambda x: x if abs(x) > 1e-6 else 0.0)
_KINDS = ("pinhole", "opencv", "full", "fisheye")


@st.composite
def lenses(draw: st.DrawFn, kinds: tuple[str, ...] = _KINDS) -> Lens:
    height, width = draw(st.integers(16, 4000)), draw(st.integers(16, 4000))
    f = draw(st.floats(0.3, 4.0)) * max(height, width)
    fy = draw(st.sampled_from([f, f * 1.01]))
    centre = draw(st.sampled_from([(width / 2, height / 2), (width * 0.47, height * 0.52)]))
    kind = draw(st.sampled_from(kinds))
    k = [draw(_SMALL) if used else 0.0 for used in _used(kind)]
    p = (draw(_SMALL) / 10, draw(_SMALL) / 10) if kind in ("opencv", "full") else (0.0, 0.0)
    radial = (k[0], k[1], k[2], k[3], k[4], k[5])
    return Lens((height, width), f, fy, *centre, radial, p, kind == "fisheye")


def _used(kind: str) -> list[bool]:
    return [i < {"pinhole": 0, "opencv": 2, "full": 6, "fisheye": 4}[kind] for i in range(6)]


@st.composite
def posed_images(draw: st.DrawFn, kinds: tuple[str, ...] = _KINDS, tracks: bool = True) -> PosedImages:
    """One to five images of one or two lenses, up to six points seen anywhere."""
    some = draw(st.lists(lenses(kinds), min_size=1, max_size=2))
    count = draw(st.integers(1, 5))
    images = [PosedImage(f"shot_{i}.png", draw(poses()), some[i % len(some)]) for i in range(count)]
    return in_order(images, draw(clouds(count)) if tracks else NO_CLOUD)


@st.composite
def poses(draw: st.DrawFn) -> Array:
    q = np.array(draw(st.lists(st.floats(-1, 1), min_size=4, max_size=4)))
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_quaternion(q if np.linalg.norm(q) > 1e-3 else np.array([1.0, 0, 0, 0]))
    pose[:3, 3] = draw(st.lists(_NUMBER, min_size=3, max_size=3))
    return pose


@st.composite
def clouds(draw: st.DrawFn, images: int) -> Cloud:
    count = draw(st.integers(0, 6))
    seen = [sorted(draw(st.sets(st.integers(0, images - 1), min_size=1))) for _ in range(count)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    offsets = np.concatenate([[0], np.cumsum([len(track) for track in seen])]).astype(np.int64)
    rows = np.array([image for track in seen for image in track], np.int64)
    errors = np.where(rng.random(count) < 0.3, math.nan, rng.random(count))
    rgb = rng.integers(0, 256, (count, 3), dtype=np.uint8)
    return Cloud(rng.normal(size=(count, 3)) * 10, rgb, errors, offsets, rows, rng.random((len(rows), 2)) * 100)


def assert_same_cameras(a: PosedImages, b: PosedImages, atol: float = 1e-9) -> None:
    assert [image.name for image in a.images] == [image.name for image in b.images]
    for one, other in zip(a.images, b.images, strict=True):
        np.testing.assert_allclose(one.world_from_camera, other.world_from_camera, atol=atol)
        assert one.lens == other.lens


def assert_same_clouds(a: Cloud, b: Cloud) -> None:
    np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(a.rgb, b.rgb)
    np.testing.assert_array_equal(a.errors, b.errors)
    np.testing.assert_array_equal(a.offsets, b.offsets)
    np.testing.assert_array_equal(a.images, b.images)
    np.testing.assert_array_equal(a.xy, b.xy)
