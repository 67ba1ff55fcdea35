"""What all pose formats come down to: images with a name, a lens and a pose, and sparse points with their tracks.

World units and axes are the file's; camera axes are OpenCV's, as everywhere in Splatime. A format that has no points
or no tracks leaves those tables empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.formats.checks import natural
from renderer.formats.lens import Lens

Array = npt.NDArray[np.float64]

MAX_IMAGES = 10_000
MAX_POINTS = 10_000_000


@dataclass(frozen=True, eq=False)
class PosedImage:
    """One image: its path relative to the image folder, world_from_camera [4, 4] and lens."""

    name: str
    world_from_camera: Array
    lens: Lens


@dataclass(frozen=True, eq=False)
class Cloud:
    """Sparse points.

    Attributes:
        points: [P, 3] world. rgb: [P, 3] uint8 sRGB. errors: [P] mean reprojection error in px, nan where not known.
        offsets: [P + 1]; point p is seen in rows offsets[p]:offsets[p + 1] of the next two.
        images: [M] places in `PosedImages.images`. xy: [M, 2] px in the image as it is, lens distortion and all.
    """

    points: Array
    rgb: npt.NDArray[np.uint8]
    errors: Array
    offsets: npt.NDArray[np.int64]
    images: npt.NDArray[np.int64]
    xy: Array

    @classmethod
    def untracked(cls, points: Array, rgb: npt.NDArray[np.uint8]) -> Cloud:
        """Points of which nobody says where they were seen."""
        none = np.zeros(0, np.int64)
        return cls(
            points, rgb, np.full(len(points), np.nan), np.zeros(len(points) + 1, np.int64), none, np.zeros((0, 2))
        )

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """[M] the point of each observation."""
        return np.repeat(np.arange(len(self.points)), np.diff(self.offsets))


NO_CLOUD = Cloud.untracked(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))


@dataclass(frozen=True, eq=False)
class PosedImages:
    """Images in natural order of their names (frame2 before frame10), and the points."""

    images: tuple[PosedImage, ...]
    cloud: Cloud = NO_CLOUD


def in_order(images: Sequence[PosedImage], cloud: Cloud = NO_CLOUD) -> PosedImages:
    """Sort images by name, tracks along; raises ValueError for none, too many, or two of one name."""
    if not 1 <= len(images) <= MAX_IMAGES:
        raise ValueError(f"it has {len(images)} images with a pose, outside 1 to {MAX_IMAGES}")
    names = [image.name for image in images]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has two images named {twice}")
    order = sorted(range(len(images)), key=lambda i: natural(names[i]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    moved = Cloud(cloud.points, cloud.rgb, cloud.errors, cloud.offsets, place[cloud.images], cloud.xy)
    return PosedImages(tuple(images[i] for i in order), moved)
