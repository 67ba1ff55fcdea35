"""What a video is worth, told from flow alone: the score falls for a true reason, said in words."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.poses.check import check
from pipeline.poses.liftability import Liftability, Reason, coverage_reasons, spans
from pipeline.poses.still import stillness
from tests.pipeline.poses.scenes import Frames, arc, draw, texture

ORBIT = draw(arc(10, 25.0))


def told(frames: Frames) -> tuple[int, str]:
    seen = check(frames, range(len(frames)), len(frames), stillness(frames))
    return seen.liftability.score, " ".join(seen.liftability.lines())


def test_an_orbit_is_good_and_its_travel_is_about_right() -> None:
    seen = check(ORBIT, range(10), 10)
    assert seen.liftability.score >= 70 and 12 < seen.coverage < 45


def test_a_static_video_is_poor() -> None:
    score, words = told(np.repeat(ORBIT[:1], 8, 0))
    assert score < 15 and "camera does not move" in words and "circles the scene" in words


@pytest.mark.parametrize("fallen", [-0.4, 0.4])
def test_frames_in_which_the_subject_moved_are_named(fallen: float) -> None:
    cameras = arc(14, 35.0)
    frames = draw(cameras)
    assert not check(frames, range(14), 14).liftability.reasons
    frames[7:9] = draw(cameras[7:9], fallen=fallen)
    indices = range(100, 114)
    worth = check(frames, indices, 200).liftability
    (reason,) = worth.reasons
    assert {107, 108} <= set(reason.frames) <= {106, 107, 108, 109}, "source frames, and their neighbours at most"
    assert "the subject moved" in reason.text and "drop or re-roll" in reason.remedy
    assert worth.score < 90
    first, last = min(reason.frames), max(reason.frames)
    assert f"frames {first}-{last}: the subject moved" in " ".join(worth.lines())


def test_a_frame_of_another_scene_is_named() -> None:
    frames = ORBIT.copy()
    frames[6] = np.asarray(255 * texture(np.random.default_rng(5))[:120, :200], np.uint8)
    named = [reason.frames for reason in check(frames, range(10), 10).liftability.reasons if reason.frames]
    assert named and all(6 in some and min(some) >= 4 and max(some) <= 8 for some in named)


def test_a_narrow_path_says_how_narrow() -> None:
    (reason,) = coverage_reasons(3.0)
    assert str(reason) == "the camera barely moves: about 3 degrees; extend the orbit." and reason.cost > 20
    assert not coverage_reasons(30.0)


@pytest.mark.parametrize(("count", "has"), [(1, "only one frame"), (2, "only 2 frames"), (3, "only 3 frames")])
def test_too_few_frames(count: int, has: str) -> None:
    score, words = told(ORBIT[:count])
    assert score == 0 and has in words


def test_black_frames() -> None:
    score, words = told(np.zeros((6, 72, 128, 3), np.uint8))
    assert score == 0 and "blank" in words


def test_large_frames() -> None:
    large = np.repeat(np.repeat(ORBIT[::3], 18, 1), 19, 2)
    seen = check(large, range(len(large)), len(large))
    assert large.shape[1:3] == (2160, 3800) and seen.liftability.score >= 70 and seen.coverage > 12
    score, words = told(large[:2])
    assert score == 0 and "only 2 frames" in words


def test_frame_numbers_and_the_order_of_reasons() -> None:
    assert spans([9, 10, 11, 12, 20]) == "frames 9-12 and 20" and spans([4]) == "frame 4"
    worth = Liftability.of([Reason("a", "b", 5), Reason("c", "d", 30)])
    assert worth.score == 65 and worth.word == "doubtful" and worth.lines()[1] == "  - c; d."


def test_a_moving_camera_is_no_reference() -> None:
    measured = stillness(ORBIT)
    assert not measured.is_still and "no reference video" in measured.sentence()
    assert stillness(np.repeat(ORBIT[:1], 4, 0)).is_still
