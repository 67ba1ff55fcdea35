"""From two mp4 files to a rendered, measured, exported scene, through the command line, on a tiny synthetic scene.

Short on purpose: the schedule has a few dozen steps and the cameras are the exact ones; COLMAP has tests of its
own and `make demo` is the whole road.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plyfile
import pytest

from pipeline.generate.procedural import Faults, write_scene
from pipeline.jobs.spec import SNAPSHOT
from pipeline.project import media, project_file
from tests.journeys.tiny_lift import SCENARIO, exact_poses, tiny

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    write_scene(SCENARIO, folder)
    return folder


@pytest.fixture(autouse=True)
def _short_road(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.lift.run.preset", tiny)
    monkeypatch.setattr("pipeline.lift.schedule.preset", tiny)
    monkeypatch.setattr("pipeline.poses.solve.solve", lambda *_, **__: exact_poses(SCENARIO))


def words(scene: Path, project: Path, *more: str) -> list[str]:
    videos = ["--reference", str(scene / "reference.mp4"), "--freeze-time", str(scene / "freeze_time.mp4")]
    return ["lift", *videos, "--out", str(project), "--device", "cpu", *more]


def test_the_whole_road(here: Run, scene: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    lifted = here(*words(scene, project, "--json"))
    assert lifted.code == 0, lifted.err
    lines = [json.loads(line) for line in lifted.out.splitlines()]
    assert lines[-1]["type"] == "finished" and {"stage", "progress", "snapshot", "produced"} <= {
        x["type"] for x in lines
    }
    stages = [line for line in lines if line["type"] == "stage"]
    assert [s["index"] for s in stages] == list(range(len(stages))) and {s["count"] for s in stages} == {len(stages)}

    facts = json.loads(here("info", project, "--json").out)
    assert (facts["canonical_reference_frame"], facts["canonical_freeze_frame"]) == (1, 2)
    assert facts["runs"][0]["finished"] and facts["runs"][0]["splats"] > 100

    for out, more in (
        ("a.png", ["--camera", "freeze:4", "--time", "2.5"]),
        ("a.mp4", []),
        ("frames/", ["--size", "48x27"]),
    ):
        rendered = here("render", project, "--out", f"{tmp_path}/{out}", *more)
        assert rendered.code == 0, rendered.err
    assert media.read_frames(tmp_path / "a.png").shape == (1, 54, 96, 3)
    assert media.probe(tmp_path / "a.mp4").n_frames == SCENARIO.n_reference
    assert len(list((tmp_path / "frames").iterdir())) == SCENARIO.n_reference
    truth = SCENARIO.render(1.0, SCENARIO.freeze_camera(2)).rgb.astype(float)
    here("render", project, "--out", f"{tmp_path}/b.png", "--camera", "freeze:2", "--time", "1")
    shown = media.read_frames(tmp_path / "b.png")[0].astype(float)
    assert np.abs(shown - truth).mean() < np.abs(truth.mean((0, 1)) - truth).mean()

    assert here("export", project, "--out", f"{tmp_path}/a.ply", "--time", "3").code == 0
    assert len(plyfile.PlyData.read(str(tmp_path / "a.ply"))["vertex"]) == facts["runs"][0]["splats"]

    measured = here("evaluate", project, "--scene", scene, "--json")
    figures = json.loads(measured.out.splitlines()[-1])
    assert {"psnr", "ssim", "moving_psnr", "static_lift_psnr", "motion_gain", "static_photo_psnr"} <= set(figures)
    assert {"reference_psnr", "freeze_time_psnr"} <= set(figures) and len(figures["frames"]) == SCENARIO.n_held_out
    assert figures["freeze_time_psnr"] > 12 and figures["motion_gain"] == pytest.approx(
        figures["psnr"] - figures["static_lift_psnr"]
    )
    assert {"perceptual", "flicker", "views", "absent"} <= set(figures)
    for key, name in (("reference_psnr", "reference"), ("freeze_time_psnr", "freeze_time"), ("psnr", "held_out")):
        assert figures["views"][name]["psnr"] == figures[key] and figures["views"][name]["views"] > 0
    shown = here("evaluate", project, "--scene", scene).out
    assert "held-out PSNR" in shown and "freeze-time views" in shown


def test_ctrl_c_then_resume(here: Run, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.lift.trainer as trainer

    real, steps = trainer.Trainer.step, []

    def counting(self: Any) -> Any:
        steps.append(1)
        if len(steps) == 14:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    monkeypatch.setattr(trainer.Trainer, "step", counting)
    project = tmp_path / "project"
    stopped = here(*words(scene, project))
    assert stopped.code == 130 and "--resume" in stopped.sentence
    assert project_file.load(project).runs == ()
    assert "not finished" in here("info", project).out
    resumed = here(*words(scene, project, "--resume"))
    assert resumed.code == 0, resumed.err
    assert len(steps) == tiny("draft").total_steps
    assert len(project_file.load(project).runs) == 1
    again = here(*words(scene, project, "--resume"))
    assert again.code == 0 and len(steps) == tiny("draft").total_steps


def test_an_ablation_is_another_run(here: Run, scene: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for more in ([], ["--without", "per-frame-deformation"], ["--seed", "5"]):
        assert here(*words(scene, project, *more)).code == 0
    runs = project_file.load(project).runs
    assert len({run.id for run in runs}) == 3
    assert [run.settings.without for run in runs] == [(), ("per-frame-deformation",), ()]
    assert len(list((project / "takes").iterdir())) == 2 and len(list((project / "poses").glob("*.safetensors"))) == 1


def test_an_ablation_in_one_command(here: Run, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.lift.trainer as trainer

    real, steps = trainer.Trainer.step, []

    def counted(self: Any) -> Any:
        steps.append(1)
        return real(self)

    monkeypatch.setattr(trainer.Trainer, "step", counted)
    asked = ["ablate", scene, "--out", tmp_path / "out", "--arms", "new-splats,joint-sds", "--device", "cpu"]
    done = here(*asked, "--json")
    assert done.code == 0, done.err
    end = json.loads(done.out.splitlines()[-1])
    assert [row["arm"] for row in end["summary"]["arms"]] == ["full", "new-splats"]
    assert "no video prior" in end["summary"]["not_lifted"]["joint-sds"]
    table = tiny("draft")
    assert len(steps) == table.total_steps + sum(row.steps for row in table.phases[4:])  # they part at new splats
    assert len(list((tmp_path / "out" / "project" / "poses").glob("*.safetensors"))) == 1
    steps.clear()
    again = here(*asked)
    assert again.code == 0 and "| No growth of new splats |" in again.out and "joint SDS | not lifted" in again.out
    assert not steps
    alone = here(*words(scene, tmp_path / "alone", "--without", "new-splats"))
    assert alone.code == 0, alone.err
    run = end["summary"]["arms"][1]["run"]
    snapshots = [folder / "runs" / run / SNAPSHOT for folder in (tmp_path / "out" / "project", tmp_path / "alone")]
    assert snapshots[0].read_bytes() == snapshots[1].read_bytes()  # by the same bits as a lift that shares nothing


def test_an_ablation_of_the_faulty_sample_goes_on_from_where_it_was_cut(
    here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipeline.lift.trainer as trainer

    faults = Faults(warp_px=2.0, residual_motion=0.5, flicker=0.02)
    monkeypatch.setattr("pipeline.jobs.ablation.FAULTY", replace(SCENARIO, faults=faults))
    real, steps, whole = trainer.Trainer.step, [], tiny("draft").total_steps

    def counting(self: Any) -> Any:
        steps.append(1)
        if len(steps) == whole + 10:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    monkeypatch.setattr(trainer.Trainer, "step", counting)
    out = tmp_path / "out"
    asked = ["ablate", "--faulty", "--out", out, "--arms", "per-frame-deformation,multi-view-sds", "--device", "cpu"]
    cut = here(*asked)
    assert cut.code == 130 and "finished arms" in cut.sentence
    assert "| Whole method |" in (out / "ablation.md").read_text()
    done = here(*asked, "--json")
    assert done.code == 0, done.err
    assert len(steps) == whole + (whole - tiny("draft").phases[0].steps)  # the warm-up is shared, nothing is done twice
    summary = json.loads(done.out.splitlines()[-1])["summary"]
    assert [row["arm"] for row in summary["arms"]] == ["full", "per-frame-deformation"]
    assert all(row["psnr"] > 8.0 for row in summary["arms"]) and "multi-view-sds" in summary["not_lifted"]
    assert media.read_frames(out / "ablation.png").ndim == 4 and json.loads((out / "ablation.json").read_text())["arms"]


def test_a_disk_that_fills_while_lifting(
    here: Run, scene: Path, small_disk: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipeline.lift.run as lift_run
    import pipeline.lift.trainer as trainer
    from pipeline.project import library

    disk = small_disk(6000)
    ballast, real, steps = disk / "ballast", trainer.Trainer.step, []

    def filling(self: Any) -> Any:
        steps.append(1)
        if len(steps) == 9:
            with contextlib.suppress(OSError):
                ballast.write_bytes(bytes(8_000_000))
        return real(self)

    monkeypatch.setattr(library, "RESERVE_BYTES", 0)
    monkeypatch.setattr(trainer.Trainer, "step", filling)
    for what in ("CHECKPOINT_SECONDS", "SNAPSHOT_SECONDS"):
        steps.clear()
        with monkeypatch.context() as patch:
            patch.setattr(lift_run, what, 0.0)
            outcome = here(*words(scene, disk / what))
        assert outcome.code == 1 and re.search(r"disk is full|No space left.*free some disk", outcome.sentence)
        ballast.unlink()
        assert not [p for p in disk.rglob("*") if ".tmp" in p.name]
        resumed = here(*words(scene, disk / what, "--resume"))
        assert resumed.code == 0, resumed.err
