"""The project: one frozen value that holds everything the artist decides and everything that was made.

`takes`, `runs` and `renders` are the library: made by jobs, only ever appended to. `cut` is the intent,
which undo may change. What moves at 60 Hz (view, time, playing) is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.curated import Curated
from pipeline.project.shot import Shot
from pipeline.project.take import Take
from renderer.errors import Refusal

PRESETS = ("draft", "standard", "paper")
DEVICES = ("auto", "cpu", "cuda")
RUN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # an id names a folder or file, so it may not lead anywhere else
ABLATIONS = (
    "per-frame-deformation", "small-motion", "multi-view-sds", "joint-sds", "freeze-time", "camera-fine-tuning",
    "new-splats",
)  # fmt: skip
"""Parts of the method that a lift can go without, in the order of section 4 with two of our own behind."""


@dataclass(frozen=True)
class LiftSettings:
    """How to lift; the schedule tables give the meaning of `preset`. `without` names left-out parts (ablations).

    `prior`: the video prior for score distillation, a name or a folder of weights; "none": without; "auto": the shipped
    one where the preset asks for it. `upsampler`: the model for re-upsampled details; "none": without them.
    """

    preset: str = "draft"
    seed: int = 0
    device: str = "auto"
    without: tuple[str, ...] = ()
    prior: str = "auto"
    upsampler: str = "none"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        unknown = set(self.without) - set(ABLATIONS)
        if (
            self.preset not in PRESETS
            or self.device not in DEVICES
            or unknown
            or self.seed < 0
            or not (self.prior and self.upsampler)
        ):
            raise ValueError(
                f"preset {self.preset!r}, device {self.device!r}, without {self.without}, seed {self.seed}, "
                f"prior {self.prior!r}, upsampler {self.upsampler!r}"
            )


@dataclass(frozen=True)
class SolveSettings:
    """How the freeze-time cameras are solved.

    `per_frame_focal`: each frame has a focal length of its own, for a lens that zooms. `flow_masks`: what moves by
    itself, found from optical flow, is left out. `masks`: instead, what is black in the artist's masks of this id.
    """

    per_frame_focal: bool = False
    flow_masks: bool = False
    masks: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.masks is not None and (self.flow_masks or not RUN_NAME.fullmatch(self.masks)):
            raise ValueError(f"masks {self.masks!r}, masks from flow {self.flow_masks}")

    @property
    def words(self) -> tuple[str, ...]:
        """What is not as by default; names a place of its own for what is solved so, and no digest changes without."""
        masks = () if self.masks is None else (f"masks-{self.masks}",)
        return ("own_lens",) * self.per_frame_focal + ("flow_masks",) * self.flow_masks + masks


@dataclass(frozen=True)
class Run:
    """A finished lift; `id` names its folder under runs/, `figures` are numbers for people."""

    id: str
    reference: str
    freeze_time: str
    canonical_reference_frame: int
    canonical_freeze_frame: int
    settings: LiftSettings
    figures: Mapping[str, Any] = field(default_factory=dict, hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not RUN_NAME.fullmatch(self.id):
            raise ValueError(f"{self.id!r} cannot name a run's folder")


@dataclass(frozen=True)
class Render:
    """A picture, film or folder of frames that was rendered from a run. `camera` as on the command line."""

    path: Path
    run: str
    camera: str
    times: tuple[float, ...]
    size: tuple[int, int]
    fps: float
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Cut:
    """The intent: which takes, which of their frames, which moment they share, how to lift.

    Attributes:
        reference, freeze_time: ids of the chosen takes.
        curated: what was decided about takes, at most one entry each.
        canonical_reference_frame, canonical_freeze_frame: source frames of the shared moment; None until known.
        poses: id of the imported cameras under poses/; None: cameras are solved.
        solve: how they are solved.
        shot: the camera path and the film that it makes.
    """

    prompt: str = ""
    reference: str | None = None
    freeze_time: str | None = None
    curated: tuple[Curated, ...] = ()
    canonical_reference_frame: int | None = None
    canonical_freeze_frame: int | None = None
    poses: str | None = None
    lift: LiftSettings = field(default_factory=LiftSettings)
    solve: SolveSettings = field(default_factory=SolveSettings)
    shot: Shot = field(default_factory=Shot)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        names = [entry.take for entry in self.curated]
        if len(set(names)) != len(names):
            raise ValueError("two opinions of one take")
        if self.poses is not None and not RUN_NAME.fullmatch(self.poses):
            raise ValueError(f"{self.poses!r} cannot name imported cameras")

    def opinion(self, take_id: str | None) -> Curated:
        """What was decided about a take; all defaults where nothing was."""
        return next((entry for entry in self.curated if entry.take == take_id), Curated(take_id or ""))

    @property
    def reference_frames(self) -> FrameSelection | None:
        """The chosen source frames of the reference video; None means all."""
        return self.opinion(self.reference).frames

    @property
    def freeze_time_frames(self) -> FrameSelection | None:
        """The chosen source frames of the freeze-time video; None means all."""
        return self.opinion(self.freeze_time).frames


@dataclass(frozen=True)
class Project:
    """The library and the cut."""

    takes: tuple[Take, ...] = ()
    runs: tuple[Run, ...] = ()
    renders: tuple[Render, ...] = ()
    cut: Cut = field(default_factory=Cut)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def take(self, take_id: str) -> Take:
        """The take with this id; raises `Refusal` when there is none."""
        for take in self.takes:
            if take.id == take_id:
                return take
        raise Refusal(f"This project has no take {take_id}; choose one of its takes again.")

    def chosen(self) -> tuple[Take, Take]:
        """The reference and freeze-time takes of the cut; raises `Refusal` when one is not chosen."""
        if self.cut.reference is None or self.cut.freeze_time is None:
            raise Refusal("Choose a reference video and a freeze-time video first.")
        return self.take(self.cut.reference), self.take(self.cut.freeze_time)

    def newest_run(self) -> Run | None:
        """The last finished lift."""
        return self.runs[-1] if self.runs else None


def frames_of(clip: Clip, selection: FrameSelection | None) -> tuple[int, ...]:
    """The source frames that are used; raises `Refusal` for a selection that the clip does not have."""
    if selection is None:
        return tuple(range(clip.n_frames))
    if not selection.fits(clip):
        last, count = selection.stop - 1, clip.n_frames
        raise Refusal(f"The trim reaches frame {last}, but the video has {count} frames; trim it again.")
    return selection.indices()
