"""An ablation around a lift that is made of nothing: arms, reuse, faults, stops, and what is written about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs import ablation, contact_sheet
from pipeline.jobs.ablation import ablate, arms_of
from pipeline.jobs.ablation_report import DATA, FULL, SHEET, TABLE, WORDS, Arm, Report, Result
from pipeline.jobs.control import Control
from pipeline.jobs.spec import SNAPSHOT, AblationJob, Job, LiftJob, job_from_json, job_to_json
from pipeline.lift import evaluate, perceptual
from pipeline.messages import Failed, Finished, Message, Note, Produced, StageStarted
from pipeline.project import media, project_file
from pipeline.project.codec import encode
from pipeline.project.project import ABLATIONS, Run
from renderer.errors import Refusal
from renderer.snapshot import Snapshot
from tests.pipeline.lift.own_truth import scene, write_folder

WORSE = {"": 0.0, "small-motion": 0.02, "per-frame-deformation": 0.1, "freeze-time": 0.4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(autouse=True)
def _without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has tests of its own, and most of the time here would go into it."""
    monkeypatch.setattr(perceptual, "installed", lambda: None)


@dataclass
class FakeLift:
    """Stands in for `steps.run`: the scene, paler the more is left out; a finished run is found again."""

    lifted: list[str] = field(default_factory=list)
    fault: Callable[[str], Failed | None] = lambda part: None

    def __call__(self, job: Job, control: Control) -> Iterator[Message]:
        assert isinstance(job, LiftJob) and job.resume
        part = ",".join(job.settings.without)
        yield StageStarted("poses", 0, 2, 0)
        path = job.run_dir / SNAPSHOT
        failed = self.fault(part)
        if failed is not None or control.stopping:
            yield failed or Failed("Stopped.", True)
            return
        if not path.is_file():
            self.lifted.append(f"{part}{job.settings.seed}")
            truth = scene()
            share = WORSE.get(part, 0.05) + 0.01 * job.settings.seed
            replace(truth, rgb=((1 - share) * truth.rgb + share).astype(np.float32)).save(path)
            pair = job.canonical_reference_frame, job.canonical_freeze_frame
            made = Run(job.digest, job.reference.take, job.freeze_time.take, *pair, job.settings, {})
            yield Produced("run", encode(made))
        yield Finished({})


def job(folder: Path, out: Path, **more: object) -> AblationJob:
    arms = ("per-frame-deformation", "small-motion", "freeze-time")
    return replace(AblationJob(str(out), str(folder), arms), **more)  # type: ignore[arg-type]


def test_every_arm_is_lifted_measured_and_shown(folder: Path, tmp_path: Path) -> None:
    lift = FakeLift()
    messages = list(ablate(job(folder, tmp_path / "out"), Control(), lift))
    assert lift.lifted == ["0", "per-frame-deformation0", "small-motion0", "freeze-time0"]
    end = messages[-1]
    assert isinstance(end, Finished)
    found = {row["arm"]: row for row in end.summary["arms"]}
    assert found["full"]["psnr"] > found["small-motion"]["psnr"] > found["per-frame-deformation"]["psnr"]
    assert found["freeze-time"]["psnr"] == min(row["psnr"] for row in found.values())
    table = (tmp_path / "out" / TABLE).read_text()
    assert all(f"| {WORDS[name]} |" in table for name in found)
    assert "perceptual is absent: its weights are not installed" in table
    assert "from what is missed most: no freeze-time video (-" in table and SHEET in table
    data = json.loads((tmp_path / "out" / DATA).read_text())
    assert data["arms"] == end.summary["arms"] and data["scene"] == folder.name
    sheet = media.read_frames(tmp_path / "out" / SHEET)[0]
    assert sheet.shape[1] > 5 * contact_sheet.WIDTH
    project = project_file.load(tmp_path / "out" / ablation.PROJECT)
    assert {run.id for run in project.runs} == {row["run"] for row in end.summary["arms"]}
    assert (project.cut.canonical_reference_frame, project.cut.canonical_freeze_frame) == (0, 1)


