"""An ablation: one scene lifted with parts of the method left out, one after the other, measured and laid side by side.

The folder holds a project of its own, so that cameras are solved once for all arms, a finished arm is found again by
its digest, and the window can open what was lifted. Rows that arms begin with alike are lifted once (`starts`). Table
and contact sheet are written anew after every arm: a stop keeps what is finished, and the same job goes on from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.generate.procedural import Faults, Scenario, write_scene
from pipeline.jobs import ablation_report, plan
from pipeline.jobs.ablation_report import FULL, Arm, Result
from pipeline.jobs.control import Control
from pipeline.jobs.keeping import keep
from pipeline.jobs.spec import RUNS, SNAPSHOT, AblationJob, Job, LiftJob
from pipeline.jobs.starts import Starts
from pipeline.lift.schedule import parts_of, preset, table_of
from pipeline.messages import Failed, Finished, Message, Note, Produced, StageStarted
from pipeline.project import library, media, project_file
from pipeline.project.atomic import atomic_file
from pipeline.project.project import ABLATIONS, LiftSettings, Project
from renderer.errors import Refusal

if TYPE_CHECKING:
    from renderer.snapshot import Snapshot

FAULTY = Scenario(faults=Faults(warp_px=4.0, residual_motion=0.5, flicker=0.02))
"""The sample with what generators get wrong injected into its freeze-time video; held-out views stay exact."""
PROJECT, SCENE, FIGURES, STARTS, HELD_BACK = "project", "scene", "figures", "starts", "held_out.mp4"
STOPPED = "Stopped as asked; finished arms and their table are kept, and the same command goes on from here."

Run = Callable[[Job, Control], Iterator[Message]]


@dataclass(frozen=True)
class Problem:
    """What is lifted and measured against: the scene folder, the freeze-time video, the shared moment, its digest."""

    folder: Path
    freeze_time: Path
    pair: tuple[int | None, int | None]
    digest: str


def ablate(job: AblationJob, control: Control, run: Run) -> Iterator[Message]:
    """Do the job; `run` does one lift (`steps.run`). Raises `Refusal` for what a person can mend."""
    home = Path(job.folder)
    problem = yield from _problem(job, control)
    arms, in_vain = arms_of(job)
    project_file.check_home(home / PROJECT)
    pair = library.look_at(problem.folder / "reference.mp4", problem.freeze_time)
    library.check_canonical(pair, *problem.pair)
    project = library.bring(home / PROJECT, pair, LiftSettings(job.preset, 0, job.device), *problem.pair)
    lifts = [(arm, seed) for seed in range(job.seeds) for arm in arms]
    stages = sum(len(plan.stages_of(_settings(job, arm, seed))) + 1 for arm, seed in lifts)
    starts = Starts(home / STARTS)
    results: list[Result] = []
    done = 0
    for arm, seed in lifts:
        lift = LiftJob.from_project(_with(project, _settings(job, arm, seed)), home / PROJECT, resume=True)
        named = arm.words if job.seeds == 1 else f"{arm.words}, seed {seed}"
        fault = yield from _lifted(lift, starts.around(lift, run(lift, control)), named, done, stages)
        done += len(plan.stages_of(lift.settings)) + 1
        if control.stopping:
            yield Failed(STOPPED, True)
            return
        if fault is not None and (arm == FULL or fault.kind):
            yield fault
            return
        yield StageStarted(f"{named}: measuring", done - 1, stages, 0)
        results.append(
            Result(arm, seed, lift.digest, None, fault.sentence)
            if fault is not None
            else Result(arm, seed, lift.digest, measured(home, lift, problem))
        )
        report = ablation_report.Report(problem.folder.name, job.preset, problem.freeze_time.name, results, in_vain)
        _write(home, report, problem)
        yield Note(f"{named}: {ablation_report.sentence_of(results[-1])}")
    yield Produced("ablation", {"path": str((home / ablation_report.TABLE).resolve())})
    yield Finished({"out": str(home.resolve()), **report.to_json()})


def arms_of(job: AblationJob) -> tuple[tuple[Arm, ...], dict[Arm, str]]:
    """The arms that are lifted, the whole method first, and why others are not: nothing would be left out."""
    table = preset(job.preset)
    known = parts_of(table_of(job.preset, (), job.prior))
    wanted = [Arm(name, (name,)) for name in (job.arms or ABLATIONS)]
    in_vain = {
        arm: "there is no video prior to distil (--prior)" if arm.name in parts_of(table) else "no part of this preset"
        for arm in wanted
        if arm.name not in known
    }
    return (FULL, *(arm for arm in wanted if arm.name in known)), in_vain


def _problem(job: AblationJob, control: Control) -> Generator[Message, None, Problem]:
    """The scene, made when it is the faulty sample; refuses a folder that holds another scene's ablation."""
    home = Path(job.folder)
    if job.scene is None:
        folder = home / SCENE
        yield from _sample(folder, control)
    else:
        folder = Path(job.scene)
    freeze_time = Path(job.freeze_time) if job.freeze_time is not None else folder / "freeze_time.mp4"
    path = folder / "scene.json"
    try:
        told = path.read_bytes()
        data = json.loads(told)
        pair = tuple(
            None if data.get(name) is None else int(data[name])
            for name in ("canonical_reference_frame", "canonical_freeze_frame")
        )
    except (OSError, ValueError, TypeError, AttributeError) as fault:
        raise Refusal(f"{folder} is not a scene folder: its scene.json can't be read ({fault}).") from fault
    videos = [folder / "reference.mp4", folder / "freeze_time.mp4", folder / HELD_BACK, freeze_time]
    digests = b"".join(media.probe(video).digest.encode() for video in videos)
    digest = hashlib.blake2b(told + digests, digest_size=8).hexdigest()
    before = ablation_report.scene_in(home)
    if before not in (None, digest):
        raise Refusal(f"{home} holds the ablation of another scene or freeze-time video; name another --out.")
    return Problem(folder, freeze_time, (pair[0], pair[1]), digest)


