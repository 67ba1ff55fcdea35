"""What COLMAP's text and binary models share: camera models, and tables with ids between them and `PosedImages`.

COLMAP's pose is camera from world, a Hamilton quaternion wxyz and a translation, with OpenCV camera axes; pixel
centres lie at half integers. Rigs and frames of newer versions are not needed: images keep their own poses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.formats.checks import safe_name
from renderer.formats.lens import Lens
from renderer.formats.posed_images import Cloud, PosedImage, PosedImages, in_order
from renderer.trajectory import quaternion_from_rotation, rotation_from_quaternion

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MODELS: dict[str, tuple[int, int]] = {
    "SIMPLE_PINHOLE": (0, 3),
    "PINHOLE": (1, 4),
    "SIMPLE_RADIAL": (2, 4),
    "RADIAL": (3, 5),
    "OPENCV": (4, 8),
    "OPENCV_FISHEYE": (5, 8),
    "FULL_OPENCV": (6, 12),
    "SIMPLE_RADIAL_FISHEYE": (8, 4),
    "RADIAL_FISHEYE": (9, 5),
}
"""Name: (id in binary files, number of parameters)."""
UNIT = 1e-3
"""A quaternion's length may be off by this much through rounding; more is a lie about the rotation."""


@dataclass(frozen=True, eq=False)
class ColmapImage:
    """A row of images: quaternion [4] wxyz and translation [3] of camera from world; xy [N, 2] px and point_ids [N]
    (-1: none) of what was found in it."""

    number: int
    name: str
    quaternion: Array
    translation: Array
    camera: int
    xy: Array
    point_ids: Ints


@dataclass(frozen=True, eq=False)
class ColmapPoints:
    """points3D: numbers [P], xyz [P, 3], rgb [P, 3] uint8, errors [P], track lengths [P]; per track element the image's
    number [M] and the place in its observations [M]."""

    numbers: Ints
    xyz: Array
    rgb: npt.NDArray[np.uint8]
    errors: Array
    lengths: Ints
    track_images: Ints
    track_places: Ints


def lens_of(model: str, size: tuple[int, int], params: Sequence[float]) -> Lens:
    """The lens of a camera row; raises ValueError for a model that is not read."""
    if model not in MODELS:
        raise ValueError(f"a camera's model is {model[:40]}, and only {', '.join(MODELS)} are read")
    if len(params) != MODELS[model][1]:
        raise ValueError(f"a {model} camera has {len(params)} parameters, not {MODELS[model][1]}")
    simple = model.startswith(("SIMPLE", "RADIAL"))
    fx, fy = (params[0], params[0]) if simple else (params[0], params[1])
    cx, cy, *rest = params[1:] if simple else params[2:]
    tangential = 0.0, 0.0
    if model in ("OPENCV", "FULL_OPENCV"):
        k1, k2, p1, p2, *more = rest
        rest, tangential = [k1, k2, *more], (p1, p2)
    k1, k2, k3, k4, k5, k6 = [*rest, *[0.0] * 6][:6]
    return Lens(size, fx, fy, cx, cy, (k1, k2, k3, k4, k5, k6), tangential, model.endswith("FISHEYE"))


def model_of(lens: Lens) -> tuple[str, list[float]]:
    """The narrowest of COLMAP's models that holds a lens, with its parameters."""
    pinhole, k = [lens.fx, lens.fy, lens.cx, lens.cy], list(lens.radial)
    if lens.fisheye:
        return "OPENCV_FISHEYE", pinhole + k[:4]
    if lens.is_straight:
        return ("SIMPLE_PINHOLE", pinhole[1:]) if lens.fx == lens.fy else ("PINHOLE", pinhole)
    if not any(k[2:]):
        return "OPENCV", [*pinhole, *k[:2], *lens.tangential]
    return "FULL_OPENCV", [*pinhole, *k[:2], *lens.tangential, *k[2:]]


