"""The projection kernels against gsplat's torch reference: values, and gradients by autograd through it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gsplat.cuda._torch_impl import _fully_fused_projection, _quat_scale_to_covar_preci
from torch import Tensor

from renderer.tiles.projection import project_backward, project_forward
from tests.renderer.diff.scenes import cameras, random_splats

SIZE = (48, 80)


def _kernel(splats: Any, batch: Any, near: float = 0.01) -> tuple[Any, ...]:
    n, dtype = len(splats), splats.means.numpy().dtype
    means2d, depths, conics = np.empty((2, n, 2), dtype), np.empty((2, n), dtype), np.empty((2, n, 3), dtype)
    radii = np.empty((2, n, 2), np.int32)
    arrays = (splats.means.numpy(), splats.quats.numpy(), splats.scales.numpy())
    poses, ks = batch.camera_from_world.double().numpy(), batch.K.double().numpy()
    project_forward(*arrays, splats.opacities.numpy(), poses, ks, SIZE, near, means2d, depths, conics, radii)
    return means2d, depths, conics, radii


def _reference(means: Tensor, quats: Tensor, scales: Tensor, pose: Tensor, k: Tensor) -> tuple[Tensor, ...]:
    covariances, _ = _quat_scale_to_covar_preci(quats, scales, compute_preci=False)
    radii, means2d, depths, conics, _ = _fully_fused_projection(means, covariances, pose, k, SIZE[1], SIZE[0])
    return means2d, depths, conics, radii


@pytest.mark.parametrize("seed", range(3))
def test_values_are_gsplats(seed: int) -> None:
    splats, batch = random_splats(400, seed, SIZE), cameras(SIZE)
    *ours, radii = _kernel(splats, batch)
    *theirs, their_radii = _reference(splats.means, splats.quats, splats.scales, batch.camera_from_world, batch.K)
    seen = (radii > 0).all(-1)
    assert 100 < seen.sum() < seen.size
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x[seen], y.numpy()[seen], rtol=1e-9)
    # The torch reference knows no opacity: its radii are the ceiling of 3.33 sigma, CUDA's are smaller.
    conics = ours[2][seen]
    determinant = conics[:, 0] * conics[:, 2] - conics[:, 1] ** 2
    sigma = np.sqrt(np.stack([conics[:, 2], conics[:, 0]], -1) / determinant[:, None])
    opacities = np.broadcast_to(splats.opacities.numpy(), seen.shape)[seen]
    extent = np.minimum(3.33, np.sqrt(2 * np.log(255 * opacities)))
    np.testing.assert_array_equal(radii[seen], np.ceil(extent[:, None] * sigma * (1 - 1e-12)))
    assert (radii <= their_radii.numpy()).all()


def test_what_is_too_near_is_unseen() -> None:
    splats, batch = random_splats(200, 0, SIZE), cameras(SIZE)
    _, depths, _, radii = _kernel(splats, batch, near=4.0)
    seen = radii[..., 0] > 0
    assert seen.any()
    assert (depths[seen] >= 4.0).all()
    assert (~seen).any()


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_the_reference(seed: int) -> None:
    """Wide splats beside the image reach the clamp of the Jacobian, whose gradient has its own branch."""
    splats, batch = random_splats(300, seed, SIZE, radius=30.0), cameras(SIZE)
    means2d, depths, conics, radii = _kernel(splats, batch)
    seen = torch.from_numpy((radii > 0).all(-1))
    g = torch.Generator().manual_seed(seed)
    cotangents = [torch.randn(x.shape, generator=g, dtype=torch.float64) for x in (means2d, depths, conics)]
    inputs = [
        x.clone().requires_grad_(True) for x in (splats.means, splats.quats, splats.scales, batch.camera_from_world)
    ]
    outputs = _reference(*inputs, batch.K)[:3]  # type: ignore[call-arg]
    terms = [(x * w)[seen].sum() for x, w in zip(outputs, cotangents, strict=True)]
    expected = torch.autograd.grad(terms[0] + terms[1] + terms[2], inputs)
    ours = [np.zeros(tuple(x.shape)) for x in inputs]
    project_backward(
        splats.means.numpy(), splats.quats.numpy(), splats.scales.numpy(), batch.camera_from_world.numpy(),
        batch.K.numpy(), SIZE, conics, radii, *(w.numpy() for w in cotangents), *ours,
    )  # fmt: skip
    local = splats.means @ batch.camera_from_world[0, :3, :3].T
    assert ((local[:, 0] / local[:, 2]).abs() > 0.8).any(), "some splat is beyond the clamp"
    for x, y in zip(ours, expected, strict=True):
        np.testing.assert_allclose(x, y.numpy(), rtol=1e-8, atol=1e-8 * float(y.abs().max()))
