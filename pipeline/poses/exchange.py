"""Solved cameras for other programs: one folder that COLMAP's readers, nerfstudio, instant-ngp and splat viewers open.

images/ and sparse/0/ (binary and text) as 3D Gaussian Splatting wants them, transforms.json with its points, and
cameras.json. Frames are named by their source index, which is how they find their way back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from pipeline.poses.solved import SolvedPoses
from pipeline.project.atomic import atomic_file
from pipeline.project.media import write_image
from renderer.formats.cameras_json import dump_cameras_json
from renderer.formats.colmap_binary import dump_colmap_binary
from renderer.formats.colmap_text import dump_colmap_text
from renderer.formats.lens import Lens
from renderer.formats.posed_images import Cloud, PosedImage, PosedImages, in_order
from renderer.formats.transforms_json import dump_transforms

IMAGES, SPARSE = "images", "sparse/0"
_NAME = re.compile(r"frame_(\d{5,9})")


def frame_name(index: int) -> str:
    """The file name of a source frame."""
    return f"frame_{index:05d}.png"


def frame_of(name: str) -> int | None:
    """The source frame that a file is named after; None for a name that is not ours."""
    found = _NAME.fullmatch(PurePosixPath(name).stem)
    return int(found[1]) if found else None


def posed_images(poses: SolvedPoses) -> PosedImages:
    """Solved cameras and points as what pose formats hold; interpolated cameras are in it too."""
    frames = sorted(poses.cameras)
    images = [PosedImage(frame_name(k), poses.cameras[k].world_from_camera, Lens.of(poses.cameras[k])) for k in frames]
    cloud = Cloud(
        poses.points.astype(np.float64),
        poses.point_rgb,
        poses.point_errors.astype(np.float64),
        poses.track_offsets,
        np.searchsorted(frames, poses.track_frames).astype(np.int64),
        poses.track_xy.astype(np.float64),
    )
    return in_order(images, cloud)


def write_folder(folder: Path, poses: SolvedPoses, frames: npt.NDArray[np.uint8], indices: Sequence[int]) -> None:
    """Write every format and the frames [F, H, W, 3] themselves; raises `Refusal` when the disk refuses."""
    posed = posed_images(poses)
    files = {f"{SPARSE}/{name}": data for name, data in (dump_colmap_binary(posed) | dump_colmap_text(posed)).items()}
    files |= dump_transforms(posed, IMAGES) | dump_cameras_json(posed)
    for index, frame in zip(indices, frames, strict=True):
        write_image(folder / IMAGES / frame_name(index), frame)
    for name, data in files.items():
        with atomic_file(folder / name) as file:
            file.write(data)
