"""Laws that any splat rasteriser obeys, on random scenes, and the scenes that break careless ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from tests.renderer.diff.dense import rotation_matrices
from tests.renderer.diff.scenes import cameras, leaves, random_splats

SIZE = (24, 40)
few = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 10_000)


def _pick(splats: ActiveSplats, rows: Tensor) -> ActiveSplats:
    return ActiveSplats(*(getattr(splats, name)[rows] for name in ("means", "quats", "scales", "opacities", "rgb")))


def _gradients(splats: ActiveSplats, batch: CameraBatch) -> list[Tensor]:
    splats, parts = leaves(splats)
    pose = batch.camera_from_world.clone().requires_grad_(True)
    rendering = rasterize(splats, batch.with_poses(pose))
    loss = rendering.image.square().sum() + rendering.alpha.sum() + rendering.depth.sum()
    return list(torch.autograd.grad(loss, [*parts, pose]))


@few
@given(seed=seeds, n=st.integers(1, 80))
def test_the_order_of_splats_does_not_matter(seed: int, n: int) -> None:
    splats, batch = random_splats(n, seed, SIZE, torch.float32), cameras(SIZE, torch.float32)
    shuffled = _pick(splats, torch.randperm(n, generator=torch.Generator().manual_seed(seed)))
    assert torch.equal(rasterize(splats, batch).image, rasterize(shuffled, batch).image)


@few
@given(seed=seeds)
def test_equal_depths_blend_in_the_order_of_the_splats(seed: int) -> None:
    splats, batch = random_splats(20, seed, SIZE, torch.float32), cameras(SIZE, torch.float32)
    flat = replace(splats, means=splats.means * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 3.0]))
    first = replace(batch, camera_from_world=batch.camera_from_world[:1], K=batch.K[:1])
    nudged = replace(flat, means=flat.means + torch.arange(20.0)[:, None] * torch.tensor([0.0, 0.0, 1e-6]))
    difference = (rasterize(flat, first).image - rasterize(nudged, first).image).abs()
    assert float(difference.mean()) < 1e-4


@few
@given(seed=seeds, quat=st.tuples(*[st.floats(-1, 1)] * 4), shift=st.tuples(*[st.floats(-5, 5)] * 3))
def test_moving_scene_and_camera_together_changes_nothing(
    seed: int, quat: tuple[float, ...], shift: tuple[float, ...]
) -> None:
    q = torch.tensor(quat, dtype=torch.float64)
    q = q / q.norm() if float(q.norm()) > 0.1 else torch.tensor([1.0, 0, 0, 0]).double()
    turn, move = rotation_matrices(q[None])[0], torch.tensor(shift, dtype=torch.float64)
    splats, batch = random_splats(40, seed, SIZE), cameras(SIZE)
    w, v = q[0], q[1:]
    sw, sv = splats.quats[:, :1], splats.quats[:, 1:]
    turned = torch.cat(
        [w * sw - (sv * v).sum(-1, keepdim=True), w * sv + sw * v + torch.linalg.cross(v.expand_as(sv), sv)], -1
    )
    moved = replace(splats, means=splats.means @ turn.T + move, quats=turned)
    motion = torch.eye(4, dtype=torch.float64)
    motion[:3, :3], motion[:3, 3] = turn, move
    followed = batch.with_poses(batch.camera_from_world @ torch.linalg.inv(motion))
    before, after = rasterize(splats, batch), rasterize(moved, followed)
    torch.testing.assert_close(after.image, before.image, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(after.depth, before.depth, rtol=1e-7, atol=1e-9)


@few
@given(seed=seeds, n=st.integers(0, 60))
def test_a_batch_is_its_single_views(seed: int, n: int) -> None:
    splats, batch = random_splats(n, seed, SIZE, torch.float32), cameras(SIZE, torch.float32)
    together = rasterize(splats, batch)
    for c in range(2):
        alone = rasterize(splats, CameraBatch(batch.camera_from_world[c : c + 1], batch.K[c : c + 1], SIZE))
        for name in ("image", "alpha", "depth", "means2d", "radii"):
            assert torch.equal(getattr(together, name)[c], getattr(alone, name)[0]), name


@few
@given(seed=seeds)
def test_alpha_is_the_picture_of_white(seed: int) -> None:
    """White splats over black are alpha; over white they are white everywhere."""
    splats, batch = random_splats(50, seed, SIZE), cameras(SIZE)
    white = replace(splats, rgb=torch.ones_like(splats.rgb))
    rendering = rasterize(white, batch)
    torch.testing.assert_close(rendering.image, rendering.alpha.expand_as(rendering.image), rtol=0, atol=1e-12)
    over = rasterize(white, batch, background=torch.ones(3).double()).image
    torch.testing.assert_close(over, torch.ones_like(over), rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", ["none", "behind", "beside", "transparent"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_to_see_is_background_with_zero_gradients(case: str, dtype: torch.dtype) -> None:
    splats, batch = random_splats(0 if case == "none" else 9, 0, SIZE, dtype), cameras(SIZE, dtype)
    if case == "behind":
        splats = replace(splats, means=splats.means * -1)
    if case == "beside":
        splats = replace(splats, means=splats.means + torch.tensor([1e4, 0, 0], dtype=dtype))
    if case == "transparent":
        splats = replace(splats, opacities=torch.full_like(splats.opacities, 0.003))
    ground = torch.tensor([0.1, 0.2, 0.3], dtype=dtype)
    rendering = rasterize(splats, batch, background=ground)
    torch.testing.assert_close(rendering.image, ground.expand_as(rendering.image), rtol=0, atol=0)
    assert float(rendering.alpha.abs().sum() + rendering.depth.abs().sum()) == 0
    assert int(rendering.radii.sum()) == 0
    for gradient in _gradients(splats, batch):
        assert float(gradient.abs().sum()) == 0


def _extreme(case: str) -> ActiveSplats:
    splats = random_splats(30, 8, SIZE, torch.float32)
    means, quats, scales = splats.means.clone(), splats.quats.clone(), splats.scales.clone()
    if case == "huge":
        scales[:10] = 1e4
    if case == "needle":
        scales[:10, 0], scales[:10, 1:] = 50.0, 1e-7
    if case == "at the near plane":
        means[:10, 2] = 0.0101
    if case == "far away":
        means[:10] *= 1e7
    if case == "points":
        scales[:] = 1e-9
    if case == "zero quaternion":
        quats[0] = 0
    if case == "not a number":
        means[0, 0], scales[1, 1] = float("nan"), float("nan")
    opacities = torch.ones_like(splats.opacities) if case == "opaque" else splats.opacities
    return ActiveSplats(means, quats, scales, opacities, splats.rgb)


@pytest.mark.parametrize(
    "case",
    ["huge", "needle", "at the near plane", "far away", "points", "opaque", "zero quaternion", "not a number"],
)
def test_extreme_splats_give_finite_pictures_and_gradients(case: str) -> None:
    splats, batch = _extreme(case), cameras(SIZE, torch.float32)
    rendering = rasterize(splats, batch)
    for name in ("image", "alpha", "depth", "means2d"):
        assert getattr(rendering, name).isfinite().all(), name
    assert float(rendering.alpha.max()) > 0.1
    for gradient in _gradients(splats, batch):
        assert gradient.isfinite().all()


def test_a_colour_that_is_not_a_number_reaches_the_picture() -> None:
    """The trainer stops on NaN pictures; a rasteriser that hid them would let it train on."""
    splats = random_splats(30, 8, SIZE, torch.float32)
    rgb = splats.rgb.clone()
    rgb[int(rasterize(splats, cameras(SIZE, torch.float32)).radii[0, :, 0].argmax())] = float("nan")
    assert rasterize(replace(splats, rgb=rgb), cameras(SIZE, torch.float32)).image.isnan().any()
