"""Degrees around the scene: exact for cameras on a circle, near the truth when estimated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.jobs.coverage import around, coverage, degrees
from pipeline.project import media


@given(st.floats(0.3, 20), st.floats(5, 60), st.floats(5, 60), st.floats(0.1, 1))
def test_angles_around_what_all_cameras_look_at(radius: float, left: float, right: float, drift: float) -> None:
    angles = np.radians([-left, -drift * left, 0, drift * right, right])
    outward = np.stack([np.sin(angles), np.zeros(5), -np.cos(angles)], 1)
    centres = np.array([3.0, 1.0, 2.0]) + radius * outward
    assert around(centres, -outward, 2) == pytest.approx((left, right), abs=1e-4)


def test_cameras_that_look_the_same_way_go_round_the_median_depth() -> None:
    centres = np.array([[-1.0, 0, 0], [0, 0, 0], [0.5, 0, 0]])
    forward = np.tile([0.0, 0, 1], (3, 1))
    assert around(centres, forward, 1) == pytest.approx((45.0, np.degrees(np.arctan(0.5))))


def test_the_sample_is_estimated(root: Path) -> None:
    frames = media.read_frames(root / "resources" / "sample" / "freeze_time.mp4", max_size=256)
    whole = coverage(frames, 12, root / "nowhere")
    assert not whole.solved and whole.canonical == 12
    assert (whole.left, whole.right) == pytest.approx((30.6, 28.0), rel=0.2)  # its exact cameras
    assert whole.left + whole.right == pytest.approx(degrees(frames), rel=0.1)
    assert degrees(frames[:1]) == 0.0


def test_a_camera_that_only_pans_covers_nothing(root: Path) -> None:
    (frame,) = media.read_frames(root / "resources" / "sample" / "reference.mp4", [0])
    assert degrees(np.stack([frame[40:200, 8 * i : 8 * i + 280] for i in range(12)])) == 0.0
    assert degrees(np.stack([frame] * 5)) == 0.0
