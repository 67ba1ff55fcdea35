"""Degrees around the scene: exact for cameras on a circle, near the truth when estimated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs.coverage import around, coverage, degrees
from pipeline.project import media


def test_angles_around_the_scene_on_either_side() -> None:
    angles = np.radians([-30, -10, 0, 20, 55])
    centres = np.stack([np.sin(angles), np.zeros(5), 1 - np.cos(angles)], 1)
    assert around(centres, 2) == pytest.approx((30.0, 55.0))


def test_the_sample_is_estimated(root: Path) -> None:
    frames = media.read_frames(root / "resources" / "sample" / "freeze_time.mp4", max_size=256)
    whole = coverage(frames, 12, root / "nowhere")
    assert not whole.solved and whole.canonical == 12
    assert (whole.left, whole.right) == pytest.approx((30.6, 28.0), rel=0.4)  # its exact cameras
    assert whole.left + whole.right == pytest.approx(degrees(frames), rel=0.35)
    assert degrees(frames[:1]) == 0.0
