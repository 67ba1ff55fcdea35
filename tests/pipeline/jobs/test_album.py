"""Rows end with a picture that is kept, and what is planned is what the lift announces."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.jobs.album import Album
from pipeline.jobs.plan import stages_of
from pipeline.jobs.spec import SNAPSHOT, SNAPSHOTS
from pipeline.lift.schedule import ablated, preset
from pipeline.messages import Progress, SnapshotReady, StageStarted
from pipeline.project.project import LiftSettings


def test_the_ends_of_rows_and_what_was_asked_for_are_kept(tmp_path: Path) -> None:
    words: list[str] = []
    album = Album(tmp_path, lambda: words.pop() if words else None)
    scene = tmp_path / SNAPSHOT
    album.hear(StageStarted("Warm-up", 0, 2, 4))
    for step in range(1, 5):
        album.hear(Progress("Warm-up", step, 4))
        if step == 2:
            words.append("snapshot")
        word = album.control()
        scene.unlink(missing_ok=True)
        scene.write_text(f"step {step}")
        assert word == (None if step in (1, 3) else "snapshot")
        album.hear(SnapshotReady(str(scene), "Warm-up", step))  # one that was due anyway is not kept
    kept = {path.name: path.read_text() for path in (tmp_path / SNAPSHOTS).iterdir()}
    assert kept == {"00_000002.safetensors": "step 2", "00_000004.safetensors": "step 4"}


def test_stop_is_passed_on() -> None:
    album = Album(Path("/nowhere"), lambda: "stop")
    album.hear(Progress("Warm-up", 4, 4))
    assert album.control() == "stop"


@pytest.mark.parametrize("without", [(), ("freeze-time",)])
def test_the_plan_is_the_table(without: tuple[str, ...]) -> None:
    first, *rows = stages_of(LiftSettings("standard", without=without))
    table = ablated(preset("standard"), without).phases
    assert (first.name, first.steps) == ("poses", 0)
    assert [(row.name, row.steps, row.frozen) for row in rows] == [(p.name, p.steps, p.frozen) for p in table]
    assert [row.index for row in (first, *rows)] == list(range(len(table) + 1)) and {r.count for r in rows} == {
        len(table) + 1
    }
