"""How far frames are bent: the figures, and the third bar in the filmstrip of the take that was lifted."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pytestqt.qtbot import QtBot

from app.bending import Bending
from app.overlay_source import pixels_of
from app.theme import current_theme
from renderer.look import deformation_by_frame
from tests.app.conftest import OpenWindow
from tests.app.takes import project_of_takes, write_run

bendings = st.dictionaries(st.integers(0, 60), st.floats(0, 1e3), max_size=30).map(lambda rows: Bending("t", rows))


@given(bendings, st.integers(0, 60))
def test_shares_are_of_the_largest_and_unknown_frames_have_none(bending: Bending, frame: int) -> None:
    share = bending.share(frame)
    assert (share is None) == (frame not in bending.by_frame)
    assert share is None or 0 <= share <= 1
    assert bool(bending.words(frame)) == (frame in bending.by_frame)


def test_a_frame_far_beyond_the_others_contradicts_them() -> None:
    bending = Bending("t", {0: 0.0, 1: 0.0006, 2: 0.0005, 3: 0.0007, 4: 0.002})
    assert [frame for frame in bending.by_frame if bending.is_odd(frame)] == [4]
    assert bending.words(4) == "bent by 0.2 % of the distance to the scene, far more than the others: " + (
        "it contradicts them"
    )
    assert bending.words(0) == "not bent: the others are"
    assert not Bending("t", {0: 0.0, 1: 0.0}).is_odd(1)


def test_the_filmstrip_of_the_lifted_take_has_a_third_bar(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache" / "strips"))
    folder = tmp_path / "p"
    project_of_takes(folder)
    write_run(folder)
    window = open_window()
    window.open_project(folder)
    qtbot.waitUntil(lambda: window.view.snapshot is not None, timeout=10_000)
    window.workspaces.go_to("curate")
    reference, freeze_time = window.document.project.takes
    strip, tools = window.curation.filmstrip, window.curation.tools

    def bar(index: int) -> float:
        """The share of the third bar's width that is inked."""
        box = strip.cell(index)
        picture = pixels_of(strip.viewport().grab().toImage(), (strip.viewport().height(), strip.viewport().width()))
        row = picture[box.bottom() + 33, box.left() : box.right()].astype(int)
        accent = current_theme().colour("accent")
        ink = np.array([accent.red(), accent.green(), accent.blue()])
        return float((np.abs(row - ink).sum(-1) < 30).mean())

    assert window.view.snapshot is not None
    values = deformation_by_frame(window.view.snapshot)
    window.curation.review.show(freeze_time)
    assert "bending" in tools.legend.text()
    for frame in (0, 4):
        assert bar(frame) == pytest.approx(values[frame] / max(values.values()), abs=0.05)
        assert "bent by" in strip._tip(frame)
    assert "bent" not in strip._tip(3), "the lift did not see frame 3"
    window.curation.review.show(reference)
    assert bar(0) == 0 and bar(4) == 0
    assert "bending" not in tools.legend.text()
