"""Time, modes, stations: what moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.view_state import FREE, REFERENCE, ViewState
from renderer.gl.moment import Mode, Moment
from renderer.snapshot import MotionTable
from tests.renderer.gl.synthetic import freeze_camera, synthetic_snapshot

SNAPSHOT = synthetic_snapshot(300)


@pytest.fixture
def view(qtbot: QtBot) -> ViewState:
    state = ViewState()
    state.show(SNAPSHOT)
    return state


def test_a_scene_is_first_seen_from_its_reference_camera(view: ViewState) -> None:
    assert view.camera == SNAPSHOT.reference_camera
    assert view.station == REFERENCE
    assert view.moment == Moment(Mode.TEMPORAL, 0.0)
    assert view.freeze_frame == 8
    assert view.freeze_frames == (0, 4, 8, 12, 16, 20)


def test_reset_returns_the_exact_camera_after_any_wandering(view: ViewState) -> None:
    view.turn(0.7, -0.3)
    view.pan(20, -9)
    view.dolly(0.5)
    view.focus(np.array([1.0, 0.0, 5.0]))
    view.frame_scene()
    assert view.station == FREE
    view.reset()
    assert view.camera == SNAPSHOT.reference_camera
    assert view.station == REFERENCE


def test_a_freeze_camera_is_stood_at_exactly(view: ViewState) -> None:
    view.turn(0.7, -0.3)
    view.go_to(16)
    assert view.camera == SNAPSHOT.freeze_cameras[16]
    assert (view.station, view.freeze_frame) == (16, 16)
    view.go_to(17)
    assert view.station == REFERENCE


def test_stations_are_walked_one_by_one_and_end_at_the_ends(view: ViewState) -> None:
    seen = []
    for by in (1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1):
        view.step_station(by)
        seen.append(view.station)
    assert seen == [8, 12, 16, 20, 16, 12, 8, 4, 0, 0, 0]


def test_time_is_clamped_and_touching_it_shows_motion(view: ViewState) -> None:
    view.set_mode(Mode.CANONICAL)
    assert view.moment.mode is Mode.CANONICAL
    view.set_time(99.0)
    assert view.moment == Moment(Mode.TEMPORAL, 15.0)
    view.set_time(-3.0)
    assert view.time == 0.0


@pytest.mark.parametrize(
    ("start", "by", "end"), [(7.4, 1, 8), (7.4, -1, 7), (7, 1, 8), (7, -1, 6), (15, 1, 15), (0, -1, 0), (3, 10, 13)]
)
def test_steps_go_to_whole_frames(view: ViewState, start: float, by: int, end: float) -> None:
    view.set_time(start)
    view.step(by)
    assert view.time == end


def test_per_frame_uses_the_picked_frame(view: ViewState) -> None:
    view.set_mode(Mode.PER_FRAME)
    assert view.moment == Moment(Mode.PER_FRAME, 8.0)
    view.go_to(12)
    assert view.moment == Moment(Mode.PER_FRAME, 12.0)


def test_play_loops_both_ways_at_the_videos_rate(view: ViewState) -> None:
    view.play()
    view.advance(0.25)
    assert view.time == pytest.approx(6.0)
    view.advance(0.5)
    assert view.time == pytest.approx(3.0)
    view.faster(-1)
    view.faster(-1)
    assert view.rate == -2.0
    view.advance(0.125)
    assert view.time == pytest.approx(12.0)
    for _ in range(9):
        view.faster(-1)
    assert view.rate == -8.0
    view.toggle()
    assert view.rate == 0.0
    view.advance(1.0)
    assert view.time == pytest.approx(12.0)


def test_still_modes_and_stepping_pause(view: ViewState) -> None:
    view.play()
    view.set_mode(Mode.PER_FRAME)
    assert not view.rate
    view.play()
    assert view.mode is Mode.TEMPORAL
    view.step(1)
    assert not view.rate


def test_a_newer_snapshot_keeps_a_free_view_and_moves_a_standing_one(view: ViewState) -> None:
    moved = {k: freeze_camera(0.01 * k) for k in SNAPSHOT.freeze_cameras}
    newer = replace(SNAPSHOT, freeze_cameras=moved)
    view.go_to(12)
    view.set_time(4.0)
    view.show(newer, keep_view=True)
    assert view.camera == moved[12]
    assert view.time == 4.0
    view.turn(0.1, 0.0)
    free = view.camera
    view.show(SNAPSHOT, keep_view=True)
    assert view.camera == free
    view.show(SNAPSHOT)
    assert view.camera == SNAPSHOT.reference_camera


def test_a_scene_of_one_moment_does_not_play(view: ViewState) -> None:
    view.show(replace(SNAPSHOT, temporal=MotionTable.still(), freeze_cameras={}, info={"fps": "fast"}))
    view.play()
    assert not view.rate
    assert view.fps == 24.0
    view.step_station(1)
    assert view.station == REFERENCE


def test_nothing_happens_without_a_scene(qtbot: QtBot) -> None:
    view = ViewState()
    for deed in (
        view.reset,
        view.toggle,
        view.frame_scene,
        lambda: view.turn(1, 1),
        lambda: view.step(1),
        lambda: view.go_to(3),
    ):
        deed()
    assert view.camera is None
    assert not view.rate