def test_stages_count_through_all_arms(folder: Path, tmp_path: Path) -> None:
    messages = list(ablate(job(folder, tmp_path / "out", arms=("small-motion",)), Control(), FakeLift()))
    stages = [m for m in messages if isinstance(m, StageStarted)]
    assert len({s.count for s in stages}) == 1 and stages[-1].index == stages[-1].count - 1
    assert [s.index for s in stages] == sorted(s.index for s in stages)
    assert stages[0].name == "Whole method: poses" and stages[-1].name == "No small-motion loss: measuring"


def test_finished_arms_and_their_figures_are_found_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lift, out = FakeLift(), tmp_path / "out"
    first = list(ablate(job(folder, out, arms=("small-motion",)), Control(), lift))[-1]
    assert isinstance(first, Finished)
    measured: list[Snapshot] = []
    real = evaluate.evaluate

    def counted(scene: Snapshot, scene_dir: Path, *, freeze_time: Path | None = None) -> evaluate.Evaluation:
        measured.append(scene)
        return real(scene, scene_dir, freeze_time=freeze_time)

    monkeypatch.setattr(evaluate, "evaluate", counted)
    more = list(ablate(job(folder, out), Control(), lift))[-1]
    assert isinstance(more, Finished) and lift.lifted[2:] == ["per-frame-deformation0", "freeze-time0"]
    assert len(measured) == 2
    assert [row for row in more.summary["arms"] if row in first.summary["arms"]] == first.summary["arms"]
    changed = out / ablation.PROJECT / "runs" / first.summary["arms"][0]["run"] / SNAPSHOT
    replace(scene(), rgb=0 * scene().rgb).save(changed)  # as another lift into the same run would
    last = list(ablate(job(folder, out), Control(), lift))[-1]
    assert isinstance(last, Finished) and len(measured) == 3
    assert last.summary["arms"][0]["psnr"] < first.summary["arms"][0]["psnr"] - 10


def test_a_stop_keeps_what_is_finished(folder: Path, tmp_path: Path) -> None:
    control, out = Control(), tmp_path / "out"
    lift = FakeLift()

    def stop_at(part: str) -> None:
        if part == "small-motion":
            control.tell("stop")

    lift.fault = stop_at
    last = list(ablate(job(folder, out), control, lift))[-1]
    assert isinstance(last, Failed) and last.cancelled and "finished arms" in last.sentence
    table = (out / TABLE).read_text()
    assert "No per-frame deformation" in table and "small-motion" not in table
    assert (out / SHEET).is_file()
    lift.fault = lambda part: None
    assert isinstance(list(ablate(job(folder, out), Control(), lift))[-1], Finished)
    assert lift.lifted == ["0", "per-frame-deformation0", "small-motion0", "freeze-time0"]


def test_an_arm_that_fails_is_told_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    lift = FakeLift()
    lift.fault = lambda part: Failed("It became unstable.") if part == "freeze-time" else None
    last = list(ablate(job(folder, tmp_path / "out"), Control(), lift))[-1]
    assert isinstance(last, Finished) and last.summary["arms"][-1]["failed"] == "It became unstable."
    table = (tmp_path / "out" / TABLE).read_text()
    assert "No freeze-time video, seed 0, has no result: It became unstable." in table
    assert "| No freeze-time video | - |" in table


@pytest.mark.parametrize(("part", "kind"), [("", ""), ("small-motion", "memory")])
def test_a_fault_that_all_arms_would_have_ends_it(folder: Path, tmp_path: Path, part: str, kind: str) -> None:
    lift = FakeLift()
    lift.fault = lambda at: Failed("No.", kind=kind) if at == part else None
    assert list(ablate(job(folder, tmp_path / "out"), Control(), lift))[-1] == Failed("No.", kind=kind)


