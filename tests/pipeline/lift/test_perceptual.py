"""ST-LPIPS with its packaged weights: known values, and what its name promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.lift import perceptual
from pipeline.lift.perceptual import PerceptualDistance


@pytest.fixture(scope="module")
def net() -> PerceptualDistance:
    found = perceptual.installed()
    if found is None:
        pytest.skip("the extra `perceptual` (stlpips_pytorch) is not installed")
    return found


def picture(shift: int = 0) -> np.ndarray:
    """A soft pattern [60, 80, 3] in [0, 1], moved sideways by whole pixels."""
    y, x = np.mgrid[:60, :80].astype(np.float32)
    x = x + shift
    waves = [np.sin(x / 5 + y / 9), np.sin(x / 3 - y / 4), np.sin(x * y / 300)]
    return (0.5 + 0.4 * np.stack(waves, -1)).astype(np.float32)


def test_values_are_those_of_the_authors_code(net: PerceptualDistance) -> None:
    generator = torch.Generator().manual_seed(0)
    for size, value in (((64, 64), 0.009481387), ((54, 96), 0.008938930)):
        a = torch.rand(1, 3, *size, generator=generator)
        b = (a + 0.2 * torch.randn(1, 3, *size, generator=generator)).clamp(0, 1)
        assert float(net(a, b)) == pytest.approx(value, rel=1e-4)


def test_equal_pictures_are_at_no_distance_and_order_does_not_matter(net: PerceptualDistance) -> None:
    a, b = picture(), picture(7)
    assert net.of(a, a) == 0.0
    assert net.of(a, b) == pytest.approx(net.of(b, a), rel=1e-5) and net.of(a, b) > 0


def test_a_pixels_shift_costs_less_than_blur_of_the_same_error(net: PerceptualDistance) -> None:
    sharp = picture()
    blurred = torch.nn.functional.avg_pool2d(torch.from_numpy(sharp).permute(2, 0, 1)[None], 9, 1, 4)
    soft = blurred[0].permute(1, 2, 0).numpy()
    assert net.of(picture(1), sharp) < 0.3 * net.of(soft, sharp)


def test_small_pictures_are_measured_too(net: PerceptualDistance) -> None:
    assert net.of(picture()[:9, :12], picture(3)[:9, :12]) > 0


def test_gradients_reach_the_picture(net: PerceptualDistance) -> None:
    a = torch.from_numpy(picture()).permute(2, 0, 1)[None].requires_grad_()
    net(a, torch.from_numpy(picture(5)).permute(2, 0, 1)[None]).sum().backward()
    assert a.grad is not None and float(a.grad.abs().sum()) > 0


def test_other_weights_are_told_apart(tmp_path: Path) -> None:
    torch.save({"net.slice1.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="ST-LPIPS"):
        PerceptualDistance.load(tmp_path / "w.pth")


def test_without_the_wheel_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "WEIGHTS", "no_such_wheel")
    assert perceptual.installed() is None
