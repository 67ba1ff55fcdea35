"""Upsamplers by name: what is there, what is refused, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.generate import priors, upsamplers
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.weights import export
from renderer.errors import Refusal
from tests.pipeline.generate.pixel_diffusion.test_network import awake


def test_a_folder_of_the_second_stage_is_loaded(tmp_path: Path) -> None:
    export(awake(preset("toy", "upsampler")), tmp_path, {})
    assert upsamplers.at_hand(str(tmp_path)) and not priors.at_hand(str(tmp_path))
    assert upsamplers.load_upsampler(str(tmp_path), "cpu").size == (24, 32)
    assert upsamplers.content_of(str(tmp_path))


def test_weights_that_are_not_there_are_refused(tmp_path: Path) -> None:
    for ask in (lambda name: upsamplers.load_upsampler(name, "cpu"), upsamplers.content_of):
        with pytest.raises(Refusal, match=r"no upsampler's weights in .*--upsampler"):
            ask(str(tmp_path))
