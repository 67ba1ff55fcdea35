"""The trainer on a few hundred splats whose motion is known: it learns, it freezes, it resumes bit-exactly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.lift.checkpoint import load_checkpoint, restore, save_checkpoint
from pipeline.lift.footage import Footage
from pipeline.lift.schedule import (
    CAMERAS,
    NEW_SPLATS,
    PER_FRAME,
    SPLATS,
    TEMPORAL,
    Growth,
    Phase,
    Rates,
    Schedule,
    ablated,
    shared_rows,
)
from pipeline.lift.trainer import Trainer
from renderer.camera import Camera, look_at
from renderer.diff.deformation import NodeField
from renderer.diff.matte import Matte
from renderer.diff.rasterize import rasterize
from renderer.diff.skinning import spread_nodes
from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.errors import Refusal

SIZE = (40, 56)
WEIGHTS = MappingProxyType({"l1": 1.0, "ssim": 0.2, "norm": 0.01, "diff": 0.01, "rigid": 0.1, "rot": 0.1})


def truth(seed: int = 0) -> dict[str, Tensor]:
    """A textured wall and a blob in front of it, raw, under gsplat's names; the blob is the first 80 splats."""
    g = torch.Generator().manual_seed(seed)
    blob = torch.randn(80, 3, generator=g) * 0.08 + torch.tensor([-0.1, 0.0, 0.8])
    wall = (torch.rand(400, 3, generator=g) - 0.5) * torch.tensor([2.4, 1.8, 0.05]) + torch.tensor([0.0, 0.0, 1.3])
    means = torch.cat([blob, wall])
    n = len(means)
    return {
        "means": means,
        "scales": torch.full((n, 3), 0.06).log(),
        "quats": torch.tensor([[1.0, 0, 0, 0]]).repeat(n, 1),
        "opacities": torch.full((n,), 2.0),
        "rgb": torch.rand(n, 3, generator=g),
    }


def shown(raw: dict[str, Tensor], shift: float, camera: Camera) -> Tensor:
    means = raw["means"].clone()
    means[:80, 0] += shift
    active = ActiveSplats(means, raw["quats"], raw["scales"].exp(), raw["opacities"].sigmoid(), raw["rgb"])
    return rasterize(active, CameraBatch.of([camera], means)).image[0].clamp(0, 1)


def footage() -> Footage:
    raw = truth()
    target = np.array([0.0, 0.0, 1.0])
    centres = [np.array([np.sin(a), 0.0, 1 - np.cos(a)]) for a in (0.0, 0.12, -0.12, 0.24)]
    poses = [look_at(c, target, np.array([0.0, -1.0, 0.0])) for c in centres]
    cameras = tuple(Camera.from_fov(pose, 1.1, SIZE) for pose in poses)
    freeze = torch.stack([shown(raw, 0.0, camera) for camera in cameras])
    reference = torch.stack([shown(raw, 0.05 * t, cameras[0]) for t in range(4)])
    return Footage(freeze, (0, 1, 2, 3), reference, (0, 1, 2, 3), cameras, 0, 0)


def schedule(steps: int = 12) -> Schedule:
    grow = Growth(2, steps, every=5, tau_grad=1e-6, limit=700)
    return Schedule(
        name="tiny",
        field="nodes",
        rates=Rates(temporal=(5e-3, 2e-3), per_frame=(1e-4, 1e-5)),
        phases=(
            Phase("a", steps, "freeze-time", (SPLATS, PER_FRAME, CAMERAS), {"l1": 1.0, "small-motion": 0.01}, grow),
            Phase("b", 3 * steps, "reference", (TEMPORAL,), WEIGHTS, outward=True),
            Phase(
                "c", steps, "both", (NEW_SPLATS, TEMPORAL), WEIGHTS, Growth(3, steps, every=4, tau_grad=1e-6, limit=800)
            ),
            Phase("d", steps, "both", (SPLATS, PER_FRAME, TEMPORAL, CAMERAS), WEIGHTS, lr_scale=0.1),
        ),
    )


def trainer(seed: int = 0, table: Schedule | None = None, *, per_frame: bool = True) -> Trainer:
    torch.manual_seed(seed)
    film, raw = footage(), truth()
    raw["means"] = raw["means"] + 0.004 * torch.randn(raw["means"].shape)
    blob = raw["means"][:80][spread_nodes(raw["means"][:80], 8)]
    wall = raw["means"][80:][spread_nodes(raw["means"][80:], 12)]
    nodes = torch.cat([blob, wall])
    fields = [NodeField(nodes, [0.0, 1.0, 2.0, 3.0], 0.0) for _ in range(2)]
    return Trainer(table or schedule(), film, raw, fields[0] if per_frame else None, fields[1], seed)


def run(subject: Trainer, steps: int) -> list[float]:
    return [subject.step().loss for _ in range(steps)]


def flat(state: Any, path: str = "") -> dict[str, Any]:
    if isinstance(state, dict):
        return {k: v for key, value in state.items() for k, v in flat(value, f"{path}/{key}").items()}
    if isinstance(state, list):
        return {k: v for i, value in enumerate(state) for k, v in flat(value, f"{path}/{i}").items()}
    return {path: state}


def assert_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    one, two = flat(a), flat(b)
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert torch.equal(value, two[key]) if isinstance(value, Tensor) else value == two[key], key


