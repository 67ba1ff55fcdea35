"""The lift from frames to scene: poses, first splats, the rows of the schedule, snapshots and checkpoints.

`lift` is a generator of messages, so the command line, the worker process and the tests consume the same stream. It
keeps, in the run's folder, `snapshot.safetensors` (the newest picture, and at the end the result) and
`checkpoint.pt`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from pipeline.generate.priors import AUTO, NONE, load_prior
from pipeline.generate.provider import VideoPrior, VideoRefiner, VideoUpsampler
from pipeline.generate.upsamplers import load_upsampler
from pipeline.lift.checkpoint import restore, save_checkpoint
from pipeline.lift.footage import Footage, to_tensor
from pipeline.lift.initialise import activity_mask, initial_splats, place_nodes, seen_moving
from pipeline.lift.reupsample import made_film
from pipeline.lift.schedule import Schedule, ablated, chosen_prior, distils, preset, undistilled, with_reupsampling
from pipeline.lift.sds import Distiller
from pipeline.lift.trainer import StepStats, Trainer
from pipeline.messages import Finished, Message, Note, Progress, SnapshotReady, StageStarted
from pipeline.poses.solve import SolvedPoses
from pipeline.project.media import resize
from pipeline.project.project import ABLATIONS
from renderer.diff.deformation import DeformationField, MlpField, NodeField
from renderer.diff.matte import Matte
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]
Control = Callable[[], str | None]

CHECKPOINT_SECONDS = 45.0
SNAPSHOT_SECONDS = 10.0
REPORT_SECONDS = 0.5
NEAR, EXACT = 9, 3
"""How far in px around the changing picture motion nodes may move, and splats may."""
CHECKPOINT, SNAPSHOT = "checkpoint.pt", "snapshot.safetensors"


class Stopped(Exception):
    """The lift was asked to stop; its checkpoint is written and it can be resumed."""


@dataclass(frozen=True)
class LiftSettings:
    """What the artist chooses. `without` holds names from `ABLATIONS`; canonical frames are source frame indices.

    `prior`, `upsampler`: the models for score distillation and re-upsampling, see `pipeline.generate.priors`.
    """

    preset: str = "draft"
    seed: int = 0
    device: str = "auto"
    without: tuple[str, ...] = ()
    canonical_reference_frame: int = 0
    canonical_freeze_frame: int = 0
    prior: str = AUTO
    upsampler: str = NONE

    def __post_init__(self) -> None:
        unknown = sorted(set(self.without) - set(ABLATIONS))
        if unknown:
            raise Refusal(f"The lift can't go without {', '.join(unknown)}; it knows {', '.join(ABLATIONS)}.")


@dataclass(frozen=True, eq=False)
class LiftInputs:
    """Frames uint8 [F, H, W, 3] of one size, with their source frame indices (increasing).

    `prompt`: what they show, in words, for a prior that reads it.
    """

    reference: Frames
    reference_indices: tuple[int, ...]
    freeze_time: Frames
    freeze_indices: tuple[int, ...]
    fps: float = 16.0
    prompt: str = ""


def choose_device(name: str) -> torch.device:
    """auto: CUDA when torch has it. Raises `Refusal` when CUDA is asked for and not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise Refusal("This machine has no CUDA that torch can use; run with --device cpu or auto.")
    if name not in ("cpu", "cuda"):
        raise Refusal(f"There is no device {name!r}; choose auto, cpu or cuda.")
    return torch.device(name)


def lift(
    inputs: LiftInputs,
    settings: LiftSettings,
    poses: SolvedPoses,
    run_dir: Path,
    *,
    resume: bool = False,
    control: Control = lambda: None,
    schedule: Schedule | None = None,
    prior: VideoPrior | VideoRefiner | None = None,
    upsampler: VideoUpsampler | None = None,
) -> Iterator[Message]:
    """Optimise a scene from frames and solved poses.

    Args:
        control: polled every step; "stop" writes a checkpoint and raises `Stopped`, "snapshot" writes a picture now.
        schedule: a table of one's own instead of the preset's.
        prior: a model instead of the one that the settings name. Rows that distil are trained by their other losses
            where there is none. upsampler: the same for re-upsampling.

    Yields messages; raises `Refusal` for what a person can mend.
    """
    device = choose_device(settings.device)
    torch.manual_seed(settings.seed)
    table = ablated(schedule or preset(settings.preset), settings.without)
    if prior is None:
        prior = yield from _loaded_prior(table, settings, device)
    table = table if prior is not None else undistilled(table)
    distiller = Distiller(prior, settings.seed, inputs.prompt) if prior is not None and distils(table) else None
    inputs = resampled(inputs, table.max_side)
    if upsampler is None and settings.upsampler != NONE:
        seen = int(inputs.freeze_time.shape[1]), int(inputs.freeze_time.shape[2])
        upsampler = load_upsampler(settings.upsampler, device.type, seen, torch.get_num_threads())
    table = table if upsampler is None else with_reupsampling(table)
    footage = make_footage(inputs, settings, poses, device)
    trainer = build_trainer(table, footage, poses, settings, distiller)
    if upsampler is not None:
        trainer.reupsampled = partial(
            made_film, codes=inputs.reference_indices, upsampler=upsampler, prompt=inputs.prompt, seed=settings.seed
        )
    run_dir.mkdir(parents=True, exist_ok=True)
    if resume and (run_dir / CHECKPOINT).exists():
        restore(trainer, run_dir / CHECKPOINT)
        yield Note(f"Resumed at step {trainer.steps_done} of {table.total_steps}.")
    yield from _optimise(trainer, inputs, settings, run_dir, control)


