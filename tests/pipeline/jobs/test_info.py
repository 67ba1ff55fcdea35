"""info tells what a project holds, finished or not."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.cli.report import info_text
from pipeline.jobs.info import about
from pipeline.jobs.spec import RUNS
from pipeline.messages import Progress


def test_a_finished_run_with_its_figures(project: Path) -> None:
    (run,) = about(project)["runs"]
    assert run["finished"] and run["scene"] and run["psnr"] == 31.5 and run["splats"] == 60
    text = info_text(about(project))
    assert "31.50 dB" in text and "60 splats" in text and "draft" in text


def test_an_unfinished_run_says_how_far_it_came(project: Path) -> None:
    folder = project / RUNS / "fedc"
    folder.mkdir()
    lines = [Progress("Motion", step, 600, psnr=20.0 + step).to_json() for step in (1, 2)]
    (folder / "messages.jsonl").write_text("\n".join([*lines, '{"type": "progress", "st']))
    run = about(project)["runs"][-1]
    assert run == {
        "id": "fedc", "finished": False, "stage": "Motion", "step": 2, "steps": 600, "psnr": 22.0, "splats": None,
        "scene": False,
    }  # fmt: skip
    assert "not finished, at Motion" in info_text(about(project))
    (folder / "messages.jsonl").unlink()
    assert "not finished, at the start" in info_text(about(project))


def test_facts_are_json(project: Path) -> None:
    assert json.loads(json.dumps(about(project), allow_nan=False)) == about(project)
