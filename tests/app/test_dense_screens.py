"""Hands hit the same things on dense screens: the tests of clicks and drags again, in a process that Qt scales."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BY_HAND = (
    "test_overlay.py::test_a_click_on_the_gizmo_looks_along_its_axis",
    "test_overlay.py::test_a_click_on_a_frustum_looks_through_it",
    "test_main_window.py::test_clicking_the_time_rail_scrubs",
    "test_time_view_grid.py::test_a_click_on_a_cell_goes_there",
    "test_curation.py::test_dragging_a_handle_trims_in_one_step",
    "test_generating.py::test_candidates_are_looked_at_and_one_is_accepted_as_one_step",
    "test_shooting.py::test_a_key_is_picked_dragged_in_time_and_changed",
    "test_shooting.py::test_a_key_is_dragged_in_the_viewport",
)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("scale", ["1.25", "2"])
def test_clicks_and_drags_hit_the_same_at_every_scale(root: Path, scale: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *(f"tests/app/{t}" for t in BY_HAND)],
        env={**os.environ, "PYTHONPATH": str(root), "QT_SCALE_FACTOR": scale}, cwd=root,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