def _loaded_prior(
    table: Schedule, settings: LiftSettings, device: torch.device
) -> Generator[Message, None, VideoPrior | VideoRefiner | None]:
    """The model that the settings name for this table; None, with a note where the table would have asked for one.

    One that is there and can't be loaded is refused, also where nobody named it: the run is known by its prior.
    """
    name = chosen_prior(table, settings.prior)
    if name is not None:
        try:
            prior = load_prior(name, device.type)
        except Refusal as fault:
            if settings.prior != AUTO:
                raise
            raise Refusal(f"{fault} To lift without score distillation say --prior none.") from fault
        yield Note(f"Score distillation by the video prior {Path(name).name}.")
        return prior
    if settings.prior == AUTO and table.asks_prior and distils(table):
        yield Note(f"The {table.name} preset asks for score distillation; it runs without: no video prior is at hand.")
    return None


def resampled(inputs: LiftInputs, max_side: int) -> LiftInputs:
    """Frames no longer than `max_side` px on a side (0: as they are); cameras follow the frames' size."""
    height, width = inputs.freeze_time.shape[1:3]
    if not max_side or max(height, width) <= max_side:
        return inputs
    ratio = max_side / max(height, width)
    size = (max(round(height * ratio), 16), max(round(width * ratio), 16))
    return replace(inputs, reference=resize(inputs.reference, size), freeze_time=resize(inputs.freeze_time, size))


def make_footage(inputs: LiftInputs, settings: LiftSettings, poses: SolvedPoses, device: torch.device) -> Footage:
    """Frames that have a camera, with the canonical pair's positions."""
    kept = [i for i, k in enumerate(inputs.freeze_indices) if k in poses.cameras]
    frames = tuple(inputs.freeze_indices[i] for i in kept)
    size = (int(inputs.freeze_time.shape[1]), int(inputs.freeze_time.shape[2]))
    if settings.canonical_freeze_frame not in frames:
        raise Refusal(
            f"The canonical freeze-time frame {settings.canonical_freeze_frame} has no solved camera; choose another "
            "one with --canonical-freeze-frame."
        )
    if settings.canonical_reference_frame not in inputs.reference_indices:
        raise Refusal(f"The reference video has no frame {settings.canonical_reference_frame} to be the canonical one.")
    return Footage(
        to_tensor(inputs.freeze_time[kept], device),
        frames,
        to_tensor(inputs.reference, device),
        inputs.reference_indices,
        tuple(poses.cameras[k].resized(size) for k in frames),
        frames.index(settings.canonical_freeze_frame),
        inputs.reference_indices.index(settings.canonical_reference_frame),
        tuple(frames.index(k) for k in poses.unplaced if k in frames),
    )


def build_trainer(
    table: Schedule, footage: Footage, poses: SolvedPoses, settings: LiftSettings, distiller: Distiller | None = None
) -> Trainer:
    """First splats, both fields, and the trainer that owns them; everything random follows the seed."""
    raw = initial_splats(footage, poses, table.seeds, np.random.default_rng(settings.seed))
    if len(raw["means"]) < 4:
        raise Refusal("Solving the cameras left fewer than four points, too few to start a scene from.")
    per_frame, temporal = make_fields(table, footage, raw["means"].to(footage.freeze_images.device))
    wants_per_frame = "per-frame-deformation" not in settings.without
    return Trainer(table, footage, raw, per_frame if wants_per_frame else None, temporal, settings.seed, distiller)


