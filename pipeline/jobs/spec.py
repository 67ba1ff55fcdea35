"""What to do: frozen job values with a digest. Pure, light, and all that the window knows of a job.

A lift is named by the digest of its inputs and settings, so the same work is found again and other work
never collides; the device is left out, since the same run may go on elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.project.codec import decode, encode
from pipeline.project.project import LiftSettings, Project, frames_of
from pipeline.project.take import Take
from renderer.errors import Refusal

POSES, RUNS = "poses", "runs"
SPEC, SNAPSHOT, MESSAGES, CHECKPOINT = "spec.json", "snapshot.safetensors", "messages.jsonl", "checkpoint.pt"


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

    `resume`: go on from the run's checkpoint when there is one. `poses`: id of imported cameras; None: solve them.
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

    @classmethod
    def from_project(cls, project: Project, folder: Path, *, resume: bool = False) -> LiftJob:
        """The job that the project's cut asks for; raises `Refusal` when the cut is not complete."""
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
        return cls(str(folder.resolve()), first, second, *pair, cut.lift, resume, cut.poses)

    @property
    def digest(self) -> str:
        """Names the run: inputs and settings, not where or how fast it is done."""
        s = self.settings
        videos = [[source.digest, list(source.frames)] for source in (self.reference, self.freeze_time)]
        pair = [self.canonical_reference_frame, self.canonical_freeze_frame]
        told = {"lift": 1, "videos": videos, "pair": pair, "how": [s.preset, s.seed, sorted(s.without)]}
        return _digest(told if self.poses is None else {**told, "poses": self.poses})

    @property
    def run_dir(self) -> Path:
        """Where the run lives."""
        return Path(self.folder) / RUNS / self.digest

    @property
    def poses_dir(self) -> Path:
        """Where the project keeps solved cameras."""
        return Path(self.folder) / POSES


@dataclass(frozen=True)
class RenderJob:
    """Render a run of the project in `folder` to `out`: a .png, a .mp4, or a folder of frames.

    Attributes:
        camera: "reference", "freeze:K", or the path of a camera file. time: one moment or a range, reference frames.
        size: (height, width) px. None anywhere: what the camera, the run and the form of `out` suggest.
    """

    kind: ClassVar[str] = "render"
    folder: str
    out: str
    camera: str = "reference"
    time: tuple[float, ...] | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None


@dataclass(frozen=True)
class ExportJob:
    """Write splat files: `form` is "ply" (one file) or "ply-sequence" (a folder); `time` in reference frames."""

    kind: ClassVar[str] = "export"
    folder: str
    out: str
    form: str = "ply"
    time: float | None = None


Job = LiftJob | RenderJob | ExportJob
_KINDS: dict[str, type[Any]] = {kind.kind: kind for kind in (LiftJob, RenderJob, ExportJob)}


def job_to_json(job: Job) -> str:
    """One JSON object, `kind` first."""
    return json.dumps({"kind": job.kind, **encode(job)}, indent=1, allow_nan=False)


def job_from_json(text: str) -> Job:
    """Read a job back; raises `Refusal` for anything else."""
    try:
        data = json.loads(text)
        kind = _KINDS[data.pop("kind")]
    except (ValueError, KeyError, AttributeError, TypeError) as fault:
        raise Refusal(f"This is not a Splatime job ({fault}); start it again from the project.") from fault
    job: Job = decode(kind, data, "job")
    return job


def _source(take: Take, frames: tuple[int, ...]) -> Source:
    return Source(take.id, take.clip.path, take.clip.digest, frames, take.clip.fps)


def _digest(data: dict[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
