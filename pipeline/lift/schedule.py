"""Appendix C, D and E as tables: a preset is a tuple of phases, a phase is a row. There is one trainer.

Readings of the paper, where it is silent or disagrees with itself, chosen once and here:

* Appendix C counts iterations through both stages (0-3 k, -20 k, +10 k, +5 k, 35-40 k); section 4 says 20 k a stage.
  They agree when joint fine-tuning is the 35-40 k part, with SDS.
* Opacity resets are shifted by 400 steps, so that none falls on the step where the deformation switches on.
* lambda_w, k and the encoding's frequencies are Dynamic3DGaussians' and Deformable-3DGS's (`losses`, `deformation`).
* Eq. 7-12 apply wherever the temporal field is trained.
* Eq. 6 is the mean over frames, pixels and channels of colours in [0, 1], as Eq. 2; the first frame, which is given,
  doesn't count. Both kinds of distillation take turns by the step; joint fine-tuning has them all along.
* HiFA's annealing of the noise is t_max - (t_max - t_min) sqrt(step / steps) of each row; t is a share of EDM's noise
  levels (`sds.sigma_at`), and its ends are HiFA's 0.98 and 0.02.
* What a "specified radius" or a virtual trajectory is: `views`.

`draft` and `standard` differ from `paper` in length, in the field (motion nodes) and in one row of their own: the
motion is first found frame by frame outwards from the canonical frame, because fitting all frames at random from rest
misses motions of more than a few pixels a frame. They distil only when a prior is named, every fourth step and from
half of HiFA's noise on, since what they begin with is no rough sketch.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.generate.priors import AUTO, NONE, SHIPPED, at_hand
from pipeline.project.project import ABLATIONS
from renderer.errors import Refusal

Views = Literal["freeze-time", "reference", "both", "film"]
REFERENCE: Views = "reference"
BOTH: Views = "both"
FILM: Views = "film"
SPLATS, NEW_SPLATS, PER_FRAME, TEMPORAL, CAMERAS = "splats", "new splats", "per-frame deformation", "motion", "cameras"

MULTI_VIEW_SDS, TEMPORAL_SDS = "multi-view sds", "temporal sds"
"""Names of Eq. 6's weights, by what the video that it looks at does: the camera moves, or time passes."""
REGULARISER = 0.01
"""Weight of each regulariser, Appendix E.1; the reconstruction has 1."""


@dataclass(frozen=True)
class Growth:
    """Split, clone and prune (3DGS), with Appendix E.2's thresholds.

    Attributes:
        start, stop, every: steps within the phase. reset_every: opacity reset, 0 for never, first at `reset_every +
            400`.
        tau_grad: mean screen-space gradient, in units of half the image, that makes a splat grow.
        tau_alpha: opacity under which a splat is pruned. limit: no growth beyond this many splats.
    """

    start: int
    stop: int
    every: int = 100
    reset_every: int = 0
    tau_grad: float = 2e-4
    tau_alpha: float = 5e-3
    limit: int = 2_000_000


@dataclass(frozen=True)
class Distillation:
    """How the videos of score distillation are chosen and judged in a row (section 3.3, Appendix D.1).

    Attributes:
        start, every: the first step of the row that distils, and then every so many.
        t_max, t_min: noise at the row's first and last step, as shares of the prior's noise levels.
        radius: of the disc in which a sampled camera is perturbed, in units of the median scene depth.
        supersampling: pictures are rendered at no more than so many px a side for one px of the prior.
        steps: in which a video is denoised: 1 is Eq. 5, more is denoise-then-regress.
        reuse: looks at one video and its target before the next one is drawn.
    """

    start: int = 0
    every: int = 1
    t_max: float = 0.98
    t_min: float = 0.02
    radius: float = 0.1
    supersampling: int = 8
    steps: int = 1
    reuse: int = 1


