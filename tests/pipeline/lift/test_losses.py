"""Every loss against a slow, literal reading of its equation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.lift import losses
from renderer.diff.deformation import ControlMotion, Offsets
from renderer.diff.quaternions import quaternion_multiply, quaternion_rotate, rotation_from_vector


def conj(q: Tensor) -> Tensor:
    return q * torch.tensor([1.0, -1, -1, -1], dtype=q.dtype)


def motion(c: int = 3, p: int = 12, seed: int = 0) -> ControlMotion:
    g = torch.Generator().manual_seed(seed)
    x0 = torch.randn(p, 3, generator=g, dtype=torch.float64)
    q0 = nn.functional.normalize(torch.randn(p, 4, generator=g, dtype=torch.float64), dim=-1)
    dx = 0.1 * torch.randn(c, p, 3, generator=g, dtype=torch.float64)
    dq = 0.1 * torch.randn(c, p, 4, generator=g, dtype=torch.float64)
    return ControlMotion(x0, q0, Offsets(dx, dq, 0.1 * torch.randn(c, p, 3, generator=g, dtype=torch.float64)))


def test_eq_2_is_the_absolute_difference() -> None:
    a, b = torch.rand(2, 4, 4, 3), torch.rand(2, 4, 4, 3)
    torch.testing.assert_close(losses.reconstruction(a, b), (a - b).abs())


def test_eq_3_and_7_sum_all_three_offsets() -> None:
    m = motion()
    o = m.offsets
    expected = o.dx[1, 5].abs().sum() + o.dq[1, 5].abs().sum() + o.ds[1, 5].abs().sum()
    torch.testing.assert_close(losses.small_motion(o)[1, 5], expected)
    torch.testing.assert_close(losses.motion_norm(o)[1, 5], expected)


def test_eq_8_is_the_step_length() -> None:
    m = motion()
    expected = (m.offsets.dx[2, 7] - m.offsets.dx[1, 7]).norm()
    torch.testing.assert_close(losses.motion_difference(m)[1, 7], expected)


def test_eq_9_weights_fall_with_distance_and_ignore_scale() -> None:
    x = motion().x0
    index, weight = losses.neighbourhood(x, k=4)
    scaled_index, scaled_weight = losses.neighbourhood(100 * x, k=4)
    assert (index == scaled_index).all()
    torch.testing.assert_close(weight, scaled_weight)
    distances = (x[index] - x[:, None]).norm(dim=-1)
    assert (distances[:, 1:] >= distances[:, :-1]).all() and (weight[:, 1:] <= weight[:, :-1]).all()
    assert not (index == torch.arange(len(x))[:, None]).any()


def test_eq_10_literally() -> None:
    m = motion()
    index, weight = losses.neighbourhood(m.x0, k=3)
    got = losses.local_rigidity(m, index, weight)
    x, q = m.x0 + m.offsets.dx, m.quats
    for t, i, n in ((1, 0, 0), (2, 5, 2), (1, 11, 1)):
        j = int(index[i, n])
        back = quaternion_multiply(q[t - 1, i], conj(q[t, i]))
        error = (x[t - 1, j] - x[t - 1, i]) - quaternion_rotate(back, x[t, j] - x[t, i])
        torch.testing.assert_close(got[t - 1, i, n], weight[i, n] * error.norm())


def test_eq_12_literally() -> None:
    m = motion()
    index, weight = losses.neighbourhood(m.x0, k=3)
    got = losses.rotation_agreement(m, index, weight)
    q = m.quats
    for t, i, n in ((1, 0, 0), (2, 5, 2)):
        j = int(index[i, n])
        error = quaternion_multiply(q[t, j], conj(q[t - 1, j])) - quaternion_multiply(q[t, i], conj(q[t - 1, i]))
        torch.testing.assert_close(got[t - 1, i, n], weight[i, n] * error.norm())


def test_a_rigid_motion_costs_nothing_in_eq_10_and_12() -> None:
    m = motion(c=2)
    q = rotation_from_vector(torch.tensor([0.2, -0.4, 0.3], dtype=torch.float64)).expand(len(m.x0), 4)
    dx = torch.stack([torch.zeros_like(m.x0), quaternion_rotate(q, m.x0) + 0.5 - m.x0])
    dq = torch.stack([torch.zeros_like(m.q0), quaternion_multiply(q, m.q0) - m.q0])
    rigid = ControlMotion(m.x0, m.q0, Offsets(dx, dq, torch.zeros_like(dx)))
    index, weight = losses.neighbourhood(m.x0, k=5)
    assert float(losses.local_rigidity(rigid, index, weight).max()) < 1e-9
    assert float(losses.rotation_agreement(rigid, index, weight).max()) < 1e-9
    assert float(losses.local_rigidity(m, index, weight).max()) > 1e-2


def test_ssim_agrees_with_scikit_image() -> None:
    from skimage.metrics import structural_similarity

    rng = np.random.default_rng(0)
    a = rng.random((48, 40, 3))
    b = np.clip(a + 0.1 * rng.standard_normal(a.shape), 0, 1)
    ours = losses.ssim(torch.tensor(a)[None], torch.tensor(b)[None])[0, 5:-5, 5:-5]
    _, theirs = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, channel_axis=2, full=True,
        truncate=3.5,
    )  # fmt: skip
    torch.testing.assert_close(ours, torch.tensor(theirs[5:-5, 5:-5]), atol=1e-6, rtol=1e-6)


def test_ssim_of_an_image_with_itself_is_one() -> None:
    a = torch.rand(1, 20, 20, 3)
    torch.testing.assert_close(losses.ssim(a, a), torch.ones_like(a))


@pytest.mark.parametrize("size", [(17, 23), (4, 5), (64, 48)])
def test_the_ssim_kernel_agrees_with_its_slow_twin(size: tuple[int, int]) -> None:
    g = torch.Generator().manual_seed(0)
    target = torch.rand(2, *size, 3, generator=g)
    weights = torch.rand(2, *size, 3, generator=g)
    image = torch.rand(2, *size, 3, generator=g)
    fast, slow = image.clone().requires_grad_(), image.double().requires_grad_()
    a, b = losses.ssim(fast, target), losses.ssim_by_convolution(slow, target.double())
    torch.testing.assert_close(a, b.float(), atol=2e-5, rtol=1e-4)
    (a * weights).sum().backward()
    (b * weights).sum().backward()
    assert fast.grad is not None and slow.grad is not None
    torch.testing.assert_close(fast.grad, slow.grad.float(), atol=2e-3, rtol=1e-3)


def test_gradients_stay_finite_where_norms_vanish() -> None:
    m = motion(c=2)
    dx = torch.zeros(2, 12, 3, dtype=torch.float64, requires_grad=True)
    still = ControlMotion(m.x0, m.q0, Offsets(dx, torch.zeros(2, 12, 4).double(), dx))
    index, weight = losses.neighbourhood(m.x0, k=3)
    total = losses.motion_difference(still).sum() + losses.local_rigidity(still, index, weight).sum()
    total.backward()
    assert dx.grad is not None and torch.isfinite(dx.grad).all()
