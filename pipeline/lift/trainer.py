"""One optimiser for every preset: `Trainer.step` does one iteration of the current phase of the schedule.

It owns parameters, optimisers and random state, and nothing else: frames come from `Footage`, the rows from `Schedule`,
the words to the person from `run`. The whole state can be exported and restored bit-exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.lift.cameras import CameraTuning
from pipeline.lift.densify import Population
from pipeline.lift.footage import Footage
from pipeline.lift.objective import Objective, Sight
from pipeline.lift.rates import adam, decayed, set_rate, share_of_stage, splat_rates
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
from pipeline.lift.visits import Visits, carry_motion, outward_turn, share_of_turn
from renderer.diff.deformation import DeformationField, NodeField
from renderer.diff.rasterize import rasterize
from renderer.diff.scene import DeformableScene
from renderer.diff.skinning import Skinning
from renderer.diff.splats import ActiveSplats, CameraBatch, Splats
from renderer.errors import Refusal

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
            name: adam(list(f.parameters())) for name, f in self._fields().items() if f is not None
        }
        self.camera_optimiser = adam(list(self.cameras.corrections))
        self.phase_index, self.step_in_phase = 0, 0
        self.visits = Visits(footage, schedule.anchor_every, self.random)
        self.objective = Objective(footage, temporal, self.cameras.tuned, self.random, distiller)

    # -- the state ------------------------------------------------------------------------------------------------

    def _fields(self) -> dict[str, DeformationField | None]:
        return {PER_FRAME: self.per_frame, TEMPORAL: self.temporal}

    def _populate(self, raw: dict[str, Tensor], stats: dict[str, Tensor] | None = None) -> Population:
        params = {name: nn.Parameter(value.to(self.device).clone()) for name, value in raw.items()}
        optimisers = {name: adam([parameter]) for name, parameter in params.items()}
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
            "queue": list(self.visits.queue),
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
        self.phase_index, self.step_in_phase = state["phase"], state["step"]
        self.visits.queue = list(state["queue"])
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
        sight, position = self._look(phase, reference)
        alone = position if phase.outward else None
        place = self.phase_index, step
        rendering, loss = self.objective.scored(phase, place, self._active(phase), sight, alone)
        grows = phase.growth is not None and step < phase.growth.stop
        if grows:
            rendering.means2d.retain_grad()
        loss.backward()
        stats = StepStats(float(loss.detach()), _psnr(rendering.image, sight.target), len(self.population))
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
            self.phase_index, self.step_in_phase, self.visits.queue = self.phase_index + 1, 0, []

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

    def _look(self, phase: Phase, reference: bool) -> tuple[Sight, int]:
        """What this step looks at, and the position of that frame in its video."""
        film = self.footage
        if phase.views == FILM:
            made = self._film()
            position = int(torch.randint(len(made), (1,), generator=self.random))
            camera = CameraBatch.of([made.cameras[position]], film.freeze_images)
            return Sight(made.target(position), camera, self.temporal, made.times[position]), position
        position = self._outward(phase) if phase.outward else self.visits.next(phase, self.step_in_phase, reference)
        if reference:
            code = float(film.reference_frames[position])
            return Sight(film.reference_images[position], self.reference_view, self.temporal, code), position
        motion, code = self.per_frame if self._per_frame_on() else None, float(film.freeze_frames[position])
        return Sight(film.freeze_images[position], self.cameras.view(position), motion, code, small=True), position

    def _outward(self, phase: Phase) -> int:
        """The frame that is being found; its turn begins with its neighbour's motion and fresh optimiser state."""
        home, count = self.footage.canonical_reference, len(self.footage.reference_frames)
        position, neighbour = outward_turn(phase, self.step_in_phase, home, count)
        if neighbour is not None and isinstance(self.temporal, NodeField):
            carry_motion(self.temporal, self.splats().activate(), self.footage, neighbour, position)
            self.field_optimisers[TEMPORAL].state.clear()
        return position

    def _film(self) -> Film:
        if self.film is None:
            raise ValueError("a row that fits a film needs someone who makes it")
        return self.film

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

    def _update(self, phase: Phase, reference: bool, position: int) -> None:
        if SPLATS in phase.trains or (NEW_SPLATS in phase.trains and self._seeded(phase)):
            for optimiser in self.population.optimisers.values():
                optimiser.step()
            # Colours beyond sRGB fit one view and glare in the others, and no viewer or file can hold them.
            self.population.params["rgb"].data.clamp_(0.0, 1.0)
        seen = self.temporal if reference else self.per_frame
        if isinstance(seen, NodeField):
            seen.only({position} | seen.stored_around(self.objective.times if reference else ()))
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
        rates, share = self.schedule.rates, share_of_stage(self.schedule, self.phase_index, self.step_in_phase)
        for name, rate in splat_rates(rates, phase, share).items():
            set_rate(self.population.optimisers[name], rate)
        along = share
        if phase.outward:
            # Every frame anneals in its own turn; at a rate still high the next one would start from jitter.
            along = share_of_turn(phase, self.step_in_phase, len(self.footage.reference_frames))
        for name, optimiser in self.field_optimisers.items():
            ends = rates.temporal if name == TEMPORAL else rates.per_frame
            set_rate(optimiser, decayed(ends, along) * phase.field_scale)
        set_rate(self.camera_optimiser, decayed(rates.cameras, share) * phase.lr_scale)


def _psnr(image: Tensor, target: Tensor) -> float:
    error = float((image.detach().clamp(0, 1)[0] - target).square().mean())
    return -10.0 * math.log10(max(error, 1e-10))