def test_the_whole_table_runs_and_is_bit_exact_for_a_seed() -> None:
    first = trainer()
    losses = run(first, first.schedule.total_steps)
    second = trainer()
    assert run(second, second.schedule.total_steps) == losses
    assert first.finished
    assert_same(first.state(), second.state())
    assert run(trainer(1), 3) != losses[:3]


@pytest.mark.parametrize("cut", [7, 20, 50, 55, 65])
def test_resuming_from_a_file_is_bit_exact(cut: int, tmp_path: Path) -> None:
    whole = trainer()
    expected = run(whole, whole.schedule.total_steps)
    before = trainer()
    run(before, cut)
    save_checkpoint(before.state(), tmp_path / "checkpoint.pt")
    after = trainer()
    after.restore(load_checkpoint(tmp_path / "checkpoint.pt"))
    assert after.steps_done == cut
    assert run(after, whole.schedule.total_steps - cut) == expected[cut:]
    assert_same(after.state(), whole.state())


@pytest.mark.parametrize("fault", ["cameras", "optimisers"])
def test_a_checkpoint_of_another_version_is_refused_in_a_sentence(fault: str, tmp_path: Path) -> None:
    state = trainer().state()
    state[fault] = {"corrections": torch.zeros(4, 6)} if fault == "cameras" else {}
    save_checkpoint(state, tmp_path / "checkpoint.pt")
    with pytest.raises(Refusal, match="another version"):
        restore(trainer(), tmp_path / "checkpoint.pt")


@pytest.mark.parametrize(("part", "rows"), [("per-frame-deformation", 0), ("small-motion", 0), ("new-splats", 2)])
def test_a_lift_with_a_part_left_out_goes_on_from_the_whole_one_by_the_same_bits(part: str, rows: int) -> None:
    """Before row `rows` nothing that differs has been at work, whatever the trainer was built with."""
    warm_up = dataclasses.replace(schedule().phases[0], name="w", trains=(SPLATS, CAMERAS), weights={"l1": 1.0})
    table = dataclasses.replace(schedule(), phases=(warm_up, *schedule().phases))
    short, shared = ablated(table, (part,)), shared_rows(table, ablated(table, (part,)))
    assert shared == rows + 1

    def arm() -> Trainer:
        return trainer(table=short, per_frame=part != "per-frame-deformation")

    alone = arm()
    expected = run(alone, short.total_steps)
    whole = trainer(table=table)
    run(whole, sum(row.steps for row in table.phases[:shared]))
    begun, state = arm(), whole.state()
    begun.restore(state)
    assert run(begun, short.total_steps - whole.steps_done) == expected[whole.steps_done :]
    assert torch.equal(begun.population.params["means"], alone.population.params["means"])


def test_motion_is_found_with_the_splats_frozen() -> None:
    # The flow between 40 x 56 px frames is coarse, so the fit has to do most of the way by itself.
    subject = trainer(table=dataclasses.replace(schedule(30), phases=schedule(30).phases[:2]))
    run(subject, 30)
    frozen = {k: v.detach().clone() for k, v in subject.population.params.items()}
    run(subject, 90)
    for name, value in subject.population.params.items():
        assert torch.equal(value, frozen[name]), name
    scene = subject.scene()
    shift = (scene.at(3.0).means - scene.canonical().means).detach()
    blob = scene.canonical().means[:, 2] < 1.05
    assert float(shift[blob][:, 0].median()) == pytest.approx(0.15, abs=0.05)
    assert abs(float(shift[~blob][:, 0].median())) < 0.05


def test_new_splats_grow_beside_canonical_ones_that_stay_as_they_are() -> None:
    subject = trainer()
    run(subject, 48)
    before = {k: v.detach().clone() for k, v in subject.population.params.items()}
    run(subject, 12)
    old = ~subject.population.stats["is_new"]
    assert bool(subject.population.stats["is_new"].any())
    for name, value in subject.population.params.items():
        assert torch.equal(value.detach()[old], before[name]), name


def test_the_canonical_camera_is_fixed_and_the_others_are_tuned() -> None:
    subject = trainer()
    run(subject, 12)
    tuned, start = subject.cameras.tuned(), subject.footage.cameras
    np.testing.assert_allclose(tuned[0].world_from_camera, start[0].world_from_camera, atol=1e-6)
    assert not np.allclose(tuned[1].world_from_camera, start[1].world_from_camera, atol=1e-6)


def test_a_loss_that_is_not_a_number_stops_the_run_in_words() -> None:
    subject = trainer()
    run(subject, 2)
    with torch.no_grad():
        subject.population.params["rgb"][:] = float("nan")
    with pytest.raises(Refusal, match="unstable"):
        run(subject, 2)


def test_colours_stay_in_srgb() -> None:
    subject = trainer()
    run(subject, 12)
    rgb = subject.population.params["rgb"].detach()
    assert float(rgb.min()) >= 0.0 and float(rgb.max()) <= 1.0


def test_the_matte_learns_the_depth_of_the_canonical_view_when_motion_begins() -> None:
    made = trainer()
    nodes = made.temporal
    assert isinstance(nodes, NodeField)
    nodes.matte = Matte(torch.ones(SIZE, dtype=torch.bool), made.footage.canonical_camera)
    while TEMPORAL not in made.phase.trains:
        made.step()
    assert torch.isinf(nodes.matte.depth).all()
    made.step()
    assert 0.7 < float(nodes.matte.depth.median()) < 1.5
