"""Doing a job: a generator of messages, the same for the command line, the worker process and the tests.

It never raises for what a person can mend: a `Refusal` becomes a `Failed` message, and the last message is
always `Finished` or `Failed`. A programming error is raised as it is. Torch comes in only when a lift starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.generate.registry import Row
from pipeline.jobs import export, film, picture
from pipeline.jobs.ablation import ablate
from pipeline.jobs.album import Album
from pipeline.jobs.cameras import cameras, reported, solved
from pipeline.jobs.control import Control
from pipeline.jobs.generate import generate
from pipeline.jobs.memory import is_out_of_memory, resident_bytes
from pipeline.jobs.output import form_of
from pipeline.jobs.plan import models_of
from pipeline.jobs.run_dir import RunDir, scene_of
from pipeline.jobs.solve_poses import solve_poses
from pipeline.jobs.spec import (
    AblationJob,
    CamerasJob,
    ExportJob,
    GenerateJob,
    Job,
    LiftJob,
    PosesJob,
    RenderJob,
    VideosJob,
)
from pipeline.messages import Failed, Finished, Message, Note, Produced, Progress, StageStarted
from pipeline.project import edits, library, media
from pipeline.project.atomic import refusal_for
from pipeline.project.codec import encode
from pipeline.project.project import Render, Run
from pipeline.project.project_file import check_home, load, update
from renderer.errors import Refusal

if TYPE_CHECKING:
    from pipeline.lift.run import LiftInputs

DROPPED = "Stopped as asked; nothing was written."
CANCELLED = "Stopped as asked; the same command with --resume goes on from here."
OTHER_MODELS = (
    "The video prior or the upsampler of this lift has changed since it was asked for; start it again from the project."
)
NO_MEMORY = {
    True: "Memory ran out while lifting ({held:.1f} GB were held). The last checkpoint is kept: close other programs "
    "and go on from it with --resume, or lift with a smaller preset or fewer frames.",
    False: "Memory ran out ({held:.1f} GB were held); close other programs, or choose a smaller size.",
}


def run(job: Job, control: Control | None = None, table: Sequence[Row] | None = None) -> Iterator[Message]:
    """Do a job, saying what happens. `table`: the providers of videos there are; the registry's by default."""
    told = control or Control()
    try:
        if isinstance(job, LiftJob):
            yield from _lift(job, told)
        elif isinstance(job, VideosJob):
            yield from _lift_videos(job, told)
        elif isinstance(job, RenderJob):
            yield from _render(job, told)
        elif isinstance(job, PosesJob):
            yield from solve_poses(job, told)
        elif isinstance(job, CamerasJob):
            yield from cameras(job, told)
        elif isinstance(job, AblationJob):
            yield from ablate(job, told, run)
        elif isinstance(job, GenerateJob):
            yield from generate(job, told, table)
        else:
            yield from _export(job, told)
    except Refusal as refusal:
        # A stop also breaks what the stopped job was waiting for (COLMAP's child); that is no fault of its own.
        sentence = CANCELLED if isinstance(job, LiftJob | VideosJob) else DROPPED
        yield Failed(sentence, True) if told.stopping else Failed(str(refusal))
    except OSError as fault:
        yield Failed(str(refusal_for(fault, Path(str(fault.filename or job.folder)))), kind="disk")
    except (MemoryError, RuntimeError) as fault:
        if not is_out_of_memory(fault):
            raise
        yield Failed(
            NO_MEMORY[isinstance(job, LiftJob | VideosJob)].format(held=resident_bytes() / 2**30), kind="memory"
        )


def _lift_videos(job: VideosJob, control: Control) -> Iterator[Message]:
    """Look at both files before anything is written, keep their frames, then lift what the project has chosen."""
    home, wanted = Path(job.folder), (job.canonical_reference_frame, job.canonical_freeze_frame)
    check_home(home)
    pair = library.look_at(Path(job.reference), Path(job.freeze_time))
    library.check_canonical(pair, *wanted)
    project = library.bring(home, pair, job.settings, *wanted)
    said = None
    if job.poses is not None:
        from pipeline.jobs.import_poses import bring_poses

        project, said = bring_poses(home, Path(job.poses), media.names_of(Path(job.freeze_time)))
    elif project.cut.poses is not None:
        project = update(home, lambda known: edits.use_poses(known, None))
    lift = LiftJob.from_project(project, home, resume=job.resume)
    shared = f"reference frame {lift.canonical_reference_frame} and freeze-time frame {lift.canonical_freeze_frame}"
    yield Note(f"The shared moment is {shared}.")
    if said is not None:
        yield Note(said)
    yield from _lift(lift, control)


