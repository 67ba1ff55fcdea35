"""The report of known cameras: plain JSON, a line a frame, reasons for what is wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import cv2
import numpy as np

from pipeline.poses.check import check, sharpness
from pipeline.poses.report import report
from pipeline.poses.solved import FrameFit, SolvedPoses
from renderer.camera import Camera
from tests.pipeline.poses.scenes import arc, draw


def solution(cameras: list[Camera], states: dict[int, str]) -> SolvedPoses:
    """Forty points seen by every camera."""
    n, count = len(cameras), 40
    points = np.random.default_rng(0).normal((0, 0, 3), 0.3, (count, 3)).astype(np.float32)
    fits = tuple(FrameFit(i, states.get(i, "registered"), count, 0.2) for i in range(n))
    return SolvedPoses(
        dict(enumerate(cameras)), 0, points, np.zeros((count, 3), np.uint8), np.full(count, 0.2, np.float32),
        np.arange(count + 1, dtype=np.int64) * n, np.tile(np.arange(n, dtype=np.int32), count),
        np.zeros((count * n, 2), np.float32), fits, "careful", 5.0, "0" * 64, "careful",
    )  # fmt: skip


def test_a_steady_orbit_scores_full() -> None:
    told = report(solution(arc(9, 40.0), {}))
    assert told.liftability.score == 100
    assert abs(told.coverage - 40.0) < 4.0 and abs(told.fov - 50.0) < 0.1
    known = json.loads(told.json_text())
    assert known["score"] == 100 and [row["inliers"] for row in known["frames"]] == [40] * 9
    assert known["frames"][0]["sharpness"] is None
    assert "9 registered" in told.text() and told.text().count("registered") == 10


def test_lost_frames_and_jumps_are_named() -> None:
    cameras = arc(9, 40.0)
    moved = cameras[4].world_from_camera.copy()
    moved[1, 3] += 1.0
    cameras[4] = Camera(moved, cameras[4].K, cameras[4].size)
    told = report(solution(cameras, {7: "lost", 8: "lost"}))
    text = told.text()
    assert told.liftability.score < 80
    assert "frames 7-8: no camera was found; drop or re-roll them." in text
    assert "the camera jumps" in text


def test_a_zoom_is_a_fault_of_one_lens_for_all_and_none_of_lenses_of_their_own() -> None:
    cameras = arc(9, 40.0)
    told = report(replace(solution(cameras, {}), zoom=1.5)).text()
    assert "changes by a factor of 1.50" in told and "--per-frame-focal" in told
    own = [Camera.from_fov(camera.world_from_camera, 0.9 - 0.03 * k, camera.size) for k, camera in enumerate(cameras)]
    assert "focal length" not in report(replace(solution(own, {}), zoom=1.5)).text()


def test_every_frame_of_a_long_video_has_its_sharpness_and_blur_is_named_where_check_did_not_look() -> None:
    cameras = arc(60, 40.0)
    frames = draw(cameras[:5])[np.abs((np.arange(60) + 4) % 8 - 4)]  # there and back
    seen = check(frames[:48], range(48), 60)
    frames[50] = cv2.GaussianBlur(frames[50], (0, 0), 3.0)
    frames[20] = 0
    sharp = dict(enumerate(sharpness(frames).tolist()))
    told = report(solution(cameras, {}), seen, sharp)
    assert [row.frame for row in told.frames if not row.sharpness > 0.0] == [20], "a blank frame has none"
    del sharp[7]  # a frame that is dropped now and whose camera is known from before
    assert math.isnan(report(solution(cameras, {}), seen, sharp).frames[7].sharpness)
    assert told.frames[50].sharpness < 0.3 and "frame 50: blurred; drop or re-roll them." in told.text()
