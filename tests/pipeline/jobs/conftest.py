"""A small scene, and a project that holds it as a finished run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs.spec import RUNS, SNAPSHOT
from pipeline.project import edits, project_file
from pipeline.project.project import LiftSettings, Run
from renderer.camera import Camera, look_at
from renderer.snapshot import MotionTable, Snapshot

RUN = "0123456789abcdef"


def camera(angle: float) -> Camera:
    centre = np.array([3 * np.sin(angle), 0.0, -3 * np.cos(angle)])
    return Camera.from_fov(look_at(centre, np.zeros(3), np.array([0.0, -1.0, 0.0])), 0.9, (30, 40))


@pytest.fixture
def scene() -> Snapshot:
    """60 splats, of which 10 drift sideways over reference frames 2 to 8; freeze-time cameras 0, 3 and 7."""
    rng = np.random.default_rng(1)
    offsets = np.zeros((4, 10, 10), np.float16)
    offsets[:, :, 0] = np.linspace(0, 0.6, 4)[:, None]
    return Snapshot(
        means=rng.uniform(-0.8, 0.8, (60, 3)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (60, 1)),
        scales=np.full((60, 3), 0.12, np.float32),
        opacities=np.full(60, 0.9, np.float32),
        rgb=rng.uniform(0, 1, (60, 3)).astype(np.float32),
        temporal=MotionTable(np.array([2, 4, 6, 8], np.float32), np.arange(10, dtype=np.int32), offsets),
        per_frame=MotionTable.still(),
        reference_camera=camera(0.0),
        freeze_cameras={0: camera(-0.3), 3: camera(0.0), 7: camera(0.3)},
        info={"stage": "finished", "canonical_reference_frame": 4, "fps": 8.0},
    )


@pytest.fixture
def project(tmp_path: Path, scene: Snapshot) -> Path:
    """A project folder with the scene as its one finished run."""
    folder = tmp_path / "project"
    scene.save(folder / RUNS / RUN / SNAPSHOT)
    run = Run(RUN, "a", "b", 4, 3, LiftSettings(), {"psnr": 31.5, "splats": 60})
    project_file.update(folder, lambda known: edits.add_run(known, run))
    return folder
