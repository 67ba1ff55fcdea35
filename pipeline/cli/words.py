"""From parsed words to a job, and from a job back to the words that do the same: "Copy as command line".

Both directions stand side by side so that they stay each other's inverse; nothing here does work.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.jobs.spec import (
    FLOW_MASKS,
    AblationJob,
    CamerasJob,
    ExportJob,
    GenerateJob,
    Job,
    LiftJob,
    PosesJob,
    RenderJob,
    VideosJob,
    masks_dir,
)
from pipeline.project.project import LiftSettings
from pipeline.project.project_file import load
from pipeline.project.take import VideoRequest

PROGRAM = "splatime"


def lift_job(args: argparse.Namespace) -> LiftJob | VideosJob:
    """The lift that the words ask for: of two videos, or of what the project has chosen already.

    Raises `Refusal` when a project alone is named and its choices are not complete.
    """
    given = {
        name: value
        for name, value in (("preset", args.preset), ("seed", args.seed), ("device", args.device))
        if value is not None
    }
    if args.prior is not None:
        given["prior"] = _prior(args.prior)
    if args.upsampler is not None:
        given["upsampler"] = _prior(args.upsampler)
    if args.without:
        given["without"] = tuple(sorted(set(args.without)))
    pair = args.canonical_frame, args.canonical_freeze_frame
    if args.reference is not None:
        videos = str(args.reference), str(args.freeze_time)
        return VideosJob(
            str(args.out), *videos, replace(LiftSettings(), **given), *pair, args.resume, args.poses and str(args.poses)
        )
    project = load(args.out)
    cut = replace(project.cut, lift=replace(project.cut.lift, **given))
    for name, frame in zip(("canonical_reference_frame", "canonical_freeze_frame"), pair, strict=True):
        cut = cut if frame is None else replace(cut, **{name: frame})
    return LiftJob.from_project(replace(project, cut=cut), args.out, resume=args.resume)


def render_job(args: argparse.Namespace) -> RenderJob:
    """The render that the words ask for."""
    time = None if args.time is None else tuple(value for value in args.time if value is not None)
    return RenderJob(
        str(args.project.resolve()), args.out, args.camera, time, args.size, args.fps, args.run, args.codec,
        args.frames, args.passes, args.supersampling, args.transparent,
    )  # fmt: skip


def export_job(args: argparse.Namespace) -> ExportJob:
    """The export that the words ask for; without --format the name of --out decides."""
    from pipeline.jobs.output import form_of

    form = args.format or ("ply-sequence" if form_of(args.out) == "folder" else "ply")
    return ExportJob(str(args.project.resolve()), args.out, form, args.time, args.run)


def ablation_job(args: argparse.Namespace) -> AblationJob:
    """The ablation that the words ask for."""
    scene = args.scene if args.scene is not None else args.of
    return AblationJob(
        str(args.out), scene and str(scene), args.arms, args.preset, args.seeds, args.device,
        args.freeze_time and str(args.freeze_time), _prior(args.prior),
    )  # fmt: skip


def _prior(name: str) -> str:
    """The name as it is elsewhere too, since that is where a job may be done."""
    from pipeline.generate.priors import placed

    return placed(name)


def generate_job(args: argparse.Namespace) -> GenerateJob:
    """The takes that the words ask for; a freeze-time prompt follows the rule unless it is to be taken as written."""
    prompt = args.prompt
    if args.kind == "freeze-time" and prompt and not args.as_written:
        from pipeline.generate.prompt_rule import freeze_time_prompt

        prompt = freeze_time_prompt(prompt)
    wish = VideoRequest(
        (args.kind or "reference").replace("-", "_"), prompt, args.negative_prompt, args.provider, n_frames=args.count,
        fps=args.fps, size=args.size, seed=args.seed, steps=args.steps, guidance=args.guidance,
        options=whole_paths(args.provider, dict(args.set) | ({} if args.model is None else {"model": args.model})),
    )  # fmt: skip
    return GenerateJob(
        str(args.out.resolve()), args.provider, wish, args.take, args.frame, args.takes, args.lock, args.frames,
        args.between, args.side, args.sweep, args.like,
    )  # fmt: skip


def whole_paths(provider: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a provider with full paths, since a job may be done elsewhere."""
    from pipeline.generate.registry import find
    from renderer.errors import Refusal

    try:
        places = {option.name for option in find(provider).ability.options if option.form in ("folder", "file")}
    except Refusal:  # the job itself says so, with all that goes with it
        return dict(options)
    return {
        name: str(Path(value).resolve()) if name in places and isinstance(value, str) and value else value
        for name, value in options.items()
    }


def command_line(job: Job) -> str:
    """One line for a shell that does this job."""
    return shlex.join([PROGRAM, *words_of(job)])


