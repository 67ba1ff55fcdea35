"""Camera paths out of and into the Shot workspace: nerfstudio's and our own JSON, COLMAP's text model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from pipeline.project.atomic import atomic_file
from pipeline.project.shot import Shot, ShotKey
from renderer.errors import Refusal
from renderer.formats.camera_path import dump_camera_path, read_camera_path
from renderer.formats.colmap_text import dump_colmap_text, read_colmap_text
from renderer.formats.lens import Lens
from renderer.formats.nerfstudio_path import dump_nerfstudio
from renderer.formats.posed_images import PosedImage, in_order
from renderer.trajectory import CameraKey, CameraTrajectory

MOST_KEYS = 200  # a film baked frame by frame is thinned to so many keys: more can't be edited by hand
SPACING = 0.5  # seconds between the cameras of a COLMAP model, which has no times

TimeRange = tuple[float, float]


def write_path(path: Path, trajectory: CameraTrajectory, times: TimeRange, ours: bool = False) -> None:
    """A JSON file that `splatime render --camera` takes: nerfstudio's, or with `ours` our own, which loses nothing."""
    text = dump_camera_path(trajectory) if ours else dump_nerfstudio(trajectory, times)
    with atomic_file(path) as file:
        file.write(text.encode())


def write_colmap(folder: Path, trajectory: CameraTrajectory) -> None:
    """cameras.txt, images.txt and points3D.txt of every frame of the film; refuses to write over a model."""
    if any((folder / name).exists() for name in ("cameras.txt", "images.txt", "points3D.txt")):
        raise Refusal(f"{folder} already holds a COLMAP model; choose another folder.")
    images = [
        PosedImage(f"frame_{i:05d}.png", view.camera.world_from_camera, Lens.of(view.camera))
        for i, view in enumerate(trajectory.views())
    ]
    for name, data in dump_colmap_text(in_order(images)).items():
        with atomic_file(folder / name) as file:
            file.write(data)


def read_path(path: Path, times: TimeRange, time: float) -> Shot:
    """A path to be edited, from a JSON file or a COLMAP folder; `time` where it says no scene time.

    Raises `Refusal` in one sentence for what is no camera path.
    """
    trajectory = _of_colmap(path) if path.is_dir() else read_camera_path(path, times, keyed=True)
    keys = _thinned(trajectory.keys)
    try:
        made = tuple(ShotKey.of(key, time) for key in keys)
        held = tuple(replace(key, time=min(max(key.time, times[0]), times[1])) for key in made)
        return Shot(held, trajectory.size, trajectory.fps, trajectory.closed)
    except ValueError as fault:
        raise Refusal(f"{path} is not a camera path that Splatime can edit ({fault}).") from fault


def _thinned(keys: tuple[CameraKey, ...]) -> tuple[CameraKey, ...]:
    step = -(-len(keys) // MOST_KEYS)
    some = keys[::step]
    start = keys[0].seconds
    if some[-1] is not keys[-1]:
        some = (*some, keys[-1])
    return tuple(replace(key, seconds=key.seconds - start) for key in some)


def _of_colmap(folder: Path) -> CameraTrajectory:
    posed = read_colmap_text(folder)
    if any(image.lens.fisheye for image in posed.images):
        raise Refusal(f"{folder} holds fisheye cameras; a film needs plain ones.")
    keys = tuple(
        CameraKey(SPACING * i, image.world_from_camera, _fov_y(image.lens), None, "linear")
        for i, image in enumerate(posed.images)
    )
    return CameraTrajectory(keys, posed.images[0].lens.size, 24.0, 1)


def _fov_y(lens: Lens) -> float:
    return 2 * math.atan(0.5 * lens.size[0] / lens.fy)
