"""One optimiser for every preset: `Trainer.step` does one iteration of the current phase of the schedule.

It owns parameters, optimisers and random state, and nothing else: frames come from `Footage`, the rows from `Schedule`,
the words to the person from `run`. The whole state can be exported and restored bit-exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pipeline.lift import losses
from pipeline.lift.cameras import CameraTuning
from pipeline.lift.densify import Population
from pipeline.lift.footage import Footage
from pipeline.lift.reupsample import Film
from pipeline.lift.schedule import (
    BOTH,
    CAMERAS,
    FILM,
    NEW_SPLATS,
    PER_FRAME,
    REFERENCE,
    SPLATS,
    TEMPORAL,
    Phase,
    Schedule,
)
from pipeline.lift.sds import Distiller
from pipeline.lift.tracking import believed_flow, follow
from renderer.diff.deformation import DeformationField, NodeField, Skinning
from renderer.diff.rasterize import Rendering, rasterize
from renderer.diff.scene import DeformableScene
from renderer.diff.splats import ActiveSplats, CameraBatch, Splats
from renderer.errors import Refusal

CONTROL_WINDOW = {True: 16, False: 2}
"""Consecutive codes the motion regularisers look at in one step, for nodes and for the network on splats."""

RAW_NAMES = {"means": "means", "log_scales": "scales", "quats": "quats", "logit_opacity": "opacities", "rgb": "rgb"}
"""`Splats` fields to gsplat's parameter names, which its strategy functions need."""


@dataclass(frozen=True)
class StepStats:
    """What one step did: total loss, PSNR of the rendered frame in dB, number of splats."""

    loss: float
    psnr: float
    splats: int


