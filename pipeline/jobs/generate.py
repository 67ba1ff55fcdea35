"""Generating: recipes joined with a project's takes, a provider and the disk.

Every take is kept in the moment it is finished, so stopping costs only what was under way. Of an extension every step
that is finished is kept too, as a take whose provenance says `stopped`; half a video is kept of nothing else, because
a diffusion model has no finished frame before its last step.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.generate import freeze_time
from pipeline.generate.adapters import SEEDS, Video, made, origin_in, settled
from pipeline.generate.prompt_rule import freeze_time_prompt
from pipeline.generate.provider import Frames, Known, Making, Origin, VideoProvider
from pipeline.generate.registry import Row, adjusted, find
from pipeline.generate.sweep import Sweep, extend
from pipeline.jobs.control import Control
from pipeline.jobs.coverage import coverage, degrees
from pipeline.jobs.previews import Preview
from pipeline.jobs.spec import POSES, GenerateJob
from pipeline.messages import Failed, Finished, Message, Note, PreviewReady, Produced, Progress, StageStarted
from pipeline.project import library, media, project_file
from pipeline.project.canonical import canonical_of
from pipeline.project.codec import encode
from pipeline.project.project import Project
from pipeline.project.take import KnownFrame, Take, VideoRequest
from renderer.errors import Refusal

PREVIEW_SECONDS = 0.4
NAMES = {"extend": "Extension", "reroll": "Re-roll"}


class StoppedError(Exception):
    """The person asked for an end; raised where the work can be left."""


@dataclass(frozen=True)
class Desk:
    """What every step of the work needs."""

    job: GenerateJob
    project: Project
    provider: VideoProvider
    control: Control
    preview: Preview

    def going(self, steps: Generator[Making | Sweep, None, None] | Generator[Making, None, Video], take: int) -> Going:
        """Watch a provider at work on take `take`."""
        return Going(self, steps, take)


def generate(job: GenerateJob, control: Control, table: Sequence[Row] | None = None) -> Iterator[Message]:
    """Do the job; raises `Refusal` for what a person can mend, and ends in `Failed` when it was stopped.

    `table`: the providers there are; the registry's by default.
    """
    home = Path(job.folder)
    project_file.check_home(home)
    project = project_file.load(home) if project_file.is_project(home) else Project()
    provider = find(job.provider, table)
    request = request_of(job, project)
    provider = adjusted(provider, request.options)
    settled(request, provider.ability, _nothing() if not request.known else known_of(request, project))
    kept: list[Take] = []
    try:
        with Preview(home, job.digest) as preview:
            for message in _takes(Desk(job, project, provider, control, preview), request):
                if isinstance(message, Take):
                    kept.append(message)
                    yield Produced("take", encode(message))
                else:
                    yield message
    except StoppedError:
        many = "1 take is kept." if len(kept) == 1 else f"{len(kept)} takes are kept."
        yield Failed(f"Stopped as asked; {many if kept else 'no take was finished.'}", cancelled=True)
        return
    yield Finished({"takes": [take.id for take in kept], "provider": provider.ability.name})


def _takes(desk: Desk, request: VideoRequest) -> Iterator[Message | Take]:
    """As many takes as are wanted, with seeds that rise; raises `StoppedError` when the person wants an end."""
    job = desk.job
    for number in range(job.takes):
        asked = replace(request, seed=(request.seed + number) % SEEDS)
        words = f"take {number + 1} of {job.takes}" if job.takes > 1 else "video"
        yield StageStarted(words, number, job.takes, 0)
        work = _extended if asked.kind == "extend" and job.like is None else _once
        yield from work(desk, asked, number)
        if desk.control() == "stop" and number + 1 < job.takes:
            raise StoppedError


def request_of(job: GenerateJob, project: Project) -> VideoRequest:
    """The whole request that a job means in a project; raises `Refusal` for takes and frames that are not there."""
    if job.like is not None:
        return replace(freeze_time.variation(project.take(job.like), job.wish.seed), provider=job.provider)
    wish, kind = replace(job.wish, provider=job.provider), job.wish.kind
    if kind == "reference":
        return freeze_time.reference(replace(wish, prompt=wish.prompt or project.cut.prompt))
    take = source_of(job, project)
    if kind == "freeze_time":
        frame = job.frame
        if frame is None and take.id == project.cut.reference:
            frame = project.cut.canonical_reference_frame
        prompt = wish.prompt or freeze_time_prompt(take.request.prompt or project.cut.prompt)
        return freeze_time.freeze_time(
            replace(wish, prompt=prompt), take, take.clip.n_frames // 2 if frame is None else frame
        )
    if kind == "extend":
        return freeze_time.extension(wish, take)
    frames = range(take.clip.n_frames)
    locked = project.cut.opinion(take.id).locked if job.locked is None else frozenset(job.locked)
    if job.between:
        return freeze_time.in_between(wish, take, job.between, frames if job.free is None else job.free)
    if job.free is None and not locked:
        raise Refusal("Say which frames stay, by a padlock or --lock, or which are made anew; now none is locked.")
    return freeze_time.reroll(wish, take, [i for i in frames if i not in locked] if job.free is None else job.free)


def source_of(job: GenerateJob, project: Project) -> Take:
    """The take that a job goes on from: the one it names, else the chosen one that fits; raises `Refusal`."""
    cut, kind = project.cut, job.wish.kind
    chosen = (
        cut.reference if kind == "freeze_time" else cut.freeze_time or (cut.reference if kind == "reroll" else None)
    )
    name = job.take or chosen
    if name is None:
        needed = "reference" if kind == "freeze_time" else "freeze-time"
        raise Refusal(f"There is no {needed} take to go on from; generate or import one first.")
    return project.take(name)


def known_of(request: VideoRequest, project: Project) -> Known:
    """The pixels of a request's known frames, each take read once; raises `Refusal` where one is gone."""
    ordered = sorted(request.known, key=lambda frame: frame.position)
    pictures: dict[tuple[str, int], Frames] = {}
    for name in dict.fromkeys(frame.take for frame in ordered):
        wanted = sorted({frame.frame for frame in ordered if frame.take == name})
        read = media.read_frames(project.take(name).clip.path, wanted)
        pictures |= {(name, i): picture for i, picture in zip(wanted, read, strict=True)}
    frames = [pictures[frame.take, frame.frame] for frame in ordered]
    if len({frame.shape for frame in frames}) > 1:
        raise Refusal("The known frames differ in size; take them from videos of one size.")
    return Known(
        np.stack(frames), tuple(frame.position for frame in ordered), tuple(frame.strength for frame in ordered),
        tuple(origin_of(project, frame.take, frame.frame) for frame in ordered),
    )  # fmt: skip


