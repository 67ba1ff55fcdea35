"""transforms.json, as instant-ngp and nerfstudio read and write it.

Poses are world from camera with OpenGL camera axes (y up, looking along -z). Intrinsics stand at the top or in each
frame, as lengths in pixels or as `camera_angle_x`; distortion is OpenCV's or fisheye. nerfstudio adds `camera_model`
and the name of a PLY file of points, in the same world. Its `applied_transform` says how that world was turned
from COLMAP's; cameras and points share it, so it needs no undoing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from renderer.formats.checks import OPENCV_FROM_OPENGL, finite, load_json, reading, rigid, safe_name, side
from renderer.formats.lens import Lens
from renderer.formats.point_ply import read_point_ply, write_point_ply
from renderer.formats.posed_images import NO_CLOUD, Cloud, PosedImage, PosedImages, in_order

FILE, POINTS = "transforms.json", "sparse_pc.ply"
_STRAIGHT = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "FULL_OPENCV", "PERSPECTIVE")
_FISHEYE = ("OPENCV_FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE")


def read_transforms(path: Path, fallback_size: tuple[int, int] | None = None) -> PosedImages:
    """Read cameras, and points where a PLY file is named.

    `fallback_size` (height, width) is that of the images, for the many files that don't say it. Raises `Refusal`.
    """
    with reading(path, "a transforms.json"):
        data = load_json(path)
        frames = data["frames"]
        if not isinstance(frames, list):
            raise TypeError("its frames are not a list")
        images = [_image({**data, **frame}, fallback_size) for frame in frames]
        named = data.get("ply_file_path")
        points = path.parent / safe_name(named) if named else None
        if points is None:
            return in_order(images)
    cloud = Cloud.untracked(*read_point_ply(points))
    with reading(path, "a transforms.json"):
        return in_order(images, cloud if len(cloud.points) else NO_CLOUD)


def dump_transforms(posed: PosedImages, folder: str = "images") -> dict[str, bytes]:
    """transforms.json that both programs read, and the file of points where there are any.

    `folder` is put before the images' names. Tracks are lost. Raises ValueError for a lens that the format cannot hold.
    """
    lenses = {image.lens for image in posed.images}
    shared = _lens_fields(posed.images[0].lens) if len(lenses) == 1 else {}
    frames = [
        {
            "file_path": f"{folder}/{image.name}" if folder else image.name,
            "transform_matrix": (image.world_from_camera @ OPENCV_FROM_OPENGL).tolist(),
            **({} if shared else _lens_fields(image.lens)),
        }
        for image in posed.images
    ]
    data: dict[str, Any] = {**shared, "aabb_scale": 16, "frames": frames}
    files: dict[str, bytes] = {}
    if len(posed.cloud.points):
        data["ply_file_path"] = POINTS
        points = BytesIO()
        write_point_ply(points, posed.cloud.points, posed.cloud.rgb)
        files[POINTS] = points.getvalue()
    return {FILE: json.dumps(data, indent=1, allow_nan=False).encode(), **files}


def _image(said: Mapping[str, Any], fallback: tuple[int, int] | None) -> PosedImage:
    name = safe_name(said["file_path"])
    return PosedImage(name, rigid(said["transform_matrix"]) @ OPENCV_FROM_OPENGL, _lens(said, fallback))


def _lens(said: Mapping[str, Any], fallback: tuple[int, int] | None) -> Lens:
    model = str(said.get("camera_model", "OPENCV_FISHEYE" if said.get("is_fisheye") else "OPENCV"))
    if model not in (*_STRAIGHT, *_FISHEYE):
        raise ValueError(f"a camera's model is {model[:40]}, and only perspective and fisheye cameras are read")
    if "w" in said and "h" in said:
        size = side(said["h"]), side(said["w"])
    elif fallback is not None:
        size = fallback
    else:
        raise ValueError("it says no image size (w and h)")
    height, width = size
    fx = _focal(said, "x", width)
    fy = _focal(said, "y", height) if "fl_y" in said or "camera_angle_y" in said else fx
    k = [finite(said.get(f"k{i}", 0.0)) for i in range(1, 5)]
    p = finite(said.get("p1", 0.0)), finite(said.get("p2", 0.0))
    fisheye = model in _FISHEYE
    if k[3] and not fisheye:
        raise ValueError("a perspective camera has a k4, which programs read in different ways")
    cx, cy = finite(said.get("cx", width / 2)), finite(said.get("cy", height / 2))
    return Lens(size, fx, fy, cx, cy, (k[0], k[1], k[2], k[3], 0.0, 0.0), (0.0, 0.0) if fisheye else p, fisheye)


def _focal(said: Mapping[str, Any], axis: str, pixels: int) -> float:
    if f"fl_{axis}" in said:
        return finite(said[f"fl_{axis}"])
    angle = finite(said[f"camera_angle_{axis}"])
    if not 1e-3 < angle < math.pi - 1e-3:
        raise ValueError(f"a field of view of {math.degrees(angle):.3g} degrees")
    return 0.5 * pixels / math.tan(0.5 * angle)


def _lens_fields(lens: Lens) -> dict[str, Any]:
    if any(lens.radial[4:]) or (lens.radial[3] and not lens.fisheye):
        raise ValueError("transforms.json holds no rational distortion; straighten the images first")
    height, width = lens.size
    fields: dict[str, Any] = {
        "camera_model": "OPENCV_FISHEYE" if lens.fisheye else "OPENCV",
        "w": width, "h": height,
        "fl_x": lens.fx, "fl_y": lens.fy, "cx": lens.cx, "cy": lens.cy,
        "k1": lens.radial[0], "k2": lens.radial[1], "p1": lens.tangential[0], "p2": lens.tangential[1],
        "camera_angle_x": 2 * float(np.arctan(0.5 * width / lens.fx)),
        "camera_angle_y": 2 * float(np.arctan(0.5 * height / lens.fy)),
    }  # fmt: skip
    if lens.fisheye:
        fields |= {"is_fisheye": True, "k3": lens.radial[2], "k4": lens.radial[3]}
    elif lens.radial[2]:
        fields["k3"] = lens.radial[2]
    return fields