def words_of(job: Job) -> list[str]:
    """The words after the program's name that do this job."""
    if isinstance(job, LiftJob | VideosJob):
        return _lift_words(job)
    if isinstance(job, RenderJob):
        return _render_words(job)
    if isinstance(job, PosesJob):
        words = ["poses", job.video, "--out", job.folder, f"--{job.how}"]
        words += ["--per-frame-focal"] if job.per_frame_focal else []
        return words + _option("--masks", job.masks) + _option("--hold", job.hold)
    if isinstance(job, CamerasJob):
        words = ["--per-frame-focal"] if job.solve.per_frame_focal else []
        masks = job.solve.masks and str(masks_dir(Path(job.folder), job.solve.masks))
        return ["poses", job.folder, *words, *_option("--masks", FLOW_MASKS if job.solve.flow_masks else masks)]
    if isinstance(job, AblationJob):
        return _ablation_words(job)
    if isinstance(job, GenerateJob):
        return _generate_words(job)
    words = ["export", job.folder, "--out", job.out, "--format", job.form]
    return words + _option("--time", job.time) + _option("--run", job.run)


def _generate_words(job: GenerateJob) -> list[str]:
    wish = job.wish
    what = ["--kind", wish.kind.replace("_", "-")] if job.like is None else [f"--like={job.like}"]
    words = ["generate", *what, f"--provider={job.provider}", "--seed", str(wish.seed), "--takes", str(job.takes)]
    words += _option("--prompt", wish.prompt or None) + _option("--negative-prompt", wish.negative_prompt or None)
    words += ["--as-written"] if wish.kind == "freeze_time" and wish.prompt else []
    words += _option("--take", job.take) + _option("--frame", job.frame)
    for name, frames in (("--lock", job.locked), ("--frames", job.free)):
        words += _option(name, None if frames is None else _frame_words(frames))
    given = (("--between", job.between), ("--count", wish.n_frames), ("--steps", wish.steps),
             ("--fps", wish.fps), ("--guidance", wish.guidance), ("--sweep", job.sweep))  # fmt: skip
    for name, value in given:
        words += _option(name, value or None)
    if wish.size != (0, 0):
        words += ["--size", f"{wish.size[1]}x{wish.size[0]}"]
    words += ["--side", job.side] if job.side != "both" else []
    words += [f"--set={key}={json.dumps(value)}" for key, value in sorted(wish.options.items())]
    return [*words, f"--out={job.folder}"]


def _frame_words(frames: Sequence[int]) -> str:
    """Rising frames as `0-3,12`."""
    spans: list[list[int]] = []
    for frame in frames:
        if spans and spans[-1][1] == frame - 1:
            spans[-1][1] = frame
        else:
            spans.append([frame, frame])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _lift_words(job: LiftJob | VideosJob) -> list[str]:
    words = ["lift"]
    if isinstance(job, VideosJob):
        words += ["--reference", job.reference, "--freeze-time", job.freeze_time, *_option("--poses", job.poses)]
    s = job.settings
    words += ["--out", job.folder, "--preset", s.preset, "--seed", str(s.seed), "--device", s.device]
    words += _option("--canonical-frame", job.canonical_reference_frame)
    words += _option("--canonical-freeze-frame", job.canonical_freeze_frame)
    for part in sorted(s.without):
        words += ["--without", part]
    words += [] if s.prior == "auto" else [f"--prior={s.prior}"]
    words += [] if s.upsampler == "none" else [f"--upsampler={s.upsampler}"]
    return words + (["--resume"] if job.resume else [])


def _ablation_words(job: AblationJob) -> list[str]:
    words = ["ablate", *(["--faulty"] if job.scene is None else ["--scene", job.scene]), "--out", job.folder]
    words += ["--preset", job.preset, "--seeds", str(job.seeds), "--device", job.device]
    words += [] if job.prior == "auto" else [f"--prior={job.prior}"]
    return words + _option("--arms", ",".join(job.arms) or None) + _option("--freeze-time", job.freeze_time)


def _render_words(job: RenderJob) -> list[str]:
    words = ["render", job.folder, "--out", job.out, "--camera", job.camera]
    if job.time is not None:
        # With an equals sign: a time may be negative, and would be taken for an option.
        words.append("--time=" + ":".join(f"{time!r}" for time in job.time))
    if job.size is not None:
        words += ["--size", f"{job.size[1]}x{job.size[0]}"]
    words += _option("--fps", job.fps) + _option("--run", job.run) + _option("--codec", job.codec)
    if job.frames != "png":
        words += ["--frames", job.frames]
    if job.passes != ("colour",):
        words += ["--passes", ",".join(job.passes)]
    if job.supersampling != 1:
        words += ["--supersampling", str(job.supersampling)]
    return words + (["--transparent"] if job.transparent else [])


def _option(name: str, value: float | str | None) -> list[str]:
    return [] if value is None else [f"{name}={value}"]
