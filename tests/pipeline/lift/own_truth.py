"""A scene folder that is made of a small scene's own pictures, so that this scene is its truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.lift.evaluate import Studio
from pipeline.project import media
from renderer.camera import Camera, look_at
from renderer.snapshot import MotionTable, Snapshot

SIZE = (48, 64)


def camera(angle: float) -> Camera:
    centre = np.array([3 * np.sin(angle), 0.0, -3 * np.cos(angle)])
    return Camera.from_fov(look_at(centre, np.zeros(3), np.array([0.0, -1.0, 0.0])), 0.8, SIZE)


def scene() -> Snapshot:
    """200 splats of which 60 drift sideways over five reference frames; freeze-time cameras 0 to 3."""
    rng = np.random.default_rng(1)
    offsets = np.zeros((5, 60, 10), np.float16)
    offsets[:, :, 0] = np.linspace(0, 0.8, 5)[:, None]
    return Snapshot(
        means=rng.uniform(-0.9, 0.9, (200, 3)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (200, 1)),
        scales=np.full((200, 3), 0.1, np.float32),
        opacities=np.full(200, 0.9, np.float32),
        rgb=rng.uniform(0, 1, (200, 3)).astype(np.float32),
        temporal=MotionTable(np.arange(5, dtype=np.float32), np.arange(60, dtype=np.int32), offsets),
        per_frame=MotionTable.still(),
        reference_camera=camera(0.1),
        freeze_cameras={k: camera(0.1 * k) for k in range(4)},
        info={
            "stage": "finished",
            "canonical_reference_frame": 0,
            "canonical_freeze_frame": 1,
            "reference_frames": list(range(5)),
        },
    )


def write_folder(place: Path) -> Path:
    """Camera 3 is held out at four times, camera 2 at one."""
    truth = scene()
    studio = Studio(truth)
    entries = [(3, 1.0), (3, 2.0), (3, 3.5), (3, 4.0), (2, 3.0)]
    views: dict[str, Iterator[np.ndarray]] = {
        "reference": (studio.picture(truth.at(t), truth.reference_camera) for t in range(5)),
        "freeze_time": (studio.picture(truth.at(0), truth.freeze_cameras[k]) for k in range(4)),
        "held_out": (studio.picture(truth.at(t), truth.freeze_cameras[k]) for k, t in entries),
    }
    for name, frames in views.items():
        pixels = ((255 * picture + 0.5).astype(np.uint8) for picture in frames)
        media.write_video(place / f"{name}.mp4", pixels, 8.0, crf=4, full_chroma=True)
    rows = [{"frame": i, "camera_freeze_frame": k, "reference_frame": t} for i, (k, t) in enumerate(entries)]
    told = {"prompt": "a drifting cloud", "canonical_reference_frame": 0, "canonical_freeze_frame": 1, "held_out": rows}
    (place / "scene.json").write_text(json.dumps(told))
    return place