def _sample(folder: Path, control: Control) -> Iterator[Message]:
    """Write the faulty sample, unless it is there; truth.json is written last and tells."""
    path = folder / "truth.json"
    wanted = json.loads(json.dumps(FAULTY.truth_json()["scenario"]))
    try:
        if json.loads(path.read_text(encoding="utf-8"))["scenario"] == wanted:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass
    yield Note("Drawing the sample with injected faults; this takes a minute or two.")
    write_scene(FAULTY, folder)
    if control.stopping:
        raise Refusal(STOPPED)


def _settings(job: AblationJob, arm: Arm, seed: int) -> LiftSettings:
    return LiftSettings(job.preset, seed, job.device, arm.without, job.prior)


def _with(project: Project, settings: LiftSettings) -> Project:
    return replace(project, cut=replace(project.cut, lift=settings))


def _lifted(
    lift: LiftJob, messages: Iterator[Message], named: str, done: int, stages: int
) -> Generator[Message, None, Failed | None]:
    """Do or find one lift; its fault when it has one. Stages are named by the arm and counted through all arms."""
    for message in messages:
        if isinstance(message, StageStarted):
            yield replace(message, name=f"{named}: {message.name}", index=done + message.index, count=stages)
        elif isinstance(message, Produced):
            keep(Path(lift.folder), message)
        elif isinstance(message, Failed):
            return message
        elif not isinstance(message, Finished):
            yield message
    return None


def measured(home: Path, lift: LiftJob, problem: Problem) -> Mapping[str, Any]:
    """The figures of a finished lift, those that were taken before where scene and scene file are the same."""
    from pipeline.lift.evaluate import VERSION, evaluate

    path = home / FIGURES / f"{lift.digest}.json"
    key = {"scene": problem.digest, "version": VERSION, "lifted": _stamp(lift)}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["of"] == key:
            return dict(kept["figures"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    figures = evaluate(scene_of(home, lift.digest), problem.folder, freeze_time=problem.freeze_time).to_json()
    with atomic_file(path) as file:
        file.write(json.dumps({"of": key, "figures": figures}, indent=1, allow_nan=False).encode())
    return figures


def _stamp(lift: LiftJob) -> str:
    return hashlib.blake2b((lift.run_dir / SNAPSHOT).read_bytes(), digest_size=8).hexdigest()


def scene_of(home: Path, digest: str) -> Snapshot:
    """The scene that an arm's lift made."""
    from renderer.snapshot import Snapshot

    return Snapshot.load(home / PROJECT / RUNS / digest / SNAPSHOT)


def _write(home: Path, report: ablation_report.Report, problem: Problem) -> None:
    """Contact sheet first, so that the table never points at a picture of other arms."""
    from pipeline.jobs.contact_sheet import sheet

    shown = [(r.arm.words, scene_of(home, r.digest)) for r in report.results if r.seed == 0 and r.figures]
    media.write_image(home / ablation_report.SHEET, sheet(problem.folder, shown))
    ablation_report.write(home, report, problem.digest)
