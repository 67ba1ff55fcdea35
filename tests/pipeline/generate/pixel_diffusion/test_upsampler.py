"""The second stage by itself, loaded by name: sizes, repeatability, and what is said where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.generate import priors
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.weights import export
from renderer.errors import Refusal
from tests.pipeline.generate.pixel_diffusion.test_network import awake


def test_a_small_video_gets_its_size_and_the_same_one_again(tmp_path: Path) -> None:
    export(awake(preset("toy", "upsampler")), tmp_path, {})
    assert priors.upsampler_at_hand(str(tmp_path)) and not priors.at_hand(str(tmp_path))
    model = priors.load_upsampler(str(tmp_path), "cpu")
    assert model.size == (24, 32) and model.small == (3, 4)
    small = np.random.default_rng(0).integers(0, 256, (model.n_frames, *model.small, 3)).astype(np.uint8)
    large = model.upsample(small, "a dog", "", 1)
    assert large.shape == (model.n_frames, 24, 32, 3) and large.dtype == np.uint8
    np.testing.assert_array_equal(model.upsample(small, "a dog", "", 1), large)
    assert not np.array_equal(model.upsample(small, "a dog", "", 2), large)


def test_weights_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no upsampler's weights in .*--upsampler"):
        priors.load_upsampler(str(tmp_path), "cpu")
