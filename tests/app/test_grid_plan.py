"""Where the videos lie in the grid of times and views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.grid_plan import Cell, GridPlan, camera_of
from app.view_state import FREE, REFERENCE
from pipeline.project import edits
from pipeline.project.clip import FrameSelection
from pipeline.project.project import Project
from tests.app.takes import project_of_takes
from tests.renderer.gl.synthetic import synthetic_snapshot

SNAPSHOT = synthetic_snapshot(60)
SNAPSHOT = replace(SNAPSHOT, info={**SNAPSHOT.info, "canonical_reference_frame": 3})


def test_rows_are_times_and_columns_are_cameras() -> None:
    plan = GridPlan.of(SNAPSHOT)
    assert plan.times == tuple(range(16))
    assert plan.stations == (REFERENCE, 0, 4, 8, 12, 16, 20)
    assert plan.cell(3, 2) == Cell(3, 4)
    assert camera_of(SNAPSHOT, 4) == SNAPSHOT.freeze_cameras[4]
    assert camera_of(SNAPSHOT, REFERENCE) == SNAPSHOT.reference_camera


def test_the_videos_fill_one_column_and_one_row() -> None:
    plan = GridPlan.of(SNAPSHOT)
    cells = [plan.cell(row, column) for row in range(16) for column in range(7)]
    given = {cell: plan.source(cell) for cell in cells if plan.source(cell) is not None}
    assert given == {
        **{Cell(time, REFERENCE): ("reference", time) for time in plan.times},
        **{Cell(3, frame): ("freeze_time", frame) for frame in (0, 4, 8, 12, 16, 20)},
    }


def test_a_scene_that_does_not_name_the_shared_moment_has_only_the_reference_column() -> None:
    plan = GridPlan.of(replace(SNAPSHOT, info={}))
    assert plan.shared_time is None and plan.shared_station is None
    assert plan.source(Cell(0, 4)) is None
    assert GridPlan.of(None).times == ()


def test_a_view_stands_at_the_nearest_time_and_a_free_one_in_no_column() -> None:
    plan = GridPlan.of(SNAPSHOT)
    assert plan.place(4.4, 8) == (4, 3)
    assert plan.place(99.0, FREE) == (15, None)


def test_before_a_lift_the_grid_is_that_of_the_chosen_frames(tmp_path: Path) -> None:
    project = project_of_takes(tmp_path / "p")
    project = edits.set_canonical(edits.trim(project, project.takes[1].id, FrameSelection(1, 6, frozenset({3}))), 2, 4)
    plan = GridPlan.of_cut(project)
    assert plan.times == tuple(range(8)) and plan.stations == (REFERENCE, 1, 2, 4, 5)
    assert plan.source(Cell(2, 5)) == ("freeze_time", 5) and plan.source(Cell(1, 5)) is None
    assert plan.size == (36, 64)
    assert GridPlan.of_cut(Project()) == GridPlan()
