"""`rasterize` against its slow dense twin, finite differences, gsplat's golden images and gsplat on CUDA."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numba
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from renderer.diff.rasterize import Rendering, rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from tests.renderer.diff.dense import dense
from tests.renderer.diff.scenes import cameras, leaves, random_splats

NAMES = ("means", "quats", "scales", "opacities", "rgb", "camera_from_world", "background")


def _both(
    splats: ActiveSplats, batch: CameraBatch, background: Tensor
) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
    """Outputs and gradients of `rasterize` and of the twin, for the same random cotangents."""
    splats, parts = leaves(splats)
    pose, background = batch.camera_from_world.clone().requires_grad_(True), background.clone().requires_grad_(True)
    batch = batch.with_poses(pose)
    parts += [pose, background]
    rendering = rasterize(splats, batch, background=background)
    fast = [rendering.image, rendering.alpha, rendering.depth]
    slow = list(dense(splats, batch, background))
    g = torch.Generator().manual_seed(1)
    weights = [torch.randn(x.shape, generator=g, dtype=torch.float64).to(x) for x in slow]
    gradients = [
        list(torch.autograd.grad(sum((x * w).sum() for x, w in zip(outputs, weights, strict=True)), parts))  # type: ignore[arg-type]
        for outputs in (fast, slow)
    ]
    fast, slow = [x.detach() for x in fast], [x.detach() for x in slow]
    return fast, slow, gradients[0], gradients[1]


@pytest.mark.parametrize(("n", "seed", "radius"), [(150, 0, 12.0), (60, 1, 40.0), (300, 2, 3.0)])
def test_image_and_every_gradient_equal_the_dense_twin(n: int, seed: int, radius: float) -> None:
    size = (37, 53)  # no multiple of a tile
    splats = random_splats(n, seed, size, radius=radius)
    fast, slow, fast_gradients, slow_gradients = _both(splats, cameras(size), torch.tensor([0.2, 0.5, 0.9]).double())
    assert slow[1].max() > 0.8, "the scene covers something"
    for x, y in zip(fast, slow, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-10, atol=1e-12)
    for name, x, y in zip(NAMES, fast_gradients, slow_gradients, strict=True):
        scale = float(y.abs().max())
        assert scale > 0, name
        assert float((x - y).abs().max()) < 1e-10 * scale, name


def test_opaque_walls_stop_and_cap_as_the_twin() -> None:
    """Opacity 1 reaches the cap 0.999; a third layer would bring T under 1e-4 and must be left out."""
    size = (20, 20)
    splats = random_splats(12, 5, size, radius=60.0)
    splats = ActiveSplats(splats.means, splats.quats, splats.scales, torch.ones_like(splats.opacities), splats.rgb)
    fast, slow, fast_gradients, slow_gradients = _both(splats, cameras(size), torch.ones(3).double())
    assert float(1 - slow[1].max()) < 1.1e-3, "some pixel is behind a capped splat"
    for x, y in zip(fast + fast_gradients, slow + slow_gradients, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-8, atol=1e-9)


def test_float32_is_the_float64_picture() -> None:
    size = (64, 96)
    exact = rasterize(random_splats(500, 3, size), cameras(size))
    single = rasterize(random_splats(500, 3, size, torch.float32), cameras(size, torch.float32))
    difference = (single.image.double() - exact.image).abs()
    assert single.image.dtype == torch.float32
    assert float(difference.max()) < 0.005, "a pixel on an alpha cut may flip by 1/255"
    assert float(difference.mean()) < 1e-6
    assert torch.equal(single.radii, exact.radii)


def test_gradcheck_away_from_the_cuts() -> None:
    """Opacities from 0.3 to 0.7 and few layers: neither cap nor stop is near, and no pixel sits on a rim."""
    size = (7, 9)
    splats = random_splats(5, 11, size, radius=9.0)
    opacities = torch.linspace(0.3, 0.7, 5, dtype=torch.float64)
    splats = ActiveSplats(splats.means, splats.quats, splats.scales, opacities, splats.rgb)
    _, parts = leaves(splats)
    batch = cameras(size)
    parts += [batch.camera_from_world.clone().requires_grad_(True), torch.rand(3).double().requires_grad_(True)]

    def outputs(*inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rendering = rasterize(ActiveSplats(*inputs[:5]), batch.with_poses(inputs[5]), background=inputs[6])
        return rendering.image, rendering.alpha, rendering.depth * rendering.alpha

    assert float(outputs(*parts)[1].detach().max()) > 0.3
    assert torch.autograd.gradcheck(outputs, parts, eps=1e-6, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["tiny_case", "basic_case"])
def test_golden_images_of_gsplat(shared: Path, name: str) -> None:
    path = shared / "fixtures" / "brush_golden" / f"{name}.safetensors"
    if not path.exists():
        pytest.skip("../shared/fixtures/brush_golden is absent")
    from gsplat.cuda._torch_impl import _spherical_harmonics

    data = load_file(path)
    height, width = data["out_img"].shape[:2]
    centre = torch.tensor([0.123, 0.456, -8.0])
    colours = _spherical_harmonics(3, data["means"] - centre, data["coeffs"]) + 0.5
    splats = ActiveSplats(
        data["means"], data["quats"], data["scales"].exp(), data["opacities"].sigmoid(), torch.clamp(colours, min=0.0)
    )
    pose = torch.eye(4)
    pose[:3, 3] = -centre
    f = 0.5 * width / math.tan(math.radians(45))
    k = torch.tensor([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]])
    rendering = rasterize(splats, CameraBatch(pose[None], k[None], (height, width)))
    picture = torch.cat([rendering.image[0], rendering.alpha[0]], -1)
    torch.testing.assert_close(picture, data["out_img"], rtol=0.01, atol=1e-5)


def test_screen_gradients_can_be_read() -> None:
    """Densification reads them from means2d, and radii say what was seen."""
    size = (32, 32)
    splats, parts = leaves(random_splats(200, 0, size, torch.float32, radius=2.0))
    rendering = rasterize(splats, cameras(size, torch.float32))
    rendering.means2d.retain_grad()
    torch.autograd.backward(rendering.image.square().mean())
    seen = (rendering.radii > 0).all(-1)
    assert rendering.radii.dtype == torch.int32
    assert rendering.means2d.grad is not None
    assert 0 < int(seen.sum()) < seen.numel()
    assert float(rendering.means2d.grad[seen].abs().max()) > 0
    assert float(rendering.means2d.grad[~seen].abs().sum()) == 0
    assert parts[0].grad is not None
    never = ~seen.any(0)
    assert never.any()
    assert float(parts[0].grad[never].abs().sum()) == 0


def test_second_derivatives_are_refused_not_wrong() -> None:
    size = (16, 16)
    splats, parts = leaves(random_splats(5, 0, size))
    (gradient,) = torch.autograd.grad(
        rasterize(splats, cameras(size)).image.square().sum(), parts[0], create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        torch.autograd.backward(gradient.sum())


@pytest.mark.parametrize("name", ["quats", "scales", "opacities", "rgb"])
def test_shapes_that_do_not_fit_are_refused(name: str) -> None:
    splats = random_splats(5, 0, (16, 16))
    with pytest.raises(ValueError, match=name):
        rasterize(replace(splats, **{name: getattr(splats, name)[:4]}), cameras((16, 16)))
    with pytest.raises(ValueError, match=name):
        rasterize(replace(splats, **{name: getattr(splats, name).float()}), cameras((16, 16)))


def test_cameras_that_do_not_fit_are_refused() -> None:
    splats, batch = random_splats(5, 0, (16, 16)), cameras((16, 16))
    for wrong in (replace(batch, camera_from_world=batch.camera_from_world[:1]), replace(batch, size=(0, 16))):
        with pytest.raises(ValueError, match="cameras"):
            rasterize(splats, wrong)


def _everything(threads: int) -> list[Tensor]:
    numba.set_num_threads(threads)
    size = (70, 120)
    splats, parts = leaves(random_splats(6000, 4, size, torch.float32, radius=6.0))
    batch = cameras(size, torch.float32)
    pose = batch.camera_from_world.clone().requires_grad_(True)
    rendering = rasterize(splats, batch.with_poses(pose), background=torch.ones(3))
    loss = rendering.image.square().sum() + rendering.depth.sum()
    return [rendering.image.detach(), rendering.depth.detach(), *torch.autograd.grad(loss, [*parts, pose])]


def test_results_do_not_depend_on_the_thread_count() -> None:
    most = int(numba.config.NUMBA_NUM_THREADS)
    if most < 2:
        pytest.skip("one core only")
    before = numba.get_num_threads()
    try:
        alone, together = _everything(1), _everything(most)
    finally:
        numba.set_num_threads(before)
    for x, y in zip(alone, together, strict=True):
        assert torch.equal(x, y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU, to compare with gsplat itself")
def test_the_same_numbers_as_gsplat_on_cuda() -> None:
    size = (90, 160)
    here = random_splats(2000, 6, size, torch.float32)
    there = ActiveSplats(
        here.means.cuda(), here.quats.cuda(), here.scales.cuda(), here.opacities.cuda(), here.rgb.cuda()
    )
    batch = cameras(size, torch.float32)
    remote = CameraBatch(batch.camera_from_world.cuda(), batch.K.cuda(), size)

    def gradients(splats: ActiveSplats, views: CameraBatch) -> tuple[Rendering, list[Tensor]]:
        splats, parts = leaves(splats)
        pose = views.camera_from_world.clone().requires_grad_(True)
        rendering = rasterize(splats, views.with_poses(pose), background=torch.full((3,), 0.3, device=pose.device))
        loss = rendering.image.square().sum() + rendering.alpha.sum() + 0.1 * rendering.depth.sum()
        return rendering, [x.cpu() for x in torch.autograd.grad(loss, [*parts, pose])]

    ours, our_gradients = gradients(here, batch)
    theirs, their_gradients = gradients(there, remote)
    assert float((ours.image - theirs.image.cpu()).abs().mean()) < 1e-5
    assert float((ours.alpha - theirs.alpha.cpu()).abs().mean()) < 1e-5
    assert float(((ours.radii > 0) != (theirs.radii.cpu() > 0)).float().mean()) < 1e-3
    for x, y in zip(our_gradients, their_gradients, strict=True):
        assert float((x - y).norm() / y.norm()) < 1e-2