def origin_of(project: Project, name: str, frame: int) -> Origin:
    """Where a frame of a take comes from, through the takes that it was handed on by."""
    for _ in range(len(project.takes)):
        take = project.take(name)
        found = origin_in(take.provenance, frame)
        if found is not None:
            return found
        given = next((known for known in take.request.known if known.position == frame), None)
        if given is None:
            break
        name, frame = given.take, given.frame
    return Origin(frame)


def _nothing() -> Known:
    return Known(np.zeros((0, 1, 1, 3), np.uint8), (), ())


class Going:
    """A provider at work: iterates over messages; `latest` is the newest sweep, `video` the result."""

    def __init__(
        self, desk: Desk, steps: Generator[Making | Sweep, None, None] | Generator[Making, None, Video], take: int
    ) -> None:
        self._desk, self._steps, self._take = desk, steps, take
        self.latest: Sweep | None = None
        self.video: Video | None = None

    def __iter__(self) -> Iterator[Message]:
        """Until it is done; raises `StoppedError` when the person wants an end."""
        steps, shown = self._steps, -PREVIEW_SECONDS
        try:
            while True:
                try:
                    step = next(steps)
                except StopIteration as over:
                    self.video = over.value
                    return
                if isinstance(step, Sweep):
                    self.latest = step
                    yield Note(f"{step.degrees:.0f} degrees so far, {len(step.video.frames)} frames.")
                else:
                    yield Progress(step.stage or "video", step.step, step.steps)
                    if step.preview is not None and time.monotonic() - shown >= PREVIEW_SECONDS:
                        shown = time.monotonic()
                        path = self._desk.preview.show(step.preview)
                        yield PreviewReady(str(path), self._take, self._desk.job.takes)
                if self._desk.control() == "stop":
                    raise StoppedError
        finally:
            steps.close()


def _once(desk: Desk, request: VideoRequest, number: int) -> Iterator[Message | Take]:
    """One video of one request."""
    known = known_of(request, desk.project) if request.known else _nothing()
    asked = settled(request, desk.provider.ability, known)
    going = desk.going(made(desk.provider, asked, known), number)
    yield from going
    assert going.video is not None
    yield _keep(desk, asked, going.video, stopped=False)


def _extended(desk: Desk, request: VideoRequest, number: int) -> Iterator[Message | Take]:
    """An extension; stopped, it keeps the steps that it finished."""
    take = desk.project.take(request.sources[0])
    frames = media.read_frames(take.clip.path)
    origins = tuple(origin_of(desk.project, take.id, i) for i in range(len(frames)))
    whole = coverage(frames, canonical_of(desk.project, take), Path(desk.job.folder) / POSES)
    start = Sweep(Video(frames, origins, {"pieces": []}), 0, whole.left, whole.right)
    if desk.job.sweep and start.degrees >= desk.job.sweep:
        yield Note(f"{take.title} covers {start.degrees:.0f} degrees already.")
        return
    steps = extend(desk.provider, request, start, desk.job.side, desk.job.sweep, degrees)
    going = desk.going(steps, number)
    stopped = False
    try:
        yield from going
    except StoppedError:
        stopped = True
    last = going.latest
    if last is not None:
        yield Note(last.why or f"It covers {last.degrees:.0f} degrees.")
        known = tuple(KnownFrame(last.shift + i, take.id, i) for i in range(len(frames)))
        whole_request = replace(request, known=known, n_frames=len(last.video.frames))
        yield _keep(desk, whole_request, last.video, stopped=stopped)
    if stopped:
        raise StoppedError


def _keep(desk: Desk, request: VideoRequest, video: Video, *, stopped: bool) -> Take:
    """Store a video as a take, with what it covers where its camera is to travel."""
    # A project comes to be with its first take: a provider that fails leaves none behind.
    project_file.update(Path(desk.job.folder), lambda known: known)
    told = {**video.provenance, **({"stopped": True} if stopped else {})}
    if request.role == "freeze_time":
        told["coverage"] = coverage(
            video.frames, _shared(desk.project, request), Path(desk.job.folder) / POSES
        ).to_json()
    name = ""
    if request.sources and request.kind in NAMES:
        name = f"{NAMES[request.kind]} of {desk.project.take(request.sources[0]).title}"
    if stopped:
        name = f"{name or request.prompt} (stopped)"
    return library.keep_made(Path(desk.job.folder), video.frames, request, told, name)


def _shared(project: Project, request: VideoRequest) -> int:
    """Where the shared moment stands in a new video: where its source had it, or the one frame that it began with."""
    if request.kind == "freeze_time" or not request.sources:
        return request.known[0].position if request.known else 0
    there = canonical_of(project, project.take(request.sources[0]))
    return next((known.position for known in request.known if known.frame == there), min(there, request.n_frames - 1))