def make_fields(table: Schedule, footage: Footage, means: torch.Tensor) -> tuple[DeformationField, DeformationField]:
    """The per-frame and the temporal field of this table, identity at their canonical codes."""
    freeze, reference = footage.freeze_frames, footage.reference_frames
    home_k, home_t = float(freeze[footage.canonical_freeze]), float(reference[footage.canonical_reference])
    if table.field == "mlp":
        fields = MlpField(home_k, freeze[-1] - freeze[0]), MlpField(home_t, reference[-1] - reference[0])
        return fields[0].to(means), fields[1].to(means)
    camera = footage.canonical_camera
    near, exact = (activity_mask(footage.reference_images, footage.canonical_reference, px) for px in (NEAR, EXACT))
    still = place_nodes(means, camera, None, table.nodes)
    moving = place_nodes(means, camera, near, table.nodes)
    mobile = seen_moving(moving, camera, near)
    temporal = NodeField(moving, reference, home_t, mobile=mobile, matte=Matte(exact, camera))
    return NodeField(still, freeze, home_k), temporal


def _optimise(
    trainer: Trainer, inputs: LiftInputs, settings: LiftSettings, run_dir: Path, control: Control
) -> Iterator[Message]:
    table = trainer.schedule
    pace = _Pace()
    announced = -1
    while not trainer.finished:
        if announced != trainer.phase_index:
            announced = trainer.phase_index
            yield _stage(table, announced)
        phase, step = trainer.phase, trainer.step_in_phase
        stats = trainer.step()
        pace.tick(stats)
        if pace.due("report", REPORT_SECONDS) or step + 1 == phase.steps:
            left = table.total_steps - trainer.steps_done
            yield pace.progress(phase.name, step + 1, phase.steps, left)
        asked = control()
        if asked == "snapshot" or pace.due("snapshot", SNAPSHOT_SECONDS):
            save_snapshot(trainer, inputs, settings, run_dir / SNAPSHOT)
            yield SnapshotReady(str(run_dir / SNAPSHOT), phase.name, step + 1)
        # A row that is done stays done, whatever happens in the next one.
        if asked == "stop" or step + 1 == phase.steps or pace.due("checkpoint", CHECKPOINT_SECONDS):
            save_checkpoint(trainer.state(), run_dir / CHECKPOINT)
        if asked == "stop":
            raise Stopped
    _refuse_broken(trainer)
    save_checkpoint(trainer.state(), run_dir / CHECKPOINT)
    save_snapshot(trainer, inputs, settings, run_dir / SNAPSHOT)
    yield SnapshotReady(str(run_dir / SNAPSHOT), table.phases[-1].name, table.phases[-1].steps)
    yield Finished({"splats": len(trainer.population), "steps": table.total_steps, "psnr": round(pace.psnr, 2)})


def _refuse_broken(trainer: Trainer) -> None:
    for name, value in trainer.population.params.items():
        if not torch.isfinite(value).all():
            raise Refusal(f"The lift ended with {name} that are not numbers; resume with another --seed.")


def _stage(table: Schedule, index: int) -> StageStarted:
    phase = table.phases[index]
    return StageStarted(phase.name, index, len(table.phases), phase.steps, phase.frozen, tuple(phase.weights))


class _Pace:
    """Speed, running figures, and what is due; only this knows the clock."""

    def __init__(self) -> None:
        self.last = dict.fromkeys(("report", "snapshot", "checkpoint"), time.monotonic())
        self.started, self.ticks = time.monotonic(), 0
        self.loss, self.psnr, self.splats = 0.0, 0.0, 0
        self.recent: list[float] = []

    def tick(self, stats: StepStats) -> None:
        blend = 0.05 if self.ticks else 1.0
        self.loss += blend * (stats.loss - self.loss)
        self.psnr += blend * (stats.psnr - self.psnr)
        self.splats, self.ticks = stats.splats, self.ticks + 1
        self.recent = [*self.recent[-99:], time.monotonic()]

    def due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now - self.last[what] < seconds:
            return False
        self.last[what] = now
        return True

    def progress(self, stage: str, step: int, steps: int, left: int) -> Progress:
        span = self.recent[-1] - self.recent[0]
        speed = (len(self.recent) - 1) / span if span > 0 else None
        eta = left / speed if speed else None
        return Progress(stage, step, steps, speed, eta, self.loss, self.psnr, self.splats)


def save_snapshot(trainer: Trainer, inputs: LiftInputs, settings: LiftSettings, path: Path) -> None:
    """Bake the scene as it is now."""
    scene = trainer.scene()
    scene.info = {
        "stage": "finished" if trainer.finished else trainer.phase.name,
        "step": trainer.steps_done,
        "steps": trainer.schedule.total_steps,
        "preset": settings.preset,
        "canonical_reference_frame": settings.canonical_reference_frame,
        "canonical_freeze_frame": settings.canonical_freeze_frame,
        "reference_frames": list(inputs.reference_indices),
        "freeze_frames": list(trainer.footage.freeze_frames),
        "fps": inputs.fps,
    }
    scene.bake([float(t) for t in inputs.reference_indices], [float(k) for k in trainer.footage.freeze_frames]).save(
        path
    )