class Trainer:
    """See the module docstring.

    Args:
        raw: initial splats under gsplat's names (`initialise.initial_splats`).
        fields: the per-frame and the temporal field; a field that is None is never trained or applied.
        distiller: of rows that distil; without one they don't.

    `reupsampled` makes the film of a row that fits one, of the scene as it is then; whoever has an upsampler sets it.
    """

    def __init__(
        self,
        schedule: Schedule,
        footage: Footage,
        raw: dict[str, Tensor],
        per_frame: DeformationField | None,
        temporal: DeformationField,
        seed: int,
        distiller: Distiller | None = None,
    ) -> None:
        self.distiller = distiller
        self.reupsampled: Callable[[DeformableScene], Film] | None = None
        self.film: Film | None = None
        self.schedule, self.footage = schedule, footage
        self.per_frame, self.temporal = per_frame, temporal
        self.device = footage.freeze_images.device
        self.random = torch.Generator().manual_seed(seed)
        self.cameras = CameraTuning(footage.cameras, footage.canonical_freeze, self.device, footage.guessed)
        self.reference_view = CameraBatch.of([footage.canonical_camera], footage.freeze_images)
        self.population = self._populate(raw)
        self.field_optimisers = {
            name: _adam(list(f.parameters())) for name, f in self._fields().items() if f is not None
        }
        self.camera_optimiser = _adam([self.cameras.corrections])
        self.phase_index, self.step_in_phase = 0, 0
        self.queue: list[int] = []
        self._neighbours: tuple[Tensor, Tensor] | None = None

    # -- the state ------------------------------------------------------------------------------------------------

    def _fields(self) -> dict[str, DeformationField | None]:
        return {PER_FRAME: self.per_frame, TEMPORAL: self.temporal}

    def _populate(self, raw: dict[str, Tensor], stats: dict[str, Tensor] | None = None) -> Population:
        params = {name: nn.Parameter(value.to(self.device).clone()) for name, value in raw.items()}
        optimisers = {name: _adam([parameter]) for name, parameter in params.items()}
        return Population(params, optimisers, stats or {})

    @property
    def phase(self) -> Phase:
        return self.schedule.phases[self.phase_index]

    @property
    def finished(self) -> bool:
        return self.phase_index >= len(self.schedule.phases)

    @property
    def steps_done(self) -> int:
        return sum(p.steps for p in self.schedule.phases[: self.phase_index]) + self.step_in_phase

    def splats(self) -> Splats:
        return Splats(**{ours: self.population.params[name] for ours, name in RAW_NAMES.items()})

    def scene(self) -> DeformableScene:
        """The scene as it is now, cameras as tuned; shares the trainer's tensors."""
        tuned = self.cameras.tuned()
        return DeformableScene(
            self.splats(),
            self.per_frame if self._per_frame_on() else None,
            self.temporal if self._temporal_on() else None,
            self.footage.canonical_camera,
            dict(zip(self.footage.freeze_frames, tuned, strict=True)),
        )

    def _per_frame_on(self) -> bool:
        """The per-frame field is part of the scene from the first phase on that trains it."""
        rows = self.schedule.phases[: self.phase_index + 1]
        return self.per_frame is not None and any(PER_FRAME in row.trains for row in rows)

    def _temporal_on(self) -> bool:
        return any(TEMPORAL in row.trains for row in self.schedule.phases[: self.phase_index + 1])

    def state(self) -> dict[str, Any]:
        """What a bit-exact continuation needs, as tensors and plain values (`torch.load(weights_only=True)`)."""
        return {
            "phase": self.phase_index,
            "step": self.step_in_phase,
            "queue": list(self.queue),
            "random": self.random.get_state(),
            "global_random": torch.get_rng_state(),
            "params": {k: v.detach() for k, v in self.population.params.items()},
            "stats": self.population.stats,
            "optimisers": {k: o.state_dict() for k, o in self.population.optimisers.items()},
            "fields": {k: f.state_dict() for k, f in self._fields().items() if f is not None},
            # Neighbourhoods are found when splats grow and kept while they drift: finding them anew would differ.
            "skinning": {
                k: {"nodes": f.skinning.nodes, "weights": f.skinning.weights}
                for k, f in self._fields().items()
                if isinstance(f, NodeField) and f.skinning is not None
            },
            "field_optimisers": {k: o.state_dict() for k, o in self.field_optimisers.items()},
            "cameras": self.cameras.state_dict(),
            "camera_optimiser": self.camera_optimiser.state_dict(),
            **({} if self.distiller is None else {"distiller": self.distiller.state()}),
            **({} if self.film is None else {"film": self.film.state()}),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`; the schedule, the footage and the fields must be those it was made with."""
        self.phase_index, self.step_in_phase, self.queue = state["phase"], state["step"], list(state["queue"])
        self.random.set_state(state["random"])
        torch.set_rng_state(state["global_random"])
        self.population = self._populate(state["params"], {k: v.to(self.device) for k, v in state["stats"].items()})
        for name, optimiser in self.population.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for name, motion in self._fields().items():
            if motion is not None:
                motion.load_state_dict(state["fields"][name])
                self.field_optimisers[name].load_state_dict(state["field_optimisers"][name])
            if name in state["skinning"] and isinstance(motion, NodeField):
                motion.skinning = Skinning(**{k: v.to(self.device) for k, v in state["skinning"][name].items()})
        self.cameras.load_state_dict(state["cameras"])
        self.camera_optimiser.load_state_dict(state["camera_optimiser"])
        if self.distiller is not None:
            self.distiller.restore(state.get("distiller", {}), self.device)
        self.film = Film.from_state(state["film"], self.device) if "film" in state else None

    # -- one step -------------------------------------------------------------------------------------------------

    def step(self) -> StepStats:
        """One iteration; moves on to the next phase after the current one's last step."""
        phase, step = self.phase, self.step_in_phase
        if step == 0:
            self._enter(phase)
        self._set_rates(phase)
        reference = phase.views == REFERENCE or (phase.views == BOTH and step % 2 == 1)
        position = self._next_frame(phase, reference)
        target, rendering, loss = self._render_and_score(phase, reference, position)
        grows = phase.growth is not None and step < phase.growth.stop
        if grows:
            rendering.means2d.retain_grad()
        loss.backward()
        stats = StepStats(float(loss.detach()), _psnr(rendering.image, target), len(self.population))
        if not math.isfinite(stats.loss):
            raise Refusal(
                f"The lift became unstable in {phase.name} (step {step}): the loss is not a number. "
                "Nothing after the last checkpoint was kept; resume with another --seed or a longer preset."
            )
        if grows:
            self.population.observe(rendering.means2d, rendering.radii, self.footage.size)
        self._update(phase, reference, position)
        if grows:
            self._grow(phase)
        self._advance(phase)
        return stats

    def _advance(self, phase: Phase) -> None:
        self.step_in_phase += 1
        if self.step_in_phase >= phase.steps:
            self.phase_index, self.step_in_phase, self.queue = self.phase_index + 1, 0, []

    def _enter(self, phase: Phase) -> None:
        """Fresh optimiser state where a phase trains other things than the one before it."""
        before = self.schedule.phases[self.phase_index - 1].trains if self.phase_index else ()
        if set(before) & {SPLATS, NEW_SPLATS} != set(phase.trains) & {SPLATS, NEW_SPLATS}:
            for optimiser in self.population.optimisers.values():
                optimiser.state.clear()
        self.population.clear_statistics()
        if phase.views == FILM and self.reupsampled is not None:
            self.film = self.reupsampled(self.scene())
        if TEMPORAL in phase.trains and TEMPORAL not in before:
            self._observe_depth()
        for motion in self._fields().values():
            if motion is not None:
                motion.bind(self.splats().activate())

    @torch.no_grad()
    def _observe_depth(self) -> None:
        """The matte learns what the canonical view hides, now that the canonical scene is made."""
        if isinstance(self.temporal, NodeField) and self.temporal.matte is not None:
            self.temporal.matte.observe(rasterize(self.splats().activate(), self.reference_view).depth[0, ..., 0])

    def _next_frame(self, phase: Phase, reference: bool) -> int:
        """Position of the frame to look at: outwards by share of the phase, else a shuffled round of all."""
        count = len(self.footage.reference_frames if reference else self.footage.freeze_frames)
        if phase.views == FILM:
            return int(torch.randint(len(self._film()), (1,), generator=self.random))
        if phase.outward:
            return self._outward_frame(phase, count)
        every = self.schedule.anchor_every * (2 if phase.views == BOTH else 1)
        if not reference and every and self.step_in_phase % every == 0:
            return self.footage.canonical_freeze
        if not self.queue:
            rounds = len(self.footage.reference_frames) if phase.views != "freeze-time" else 0
            rounds = max(rounds, len(self.footage.freeze_frames) if phase.views != REFERENCE else 0)
            self.queue = torch.randperm(rounds, generator=self.random).tolist()
        return self.queue.pop() % count

    def _outward_frame(self, phase: Phase, count: int) -> int:
        """Each frame in turn, away from the canonical one; a frame starts from its inner neighbour's motion."""
        home = self.footage.canonical_reference
        order = [*range(home + 1, count), *range(home - 1, -1, -1)]
        if not order:
            return home
        turn, before = (step * len(order) // phase.steps for step in (self.step_in_phase, self.step_in_phase - 1))
        position: int = order[turn]
        if turn != before:
            self._carry(position - (1 if position > home else -1), position)
        return position

    def _share_of_turn(self, phase: Phase) -> float:
        """How far the frame that is being found has come, in [0, 1)."""
        turns = max(len(self.footage.reference_frames) - 1, 1)
        return (self.step_in_phase * turns / phase.steps) % 1.0

    @torch.no_grad()
    def _carry(self, source: int, target: int) -> None:
        """Start a reference frame from its neighbour: the same motion plus what optical flow sees between them."""
        if not isinstance(self.temporal, NodeField):
            return
        nodes, images = self.temporal, self.footage.reference_images
        code = float(self.footage.reference_frames[source])
        active = self.splats().activate()
        depth = rasterize(self.temporal.offsets(active, code).apply(active), self.reference_view).depth[0, ..., 0]
        flow, ok = believed_flow(_array(images[source]), _array(images[target]))
        translation, _ = nodes.motion(nodes.codes.new_tensor([code]))
        where = _array(nodes.positions + translation[0])
        shift = follow(where, _array(nodes.positions), self.footage.canonical_camera, _array(depth), flow, ok)
        nodes.carry(source, target, torch.from_numpy(shift).to(nodes.positions))
        self.field_optimisers[TEMPORAL].state.clear()

    def _render_and_score(self, phase: Phase, reference: bool, position: int) -> tuple[Tensor, Rendering, Tensor]:
        active = self._active(phase)
        terms: dict[str, Tensor] = {}
        if phase.views == FILM:
            film = self._film()
            target, view = film.target(position), CameraBatch.of([film.cameras[position]], active.means)
            shown = self._deformed(active, self.temporal, film.times[position], terms={})
        elif reference:
            target, view = self.footage.reference_images[position], self.reference_view
            code = float(self.footage.reference_frames[position])
            shown = self._deformed(active, self.temporal, code, terms={})
        else:
            target, view = self.footage.freeze_images[position], self.cameras.view(position)
            code = float(self.footage.freeze_frames[position])
            shown = self._deformed(active, self.per_frame if self._per_frame_on() else None, code, terms)
        if TEMPORAL in phase.trains:
            terms |= self._motion_terms(active, position if phase.outward else None)
        terms |= self._distilled(phase, active)
        rendering = rasterize(shown, view)
        image, goal = rendering.image, target[None]
        terms["l1"] = losses.reconstruction(image, goal).mean()
        if phase.weights.get("ssim", 0.0):
            terms["ssim"] = 1.0 - losses.ssim(image, goal).mean()
        loss = sum((phase.weights[name] * term for name, term in terms.items() if name in phase.weights), start=0.0)
        assert isinstance(loss, Tensor)
        return target, rendering, loss

    def _film(self) -> Film:
        if self.film is None:
            raise ValueError("a row that fits a film needs someone who makes it")
        return self.film

    def _distilled(self, phase: Phase, active: ActiveSplats) -> dict[str, Tensor]:
        if self.distiller is None:
            return {}
        place = self.phase_index, self.step_in_phase

        def show(time: float | None) -> ActiveSplats:
            still = time is None or time == self.temporal.canonical_code
            return active if still else self._deformed(active, self.temporal, float(time or 0.0), terms={})

        return self.distiller.terms(phase, *place, self.footage, self.cameras.tuned, show)

    def _active(self, phase: Phase) -> ActiveSplats:
        """Activated splats; in the growth of new splats the canonical ones are detached (Appendix D.2)."""
        splats = self.splats()
        if NEW_SPLATS in phase.trains and self._seeded(phase):
            new = self.population.stats["is_new"]
            splats = Splats(
                **{
                    k: torch.where(new.view(-1, *[1] * (v.dim() - 1)), v, v.detach())
                    for k, v in splats.as_dict().items()
                }
            )
        return splats.activate()

    def _seeded(self, phase: Phase) -> bool:
        return phase.growth is None or self.step_in_phase >= phase.growth.start

    def _deformed(
        self, active: ActiveSplats, motion: DeformationField | None, code: float, terms: dict[str, Tensor]
    ) -> ActiveSplats:
        if motion is None:
            return active
        offsets = motion.offsets(active, code)
        terms["small-motion"] = losses.small_motion(offsets).mean()
        return offsets.apply(active)

    def _motion_terms(self, active: ActiveSplats, alone: int | None) -> dict[str, Tensor]:
        """Eq. 7, 8, 11, 12 on the field's control points over a window of consecutive reference frames.

        `alone`: position of the one frame that is being found, which is then compared with its inner neighbour.
        """
        frames = self.footage.reference_frames
        if alone is None:
            window = min(CONTROL_WINDOW[isinstance(self.temporal, NodeField)], len(frames))
            first = int(torch.randint(len(frames) - window + 1, (1,), generator=self.random))
        else:
            window, first = 2, alone - (1 if alone > self.footage.canonical_reference else 0)
        codes = torch.tensor(frames[first : first + window], dtype=torch.float32, device=self.device)
        motion = self.temporal.controls(active, codes)
        terms = {"norm": losses.motion_norm(motion.offsets).mean()}
        if window > 1:
            index, weight = self._neighbourhood(motion.x0)
            terms["diff"] = losses.motion_difference(motion).mean()
            terms["rigid"] = losses.local_rigidity(motion, index, weight).mean()
            terms["rot"] = losses.rotation_agreement(motion, index, weight).mean()
        return terms

    def _neighbourhood(self, x0: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes never move at rest, so their neighbours are found once; random controls need theirs anew."""
        if not isinstance(self.temporal, NodeField):
            return losses.neighbourhood(x0)
        if self._neighbours is None:
            self._neighbours = losses.neighbourhood(x0)
        return self._neighbours

    def _update(self, phase: Phase, reference: bool, position: int) -> None:
        if SPLATS in phase.trains or (NEW_SPLATS in phase.trains and self._seeded(phase)):
            for optimiser in self.population.optimisers.values():
                optimiser.step()
            # Colours beyond sRGB fit one view and glare in the others, and no viewer or file can hold them.
            self.population.params["rgb"].data.clamp_(0.0, 1.0)
        seen = self.temporal if reference else self.per_frame
        if isinstance(seen, NodeField):
            distilled = self.distiller.times if reference and self.distiller is not None else ()
            seen.only({position} | seen.stored_around(distilled))
        for name, optimiser in self.field_optimisers.items():
            if name in phase.trains:
                optimiser.step()
        if CAMERAS in phase.trains:
            self.camera_optimiser.step()
        everything = [*self.population.optimisers.values(), *self.field_optimisers.values(), self.camera_optimiser]
        for optimiser in everything:
            optimiser.zero_grad(set_to_none=True)

    def _grow(self, phase: Phase) -> None:
        rule, done = phase.growth, self.step_in_phase + 1
        assert rule is not None
        only_new = NEW_SPLATS in phase.trains
        if only_new and done == rule.start:
            self.population.seed_new(rule)
        elif done > rule.start and done % rule.every == 0:
            self.population.grow(rule, only_new=only_new, prune_big=bool(rule.reset_every) and done > rule.reset_every)
        elif rule.reset_every and done % rule.reset_every == 400 and done > 400:
            self.population.reset_opacities(rule.tau_alpha)
            return
        else:
            return
        for motion in self._fields().values():
            if motion is not None:
                motion.bind(self.splats().activate())

    # -- learning rates -------------------------------------------------------------------------------------------

    def _set_rates(self, phase: Phase) -> None:
        rates, share = self.schedule.rates, self._share_of_stage()
        fixed = {"scales": rates.scales, "quats": rates.quats, "opacities": rates.opacities, "rgb": rates.rgb}
        for name, optimiser in self.population.optimisers.items():
            rate = _decay(rates.means, share) if name == "means" else fixed[name]
            _set_rate(optimiser, rate * phase.lr_scale)
        for name, optimiser in self.field_optimisers.items():
            ends, along = (rates.temporal, share) if name == TEMPORAL else (rates.per_frame, share)
            if phase.outward:
                # Every frame anneals in its own turn; at a rate still high the next one would start from jitter.
                along = self._share_of_turn(phase)
            _set_rate(optimiser, _decay(ends, along) * phase.field_scale)
        _set_rate(self.camera_optimiser, _decay(rates.cameras, share) * phase.lr_scale)

    def _share_of_stage(self) -> float:
        """How far the stage of the current row has come, in [0, 1]."""
        rows, here = self.schedule.phases, self.phase.stage
        total = sum(row.steps for row in rows if row.stage == here)
        done = sum(row.steps for row in rows[: self.phase_index] if row.stage == here)
        return (done + self.step_in_phase) / max(total, 1)


def _array(x: Tensor) -> npt.NDArray[np.float64]:
    return x.detach().double().cpu().numpy()


def _adam(parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    # 3DGS's eps: gradients of single splats are far below Adam's default of 1e-8.
    return torch.optim.Adam(parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-15, fused=True)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _decay(ends: tuple[float, float], share: float) -> float:
    """Exponential from the first to the second rate (3DGS)."""
    return float(ends[0] * (ends[1] / ends[0]) ** min(max(share, 0.0), 1.0))


def _psnr(image: Tensor, target: Tensor) -> float:
    error = float((image.detach().clamp(0, 1)[0] - target).square().mean())
    return -10.0 * math.log10(max(error, 1e-10))