def test_parts_that_the_preset_has_not_are_said_and_not_faked(folder: Path, tmp_path: Path) -> None:
    asked = job(folder, tmp_path / "out", arms=("small-motion", "multi-view-sds"))
    lift = FakeLift()
    end = list(ablate(asked, Control(), lift))[-1]
    assert lift.lifted == ["0", "small-motion0"]
    assert isinstance(end, Finished) and end.summary["not_lifted"] == {
        "multi-view-sds": "there is no video prior to distil (--prior)"
    }
    assert (
        "| No multi-view SDS | not lifted: there is no video prior to distil (--prior) |"
        in (tmp_path / "out" / TABLE).read_text()
    )
    lifted, in_vain = arms_of(replace(asked, arms=()))
    assert {arm.name for arm in (*lifted, *in_vain)} == {"full", *ABLATIONS} and lifted[0] == FULL
    everything, nothing = arms_of(replace(asked, arms=(), prior="weights/of/mine"))
    assert len(everything) == 1 + len(ABLATIONS) and not nothing


def test_seeds_have_a_spread_and_differences_are_of_pairs(folder: Path, tmp_path: Path) -> None:
    lift = FakeLift()
    asked = job(folder, tmp_path / "out", arms=("small-motion",), seeds=2)
    assert isinstance(list(ablate(asked, Control(), lift))[-1], Finished)
    assert lift.lifted == ["0", "small-motion0", "1", "small-motion1"]
    assert "seeds 0 to 1" in (tmp_path / "out" / TABLE).read_text()
    arm = Arm("small-motion", ("small-motion",))
    values = {(FULL, 0): 20.0, (FULL, 1): 30.0, (arm, 0): 19.0, (arm, 1): 28.0}
    made = [Result(a, seed, "d", {"psnr": value, "absent": {}}) for (a, seed), value in values.items()]
    report = Report("s", "draft", "f.mp4", made, {})
    assert report.lost(arm) == {0: -1.0, 1: -2.0}
    assert "| No small-motion loss | 23.50 ± 6.36 | -1.50 ± 0.71 |" in report.markdown()


def test_another_scene_is_not_mixed_in(folder: Path, tmp_path: Path) -> None:
    asked = job(folder, tmp_path / "out", arms=("small-motion",))
    list(ablate(asked, Control(), FakeLift()))
    media.write_video(tmp_path / "f.mp4", iter(media.read_frames(folder / "freeze_time.mp4")[::-1]), 8.0)
    with pytest.raises(Refusal, match="another scene or freeze-time video"):
        list(ablate(replace(asked, freeze_time=str(tmp_path / "f.mp4")), Control(), FakeLift()))


def test_a_folder_that_is_no_scene_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not a scene folder"):
        list(ablate(AblationJob(str(tmp_path / "out"), str(tmp_path)), Control(), FakeLift()))
    assert list(tmp_path.iterdir()) == []


def test_the_faulty_sample_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(
        ablation.FAULTY, size=(24, 40), n_reference=3, n_freeze=4, n_held_out=2, canonical_reference_frame=1,
        canonical_freeze_frame=2, supersampling=1,
    )  # fmt: skip
    assert ablation.FAULTY.faults.warp_px > 0
    monkeypatch.setattr(ablation, "FAULTY", small)
    lift = FakeLift(fault=lambda part: Failed("Enough."))
    for notes in (1, 0):
        messages = list(ablate(AblationJob(str(tmp_path)), Control(), lift))
        assert messages[-1] == Failed("Enough.")
        assert sum(isinstance(m, Note) and "sample" in m.text for m in messages) == notes
    assert (tmp_path / ablation.SCENE / "held_out.mp4").is_file()


def test_the_enlarged_part_is_where_the_arms_err() -> None:
    goal = np.zeros((50, 80, 3), np.float32)
    bad = goal.copy()
    bad[30:36, 60:66] = 1.0
    top, left, height, width = contact_sheet.worst_part(goal, [goal, bad])
    assert top <= 30 and top + height >= 36 and left <= 60 and left + width >= 66
    assert top + height <= 50 and left + width <= 80


def test_the_job_survives_json() -> None:
    asked = AblationJob("/o", "/s", ("freeze-time",), "standard", 3, "cpu", "/f.mp4")
    assert job_from_json(job_to_json(asked)) == asked
    with pytest.raises(Refusal):
        job_from_json(job_to_json(asked).replace("freeze-time", "everything"))