@dataclass(frozen=True)
class Phase:
    """One row: which frames are seen, what is trained, by which losses.

    Attributes:
        views: freeze-time, reference or both (alternating), or the film of `reupsample`.
        trains: what has gradients; all else is frozen.
        weights: loss name -> weight: l1, ssim (of 1 - SSIM), small-motion, norm, diff, rigid, rot, and the two of SDS.
        distillation: for rows with a weight for SDS.
        outward: visit reference frames one after the other away from the canonical one, each starting where its
            neighbour ended, instead of at random.
        lr_scale, field_scale: multiply every learning rate of the splats and of the fields in this phase.
    """

    name: str
    steps: int
    views: Views
    trains: tuple[str, ...]
    weights: Mapping[str, float]
    growth: Growth | None = None
    outward: bool = False
    lr_scale: float = 1.0
    field_scale: float = 1.0
    distillation: Distillation | None = None

    @property
    def frozen(self) -> tuple[str, ...]:
        return tuple(x for x in (SPLATS, PER_FRAME, TEMPORAL, CAMERAS) if x not in self.trains)

    @property
    def stage(self) -> Literal["canonical", "motion", "film"]:
        """Rates decay over each stage anew: over the canonical scene, the motion, and the film."""
        return "film" if self.views == FILM else "motion" if TEMPORAL in self.trains else "canonical"


@dataclass(frozen=True)
class Rates:
    """Learning rates; pairs decay exponentially over their stage (Appendix D.4; splats as 3DGS)."""

    means: tuple[float, float] = (1.6e-4, 1.6e-6)
    scales: float = 5e-3
    quats: float = 1e-3
    opacities: float = 5e-2
    rgb: float = 2.5e-3
    per_frame: tuple[float, float] = (1e-3, 1e-5)
    temporal: tuple[float, float] = (1e-3, 1e-5)
    cameras: tuple[float, float] = (1e-4, 1e-6)


@dataclass(frozen=True)
class Schedule:
    """A preset: phases, rates and sizes.

    Attributes:
        field: the paper's network on every splat ("mlp"), or motion nodes with free parameters ("nodes").
        max_side: longer side in px to which frames are resampled for the lift (0: as they are).
        seeds: about how many splats to start with besides COLMAP's points.
        asks_prior: whether its rows distil by themselves; those of the others do when a prior is named.
        anchor_every: every so many looks at the freeze-time frames go to the canonical one (0: only its own turn). It
            alone has neither deformation nor a tuned camera, and it is where the reference video is seen from.
    """

    name: str
    phases: tuple[Phase, ...]
    field: Literal["mlp", "nodes"]
    nodes: int = 300
    max_side: int = 0
    seeds: int = 0
    anchor_every: int = 0
    asks_prior: bool = False
    rates: Rates = dataclasses.field(default_factory=Rates)

    @property
    def total_steps(self) -> int:
        return sum(phase.steps for phase in self.phases)


_MOTION = {"norm": REGULARISER, "diff": REGULARISER, "rigid": REGULARISER, "rot": REGULARISER}
_ALIGN = {"l1": 1.0, "ssim": 1.0}


def _paper() -> Schedule:
    return Schedule(
        name="paper",
        field="mlp",
        asks_prior=True,
        phases=(
            Phase(
                "Warm-up", 3_000, "freeze-time", (SPLATS, CAMERAS), {"l1": 1.0}, Growth(500, 3_000, reset_every=3_000),
            ),
            Phase(
                "Deformation and growth", 12_000, "freeze-time", (SPLATS, PER_FRAME, CAMERAS),
                {"l1": 1.0, "small-motion": REGULARISER}, Growth(0, 12_000, reset_every=3_000),
            ),
            Phase(
                "Multi-view distillation", 5_000, "freeze-time", (SPLATS, PER_FRAME, CAMERAS),
                {"l1": 1.0, "small-motion": REGULARISER, MULTI_VIEW_SDS: 5.0}, distillation=Distillation(),
            ),
            Phase("Motion", 10_000, "reference", (TEMPORAL,), {**_ALIGN, **_MOTION}),
            Phase(
                "New splats", 5_000, "reference", (NEW_SPLATS, TEMPORAL), {**_ALIGN, **_MOTION},
                Growth(100, 5_000, tau_alpha=1e-2),
            ),
            Phase(
                "Joint fine-tuning", 5_000, "both", (SPLATS, PER_FRAME, TEMPORAL, CAMERAS),
                {**_ALIGN, **_MOTION, "small-motion": REGULARISER, MULTI_VIEW_SDS: 5.0, TEMPORAL_SDS: 20.0},
                distillation=Distillation(),
            ),
        ),
    )  # fmt: skip


