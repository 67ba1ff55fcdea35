"""The second stage by itself: sizes and repeatability."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.upsampler import load_upsampler
from pipeline.generate.pixel_diffusion.weights import export
from tests.pipeline.generate.pixel_diffusion.test_network import awake


def test_a_small_video_gets_its_size_and_the_same_one_again(tmp_path: Path) -> None:
    export(awake(preset("toy", "upsampler")), tmp_path, {})
    model = load_upsampler(tmp_path)
    assert model.size == (24, 32) and model.small == (3, 4)
    small = np.random.default_rng(0).integers(0, 256, (model.n_frames, *model.small, 3)).astype(np.uint8)
    large = model.upsample(small, "a dog", "", 1)
    assert large.shape == (model.n_frames, 24, 32, 3) and large.dtype == np.uint8
    np.testing.assert_array_equal(model.upsample(small, "a dog", "", 1), large)
    assert not np.array_equal(model.upsample(small, "a dog", "", 2), large)