def _lift(job: LiftJob, control: Control) -> Iterator[Message]:
    folder = RunDir.create(job)
    with folder.working():
        for message in _lift_messages(job, folder, control):
            folder.log(message)
            yield message


def _lift_messages(job: LiftJob, folder: RunDir, control: Control) -> Iterator[Message]:
    if job.resume and folder.is_finished():
        known = next((run for run in load(Path(job.folder)).runs if run.id == job.digest), None)
        if known is not None:
            yield Note("This lift is finished already; leave --resume out to do it again.")
            yield Finished(dict(known.figures))
            return
    from pipeline.lift.run import LiftSettings, Stopped, choose_device, lift
    from pipeline.lift.schedule import table_of

    s = job.settings
    pair = job.canonical_reference_frame, job.canonical_freeze_frame
    choose_device(s.device)  # refused now rather than after the cameras are solved
    if models_of(s) != (job.prior, job.upsampler):
        raise Refusal(OTHER_MODELS)
    settings = LiftSettings(s.preset, s.seed, s.device, s.without, *pair, s.prior, s.upsampler)
    stages = 1 + len(table_of(s.preset, s.without, s.prior, s.upsampler).phases)
    try:
        inputs = read_inputs(job)
        yield StageStarted("poses", 0, stages, 0)
        poses = yield from solved(job, inputs.freeze_time, folder.path / "poses", control)
        yield from reported(job.cameras, poses, inputs.freeze_time, control)
        album = Album(folder.path, control)
        for message in lift(inputs, settings, poses, folder.path, resume=job.resume, control=album.control):
            album.hear(message)
            if isinstance(message, StageStarted):
                yield replace(message, index=message.index + 1, count=stages)
                continue
            if isinstance(message, Finished):
                yield Produced("run", encode(_run_of(job, message.summary)))
            yield message
    except Stopped:
        yield Failed(CANCELLED, True)


def read_inputs(job: LiftJob) -> LiftInputs:
    """Frames of both takes at the freeze-time video's size, which is the one that the cameras are solved at."""
    from pipeline.lift.run import LiftInputs

    freeze_time = media.read_frames(job.freeze_time.path, job.freeze_time.frames)
    size = int(freeze_time.shape[1]), int(freeze_time.shape[2])
    reference = media.resize(media.read_frames(job.reference.path, job.reference.frames), size)
    prompt = next((t.request.prompt for t in load(Path(job.folder)).takes if t.id == job.reference.take), "")
    return LiftInputs(reference, job.reference.frames, freeze_time, job.freeze_time.frames, job.reference.fps, prompt)


def _run_of(job: LiftJob, figures: dict[str, Any]) -> Run:
    takes = job.reference.take, job.freeze_time.take
    pair = job.canonical_reference_frame, job.canonical_freeze_frame
    return Run(job.digest, *takes, *pair, replace(job.settings, extra={}), figures)


def _render(job: RenderJob, control: Control) -> Iterator[Message]:
    folder = Path(job.folder)
    run_id, scene = scene_of(folder, load(folder), job.run)
    plan = picture.planned(job, scene)
    passes = len(job.passes) if form_of(job.out) == "film" else 1
    yield StageStarted("render", 0, 1, passes * len(plan.shots))
    yield from _reported("render", passes * len(plan.shots), film.write(job, plan, scene, run_id), control)
    out = Path(job.out).resolve()
    if out.is_relative_to(folder.resolve()):
        inside = out.relative_to(folder.resolve())
        size = plan.shots[0][0].size
        yield Produced("render", encode(Render(inside, run_id, job.camera, plan.times, size, plan.fps)))
    yield Finished({"out": str(out), "frames": len(plan.shots)})


def _export(job: ExportJob, control: Control) -> Iterator[Message]:
    folder = Path(job.folder)
    run_id, scene = scene_of(folder, load(folder), job.run)
    export.check(job, scene)
    count = len(export.times(job, scene))
    yield StageStarted("export", 0, 1, count)
    yield from _reported("export", count, export.write(job, scene, run_id), control)
    yield Produced("export", {"path": str(Path(job.out).resolve()), "format": job.form})
    yield Finished({"out": str(Path(job.out).resolve()), "files": count, "splats": len(scene.means)})


def _reported(stage: str, steps: int, done: Iterator[int], control: Control) -> Iterator[Message]:
    """Progress of work that counts; a stop closes it, and what it had begun to write goes away."""
    for step in done:
        if step < steps and control() == "stop":
            raise Refusal(DROPPED)
        yield Progress(stage, step, steps)