def posed_images(
    cameras: Mapping[int, Lens], images: Sequence[ColmapImage], points: ColmapPoints | None
) -> PosedImages:
    """Tables to the value; raises ValueError where they contradict each other."""
    posed = [PosedImage(safe_name(i.name), _pose(i), cameras[_known(i.camera, cameras, i.name)]) for i in images]
    if points is None or len(points.numbers) == 0:
        return in_order(posed)
    if not (np.isfinite(points.xyz).all() and (np.abs(points.xyz) < 1e12).all()):
        raise ValueError("a point's position is not usable")
    if not any(len(image.xy) for image in images):
        # Written without observations, as for cameras that were not solved from features.
        return in_order(posed, Cloud.untracked(points.xyz, points.rgb))
    return in_order(posed, _cloud(images, points))


def _known(number: int, cameras: Mapping[int, Lens], name: str) -> int:
    if number not in cameras:
        raise ValueError(f"image {name} names camera {number}, which is missing")
    return number


def _pose(image: ColmapImage) -> Array:
    numbers = np.concatenate([image.quaternion, image.translation])
    if not (np.isfinite(numbers).all() and (np.abs(numbers) < 1e12).all()):
        raise ValueError(f"the pose of image {image.name} holds numbers that are not usable")
    length = float(np.linalg.norm(image.quaternion))
    if abs(length - 1.0) > UNIT:
        raise ValueError(f"the rotation of image {image.name} is a quaternion of length {length:.4g}, not 1")
    pose = np.eye(4)
    pose[:3, :3] = rotation_from_quaternion(image.quaternion).T
    pose[:3, 3] = -pose[:3, :3] @ image.translation
    return pose


def _cloud(images: Sequence[ColmapImage], points: ColmapPoints) -> Cloud:
    row = {image.number: place for place, image in enumerate(images)}
    missing = set(np.unique(points.track_images).tolist()) - row.keys()
    if missing:
        raise ValueError(f"a point was seen in image {min(missing)}, which is missing")
    places = np.array([row[number] for number in points.track_images.tolist()], np.int64)
    counts = np.array([len(image.xy) for image in images], np.int64)
    if ((points.track_places < 0) | (points.track_places >= counts[places])).any():
        raise ValueError("a point names an observation that its image does not have")
    starts = np.concatenate([[0], np.cumsum(counts)])
    at = starts[places] + points.track_places
    xy = np.concatenate([image.xy for image in images])[at]
    if not np.isfinite(xy).all():
        raise ValueError("an observation's place is not a number")
    said = np.concatenate([image.point_ids for image in images])[at]
    if (said != np.repeat(points.numbers, points.lengths)).any():
        raise ValueError("its images and points disagree about what was seen where")
    offsets = np.concatenate([[0], np.cumsum(points.lengths)]).astype(np.int64)
    errors = np.where(np.isfinite(points.errors) & (points.errors >= 0), points.errors, np.nan)
    return Cloud(points.xyz, points.rgb, errors, offsets, places, xy)


def tables(posed: PosedImages) -> tuple[dict[int, Lens], list[ColmapImage], ColmapPoints]:
    """The value as numbered tables; numbers count from 1, lenses that are equal are one camera."""
    lenses = list(dict.fromkeys(image.lens for image in posed.images))
    cloud = posed.cloud
    owners, places = cloud.owners, np.zeros(len(cloud.images), np.int64)
    images = []
    for at, image in enumerate(posed.images):
        seen = np.flatnonzero(cloud.images == at)
        places[seen] = np.arange(len(seen))
        rotation = image.world_from_camera[:3, :3].T
        quaternion = quaternion_from_rotation(rotation)
        quaternion = quaternion if quaternion[0] >= 0 else -quaternion
        translation = -rotation @ image.world_from_camera[:3, 3]
        camera = lenses.index(image.lens) + 1
        images.append(
            ColmapImage(at + 1, image.name, quaternion, translation, camera, cloud.xy[seen], owners[seen] + 1)
        )
    numbers = np.arange(1, len(cloud.points) + 1)
    errors = np.where(np.isfinite(cloud.errors), cloud.errors, -1.0)  # COLMAP's word for not known
    lengths = np.diff(cloud.offsets)
    points = ColmapPoints(numbers, cloud.points, cloud.rgb, errors, lengths, cloud.images + 1, places)
    return {place + 1: lens for place, lens in enumerate(lenses)}, images, points