NODE_MOTION = {"norm": REGULARISER, "diff": REGULARISER, "rigid": 0.5, "rot": 0.2}
"""Regulariser weights for free node motions. The paper's network is smooth by itself and needs a nudge of 0.01; free
parameters aren't: at rigid 0.01 gains were lower, at 3 corgi's motion was nearly gone."""
REST = 0.5
"""Weight of Eq. 7 while the motion is found. Single runs, gain at held-out views after that row, for 0.01, 0.3 and 1:
building (which hardly moves) -0.8, -0.1 and 0.0 dB, panda 3.4, 4.1 and 4.6, corgi 3.1, 1.5 and 0.7. In the rows after
it, whose field is slow, 0.3 drew panda's motion back by a pixel and cost its reference view 3 dB."""


def _short(name: str, unit: int, outward: int, limit: int, max_side: int) -> Schedule:
    """The table of `draft` and `standard`: rows of `unit` steps where the paper takes thousands.

    After the outward row the field hardly moves (field_scale): one camera can't see depth and back sides, and more
    fitting to it makes held-out views worse while the reference view still improves. For the same reason new splats see
    both videos here, and what remains of the reference error goes to the splats.
    """
    grow = Growth(start=unit // 5, stop=2 * unit, every=max(unit // 8, 25), limit=int(0.8 * limit))
    canonical = {"l1": 1.0, "ssim": 0.2}
    look = Distillation(every=4, t_max=0.5, supersampling=4)
    joint = {**_ALIGN, **NODE_MOTION, "small-motion": REGULARISER}
    return Schedule(
        name=name,
        field="nodes",
        nodes=300,
        max_side=max_side,
        seeds=12_000,
        anchor_every=4,
        rates=Rates(means=(4e-4, 2e-5), per_frame=(2e-4, 2e-5), temporal=(3e-3, 3e-4), cameras=(1e-3, 3e-5)),
        phases=(
            Phase("Warm-up", unit, "freeze-time", (SPLATS, CAMERAS), canonical, grow),
            Phase(
                "Deformation and growth", 2 * unit, "freeze-time", (SPLATS, PER_FRAME, CAMERAS),
                {**canonical, "small-motion": REGULARISER, MULTI_VIEW_SDS: 5.0}, grow,
                distillation=dataclasses.replace(look, start=unit),
            ),
            Phase(
                "Motion, frame by frame", outward, "reference", (TEMPORAL,),
                {**_ALIGN, **NODE_MOTION, "norm": REST}, outward=True,
            ),
            Phase("Motion", unit // 3, "reference", (TEMPORAL,), {**_ALIGN, **NODE_MOTION}, field_scale=0.05),
            Phase(
                "New splats", unit // 2, "both", (NEW_SPLATS, TEMPORAL), joint,
                Growth(50, unit // 2, every=50, tau_grad=4e-4, tau_alpha=1e-2, limit=limit), field_scale=0.05,
            ),
            Phase(
                "Joint fine-tuning", unit, "both", (SPLATS, PER_FRAME, TEMPORAL, CAMERAS),
                {**joint, MULTI_VIEW_SDS: 5.0, TEMPORAL_SDS: 20.0}, lr_scale=0.05, field_scale=0.02,
                distillation=dataclasses.replace(look, start=1),
            ),
        ),
    )  # fmt: skip


PRESETS = ("draft", "standard", "paper")


def preset(name: str) -> Schedule:
    """The table of this name; raises `Refusal` for another one."""
    if name == "draft":
        return _short("draft", 600, 600, 30_000, 320)
    if name == "standard":
        return _short("standard", 1_800, 900, 80_000, 512)
    if name == "paper":
        return _paper()
    raise Refusal(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")


def ablated(schedule: Schedule, without: tuple[str, ...]) -> Schedule:
    """The same table with the parts named in `without` left out.

    The lengths of the rows stay, so that an arm differs in its part only; without the freeze-time video the rows that
    see nothing else are gone. Distillation is told by what its row sees: freeze-time views, or both.
    """
    untrained = {
        what
        for part, what in (
            ("per-frame-deformation", PER_FRAME), ("camera-fine-tuning", CAMERAS), ("new-splats", NEW_SPLATS),
        )
        if part in without
    }  # fmt: skip

    def row(phase: Phase) -> Phase | None:
        lost = {"small-motion"} & set(without)
        if ("multi-view-sds" if phase.views == "freeze-time" else "joint-sds") in without:
            lost |= {MULTI_VIEW_SDS, TEMPORAL_SDS}
        if "freeze-time" in without and phase.views == "freeze-time":
            return None
        grows = not ("new-splats" in without and NEW_SPLATS in phase.trains)
        return dataclasses.replace(
            phase,
            name=phase.name if grows else "Motion without new splats",
            views=REFERENCE if "freeze-time" in without else phase.views,
            trains=tuple(x for x in phase.trains if x not in untrained),
            weights={name: weight for name, weight in phase.weights.items() if name not in lost},
            growth=phase.growth if grows else None,
        )

    rows = tuple(r for r in map(row, schedule.phases) if r is not None)
    return dataclasses.replace(schedule, phases=rows)


def parts_of(schedule: Schedule) -> tuple[str, ...]:
    """The names from `ABLATIONS` that this table has: those without which something else would be trained."""
    return tuple(part for part in ABLATIONS if ablated(schedule, (part,)) != schedule)


def shared_rows(one: Schedule, other: Schedule) -> int:
    """With how many rows both tables begin alike: until their end a lift by either is the same to the bit.

    None where anything else than rows differs, or where rates would decay over stages of another length.
    """
    stages = [[(row.stage, row.steps) for row in table.phases] for table in (one, other)]
    if stages[0] != stages[1] or dataclasses.replace(one, phases=other.phases) != other:
        return 0
    alike = (a == b for a, b in zip(one.phases, other.phases, strict=True))
    return sum(itertools.takewhile(bool, alike))


def distils(schedule: Schedule) -> bool:
    """Whether a row of this table asks for score distillation."""
    return any({MULTI_VIEW_SDS, TEMPORAL_SDS} & set(phase.weights) for phase in schedule.phases)


def chosen_prior(schedule: Schedule, wish: str) -> str | None:
    """The name of the prior that a lift by this table loads when `wish` is its setting; None: it goes without."""
    if wish == NONE or not distils(schedule):
        return None
    if wish != AUTO:
        return wish
    return SHIPPED if schedule.asks_prior and at_hand(SHIPPED) else None


def table_of(name: str, without: tuple[str, ...], prior: str, upsampler: str = NONE) -> Schedule:
    """The table as these settings lift by it: ablated, distilling only where a prior will be loaded, and so on."""
    table = ablated(preset(name), without)
    table = undistilled(table) if chosen_prior(table, prior) is None else table
    return table if upsampler == NONE else with_reupsampling(table)


def with_reupsampling(schedule: Schedule) -> Schedule:
    """The same table with the row of `reupsample` behind: a twentieth of the others' length, at their end's rates."""
    steps = max(schedule.total_steps // 20, 1)
    row = Phase("Re-upsampled details", steps, FILM, (SPLATS,), {"l1": 1.0, "ssim": 1.0}, lr_scale=0.05)
    return dataclasses.replace(schedule, phases=(*schedule.phases, row))


def undistilled(schedule: Schedule) -> Schedule:
    """The same table for a lift without a prior: every row, and none of them distils."""
    return ablated(schedule, ("multi-view-sds", "joint-sds"))
