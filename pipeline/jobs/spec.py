"""What to do: frozen job values with a digest. Pure, light, and all that the window knows of a job.

A lift is named by the digest of its inputs and settings, so the same work is found again and other work
never collides; the device is left out, since the same run may go on elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from pipeline.jobs.plan import models_of
from pipeline.project.codec import decode, encode
from pipeline.project.project import ABLATIONS, PRESETS, LiftSettings, Project, SolveSettings, frames_of
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal

POSES, RUNS, RENDERS, ABLATIONS_FOLDER = "poses", "runs", "renders", "ablations"
SPEC, SNAPSHOT, MESSAGES, CHECKPOINT = "spec.json", "snapshot.safetensors", "messages.jsonl", "checkpoint.pt"
SNAPSHOTS = "snapshots"

PASSES = ("colour", "depth", "alpha")
FRAME_FORMS = ("png", "exr")
MAX_SUPERSAMPLING = 4
FLOW_MASKS = "flow"
"""The masks that are made of what no camera explains; a folder of this name is `./flow`."""
SIDES = ("left", "right", "both")
MAX_TAKES, MAX_BETWEEN, MAX_SWEEP = 64, 16, 360.0
STUDY = "study"


@dataclass(frozen=True)
class Source:
    """Frames of a take: its id, its path in the project folder, the digest of its content, source frame indices."""

    take: str
    path: str
    digest: str
    frames: tuple[int, ...]
    fps: float


@dataclass(frozen=True)
class LiftJob:
    """Lift two takes of the project in `folder`.

    `resume`: go on from the run's checkpoint when there is one. `poses`: id of imported cameras; None: solve them, as
    `solve` says.
    `prior`, `upsampler`: the models that it loads, by content (`plan.models_of`); None: none.
    """

    kind: ClassVar[str] = "lift"
    folder: str
    reference: Source
    freeze_time: Source
    canonical_reference_frame: int
    canonical_freeze_frame: int
    settings: LiftSettings
    resume: bool = False
    poses: str | None = None
    prior: str | None = None
    upsampler: str | None = None
    solve: SolveSettings = field(default_factory=SolveSettings)

    @classmethod
    def from_project(cls, project: Project, folder: Path, *, resume: bool = False) -> LiftJob:
        """The job that the cut asks for; raises `Refusal` when the cut is not complete or a named model not there."""
        cut = project.cut
        if cut.canonical_reference_frame is None or cut.canonical_freeze_frame is None:
            raise Refusal("The moment that both videos share is not chosen yet; choose a canonical frame in each.")
        reference, freeze_time = project.chosen()
        first = _source(reference, frames_of(reference.clip, cut.reference_frames))
        second = _source(freeze_time, frames_of(freeze_time.clip, cut.freeze_time_frames))
        pair = cut.canonical_reference_frame, cut.canonical_freeze_frame
        for frame, source, what in ((pair[0], first, "reference"), (pair[1], second, "freeze-time")):
            if frame not in source.frames:
                raise Refusal(f"The canonical {what} frame {frame} is trimmed away or dropped; pick another one.")
        models = models_of(cut.lift)
        return cls(str(folder.resolve()), first, second, *pair, cut.lift, resume, cut.poses, *models, cut.solve)

    @property
    def digest(self) -> str:
        """Names the run: inputs, settings and models, not where they lie or how fast it is done."""
        s = self.settings
        videos = [[source.digest, list(source.frames)] for source in (self.reference, self.freeze_time)]
        pair = [self.canonical_reference_frame, self.canonical_freeze_frame]
        how = [s.preset, s.seed, sorted(s.without)]
        told: dict[str, Any] = {"lift": 1, "videos": videos, "pair": pair, "how": how}
        more: dict[str, Any] = {"poses": self.poses, "prior": self.prior, "upsampler": self.upsampler}
        more["solve"] = (self.poses is None and list(self.solve.words)) or None
        return _digest(told | {name: value for name, value in more.items() if value is not None})

    @property
    def run_dir(self) -> Path:
        """Where the run lives."""
        return Path(self.folder) / RUNS / self.digest

    @property
    def poses_dir(self) -> Path:
        """Where the project keeps solved cameras."""
        return Path(self.folder) / POSES

    @property
    def cameras(self) -> CamerasJob:
        """The part of this lift that solves cameras and reports them."""
        return CamerasJob(self.folder, self.freeze_time, self.canonical_freeze_frame, self.poses, self.solve)


@dataclass(frozen=True)
class VideosJob:
    """Bring two video files into the project in `folder`, made when missing, and lift them.

    The canonical frames are source frames of the moment that both share; None: the pair of least difference. `poses`:
    a folder with cameras from another program; None: solve them.
    """

    kind: ClassVar[str] = "videos"
    folder: str
    reference: str
    freeze_time: str
    settings: LiftSettings
    canonical_reference_frame: int | None = None
    canonical_freeze_frame: int | None = None
    resume: bool = False
    poses: str | None = None


@dataclass(frozen=True)
class RenderJob:
    """Render a run of the project in `folder` to `out`: a picture, a film, or a folder of frames.

    Attributes:
        camera: "reference", "freeze:K", "study" (the paper's four stops), or the path of a camera file.
        time: one moment or a range, reference frames.
        size: (height, width) px. None anywhere: what the camera, the run and the form of `out` suggest.
        run: id of the run; None is the newest finished one.
        codec: of a film, a key of `media_codecs.CODECS`; None: what the name's ending stands for.
        frames: what a folder holds, "png" or "exr".
        passes: which of colour, depth and alpha are written.
        supersampling: pictures are drawn so many times as wide and high, and averaged.
        transparent: colour keeps its alpha instead of lying over black.
    """

    kind: ClassVar[str] = "render"
    folder: str
    out: str
    camera: str = "reference"
    time: tuple[float, ...] | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    run: str | None = None
    codec: str | None = None
    frames: str = "png"
    passes: tuple[str, ...] = ("colour",)
    supersampling: int = 1
    transparent: bool = False

    def __post_init__(self) -> None:
        if not self.passes or set(self.passes) - set(PASSES) or len(set(self.passes)) != len(self.passes):
            raise ValueError(f"passes are some of {', '.join(PASSES)}, not {self.passes}")
        if self.frames not in FRAME_FORMS or not 1 <= self.supersampling <= MAX_SUPERSAMPLING:
            raise ValueError(f"frames {self.frames!r}, supersampling {self.supersampling}")


@dataclass(frozen=True)
class ExportJob:
    """Write splat files: `form` is "ply" (one file) or "ply-sequence" (a folder); `time` in reference frames.

    `run` is the id of a run; None is the newest finished one.
    """

    kind: ClassVar[str] = "export"
    folder: str
    out: str
    form: str = "ply"
    time: float | None = None
    run: str | None = None


@dataclass(frozen=True)
class PosesJob:
    """Solve the cameras of a video into `folder`.

    `how` is "quick" or "careful". `masks`: what is not to be trusted, `FLOW_MASKS` or a folder of pictures. `hold`: a
    folder of an earlier solution, whose cameras stay where they are for the pictures that both videos have.
    `per_frame_focal`: each frame has a focal length of its own, for a lens that zooms.
    """

    kind: ClassVar[str] = "poses"
    folder: str
    video: str
    how: str = "careful"
    masks: str | None = None
    hold: str | None = None
    per_frame_focal: bool = False


@dataclass(frozen=True)
class CamerasJob:
    """Solve the cameras of the freeze-time take that the project in `folder` has chosen; a lift then finds them.

    `poses`: id of imported cameras, which are only reported; None: solve them, as `solve` says.
    """

    kind: ClassVar[str] = "cameras"
    folder: str
    freeze_time: Source
    canonical_freeze_frame: int
    poses: str | None = None
    solve: SolveSettings = field(default_factory=SolveSettings)

    @classmethod
    def from_project(cls, project: Project, folder: Path) -> CamerasJob:
        """The job that the project's cut asks for; raises `Refusal` when no take or no shared moment is chosen."""
        cut = project.cut
        take = next((take for take in project.takes if take.id == cut.freeze_time), None)
        if take is None:
            raise Refusal("No freeze-time take is chosen yet; choose one in Curate.")
        source, frame = _source(take, frames_of(take.clip, cut.freeze_time_frames)), cut.canonical_freeze_frame
        if frame is None:
            raise Refusal("The moment that both videos share is not chosen yet; choose a canonical frame in each.")
        if frame not in source.frames:
            raise Refusal(f"The canonical freeze-time frame {frame} is trimmed away or dropped; pick another one.")
        return cls(str(folder.resolve()), source, frame, cut.poses, cut.solve)

    @property
    def digest(self) -> str:
        """Names the report: the frames and how they are solved, not where they lie."""
        source = self.freeze_time
        video = [source.digest, list(source.frames), self.canonical_freeze_frame]
        how = {"solve": list(self.solve.words)} if self.poses is None and self.solve.words else {}
        return _digest({"cameras": 1, "video": video, "poses": self.poses, **how})

    @property
    def poses_dir(self) -> Path:
        """Where the project keeps solved cameras."""
        return Path(self.folder) / POSES

    @property
    def report_path(self) -> Path:
        """Where the report lies once the job is done; the same in words stands beside it, in a .txt."""
        return self.poses_dir / f"{self.digest}.report.json"


def masks_dir(folder: Path, masks_id: str) -> Path:
    """Where a project keeps masks: pictures named for frames, which the command line reads as the artist's own."""
    return folder / POSES / "masks" / masks_id


@dataclass(frozen=True)
class AblationJob:
    """Lift a scene folder with parts of the method left out, and compare, in `folder`.

    Attributes:
        scene: a folder with scene.json and its videos; None: the procedural sample with injected faults.
        arms: names from `ABLATIONS`; none: all of them. The whole method is always lifted too.
        seeds: how many seeds each arm is lifted with, from 0 on.
        freeze_time: a video instead of the scene's own, with the same cameras; None: the scene's.
        prior: as in `LiftSettings`.
    """

    kind: ClassVar[str] = "ablation"
    folder: str
    scene: str | None = None
    arms: tuple[str, ...] = ()
    preset: str = "draft"
    seeds: int = 1
    device: str = "auto"
    freeze_time: str | None = None
    prior: str = "auto"

    def __post_init__(self) -> None:
        if set(self.arms) - set(ABLATIONS) or self.seeds < 1 or self.preset not in PRESETS:
            raise ValueError(f"arms {self.arms}, seeds {self.seeds}, preset {self.preset!r}")

    def within(self, project: Path) -> AblationJob:
        """The same ablation in a folder of a project's own, which the same work finds again."""
        told = {name: value for name, value in encode(self).items() if name not in ("folder", "device")}
        scene = "faulty_sample" if self.scene is None else Path(self.scene).name
        name = f"{scene}_{self.preset}_{_digest({'ablation': told})[:6]}"
        return replace(self, folder=str(project / ABLATIONS_FOLDER / name))


@dataclass(frozen=True)
class GenerateJob:
    """Have a provider make takes for the project in `folder`, made when missing.

    Attributes:
        provider: its name in the registry.
        wish: what is wanted, see `pipeline.generate.freeze_time`; zeros and empty words leave it to the provider, or to
            the take that it goes on from. Its known frames, sources and context are found by the recipe.
        take: id of the take that it goes on from; None: the chosen one of the kind that fits.
        frame: of that take, that a freeze-time video begins with; None: the shared moment, else the middle.
        takes: how many, with the seeds `wish.seed`, `wish.seed` + 1 and so on.
        locked: source frames that a re-roll keeps; None: those with a padlock. free: those that it makes anew, which
            wins; both are left to each other.
        between: so many new frames after each free one, instead of new ones in their places; 0: none.
        side: that an extension grows at. sweep: degrees to reach; 0: one step.
        like: id of a take whose whole request is done again with other seeds; then only `takes` and the seed count.
    """

    kind: ClassVar[str] = "generate"
    folder: str
    provider: str
    wish: VideoRequest
    take: str | None = None
    frame: int | None = None
    takes: int = 1
    locked: tuple[int, ...] | None = None
    free: tuple[int, ...] | None = None
    between: int = 0
    side: str = "both"
    sweep: float = 0.0
    like: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.takes <= MAX_TAKES or not 0 <= self.between <= MAX_BETWEEN or not 0 <= self.sweep <= MAX_SWEEP:
            raise ValueError(f"{self.takes} takes, {self.between} frames between, {self.sweep:g} degrees")
        if self.side not in SIDES:
            raise ValueError(f"an extension grows at the {', '.join(SIDES)}, not {self.side!r}")

    @property
    def digest(self) -> str:
        """Names the work, for scratch files."""
        return _digest({"generate": encode(self)})


Job = LiftJob | VideosJob | RenderJob | ExportJob | PosesJob | CamerasJob | AblationJob | GenerateJob
_KINDS: dict[str, type[Any]] = {
    kind.kind: kind
    for kind in (LiftJob, VideosJob, RenderJob, ExportJob, PosesJob, CamerasJob, AblationJob, GenerateJob)
}


def job_to_json(job: Job) -> str:
    """One JSON object on one line, `kind` first."""
    return json.dumps({"kind": job.kind, **encode(job)}, allow_nan=False)


def job_from_json(text: str) -> Job:
    """Read a job back; raises `Refusal` for anything else."""
    try:
        data = json.loads(text)
        kind = _KINDS[data.pop("kind")]
    except (ValueError, KeyError, AttributeError, TypeError) as fault:
        raise Refusal(f"This is not a Splatime job ({fault}); start it again from the project.") from fault
    job: Job = decode(kind, data, "job")
    return job


def digest_of_work(job: RenderJob | ExportJob, run_id: str, *more: Any) -> str:
    """Names what a job makes of a run, so that files which a killed worker left are known for the same work."""
    return _digest({"job": encode(job), "run": run_id, "more": list(more)})


def _source(take: Take, frames: tuple[int, ...]) -> Source:
    return Source(take.id, take.clip.path, take.clip.digest, frames, take.clip.fps)


def _digest(data: dict[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
