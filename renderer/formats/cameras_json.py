"""cameras.json of 3D Gaussian Splatting (Inria), which every splat viewer opens.

A list of cameras: position, rotation of world from camera with OpenCV axes, focal lengths in px. The format has no
principal point and no points; ours adds `cx` and `cy` where the principal point is not the centre, which other
programs pass over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from renderer.formats.checks import finite, finite_array, load_json, reading, rigid, safe_name, side
from renderer.formats.lens import Lens
from renderer.formats.posed_images import PosedImage, PosedImages, in_order

FILE = "cameras.json"


def read_cameras_json(path: Path) -> PosedImages:
    """Read cameras; raises `Refusal` for anything else than such a file."""
    with reading(path, "a cameras.json"):
        data = load_json(path)
        if not isinstance(data, list):
            raise TypeError("it is not a list of cameras")
        return in_order([_image(row) for row in data])


def dump_cameras_json(posed: PosedImages) -> dict[str, bytes]:
    """The file by name; points are left out. Raises ValueError for a distorted lens, which the format cannot hold."""
    rows = [_row(at, image) for at, image in enumerate(posed.images)]
    return {FILE: json.dumps(rows, indent=1, allow_nan=False).encode()}


def _image(row: Mapping[str, Any]) -> PosedImage:
    pose = np.eye(4)
    pose[:3, :3] = finite_array(row["rotation"], (3, 3), "a rotation")
    pose[:3, 3] = finite_array(row["position"], (3,), "a position")
    height, width = side(row["height"]), side(row["width"])
    cx, cy = finite(row.get("cx", width / 2)), finite(row.get("cy", height / 2))
    lens = Lens((height, width), finite(row["fx"]), finite(row["fy"]), cx, cy)
    return PosedImage(safe_name(row["img_name"]), rigid(pose), lens)


def _row(at: int, image: PosedImage) -> dict[str, Any]:
    lens, pose = image.lens, image.world_from_camera
    if not lens.is_straight:
        raise ValueError("cameras.json holds no lens distortion; straighten the images first")
    height, width = lens.size
    row: dict[str, Any] = {
        "id": at, "img_name": image.name, "width": width, "height": height,
        "position": pose[:3, 3].tolist(), "rotation": pose[:3, :3].tolist(), "fy": lens.fy, "fx": lens.fx,
    }  # fmt: skip
    if (lens.cx, lens.cy) != (width / 2, height / 2):
        row |= {"cx": lens.cx, "cy": lens.cy}
    return row
