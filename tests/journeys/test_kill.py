"""kill -9 of a lift at every stage: the next one goes on from what was finished and ends like one that was left alone.

Real processes and real SIGKILLs, on the tiny lift of `tiny_lift`. One thread, so that results are the same to the bit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate.procedural import write_scene
from pipeline.jobs.spec import SNAPSHOT
from pipeline.project import project_file
from tests.journeys.tiny_lift import SCENARIO, STEPS, tiny

Lift = Callable[..., subprocess.CompletedProcess[str]]
ROWS = len(tiny("draft").phases)
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def lift(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Lift:
    """Lift the tiny scene into a project, in a process; keyword arguments are its environment."""
    scene = tmp_path_factory.mktemp("scene")
    write_scene(SCENARIO, scene)
    videos = ["--reference", str(scene / "reference.mp4"), "--freeze-time", str(scene / "freeze_time.mp4")]

    def start(project: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
        words = ["lift", *videos, "--out", str(project), "--device", "cpu", "--json", *more]
        threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(root)}
        return subprocess.run(
            [sys.executable, "-P", "-m", "tests.journeys.tiny_lift", *words],
            env={**os.environ, **threads, **environment}, cwd=project.parent,
            capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    return start


@pytest.fixture(scope="module")
def untouched(lift: Lift, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a lift that nobody interrupted."""
    project = tmp_path_factory.mktemp("untouched") / "project"
    done = lift(project)
    assert done.returncode == 0, done.stderr
    return project


def said(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def resumed_at(done: subprocess.CompletedProcess[str]) -> int:
    """The step that a lift went on from; 0 from the start."""
    notes = [line["text"] for line in said(done) if line["type"] == "note"]
    return next((int(text.split()[3]) for text in notes if text.startswith("Resumed at step")), 0)


def scene_of(project: Path) -> bytes:
    (run,) = (project / "runs").iterdir()
    return (run / SNAPSHOT).read_bytes()


def test_a_lift_that_is_killed_again_and_again(lift: Lift, untouched: Path, tmp_path: Path) -> None:
    """While its cameras are solved, in a row, half way through writing a checkpoint, in the last row."""
    project = tmp_path / "project"
    late = STEPS * (ROWS - 1)
    for place, start in (
        ("poses", 0),
        (str(STEPS + 2), 0),
        ("checkpoint", STEPS),  # the row that was done stays done
        (str(late + 2 - STEPS), STEPS),
    ):
        killed = lift(project, "--resume", KILL_AT=place)
        assert killed.returncode == KILLED and resumed_at(killed) == start, killed.stderr
        assert project_file.load(project).runs == ()
    resumed = lift(project, "--resume")
    assert resumed.returncode == 0 and resumed_at(resumed) == late, resumed.stderr
    assert scene_of(project) == scene_of(untouched)
    (run,), (other,) = project_file.load(project).runs, project_file.load(untouched).runs
    assert (run.id, run.figures["steps"]) == (other.id, other.figures["steps"])
    assert not [path for path in project.rglob("*") if ".tmp" in path.name]
