"""Where known frames go, exactly, in the arguments of each family, and in what its pipeline makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.generate.open_models.calls import GREY, arguments
from pipeline.generate.open_models.families import Configs, Family, family_of
from pipeline.generate.open_models.folder import read
from pipeline.generate.open_models.frames import Plan
from pipeline.generate.open_models.loading import Setup, load
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

pytest.importorskip("diffusers", reason="the extra diffusers is not installed")
REQUEST = VideoRequest("reroll", "a fox", "blur", size=(64, 96), fps=12.0, seed=1)


def plan(*places: int, count: int = 17, strengths: tuple[float, ...] = ()) -> Plan:
    frames = np.random.default_rng(3).integers(0, 256, (len(places), 64, 96, 3), np.uint8)
    return Plan(count, tuple(range(count)), frames, places, strengths or (1.0,) * len(places))


def called(index: str, wanted: Plan, configs: Configs | None = None, **more: Any) -> dict[str, Any]:
    family = family_of(index)
    assert isinstance(family, Family)
    return arguments(family, configs or {}, VideoRequest(**{**vars(REQUEST), **more}), wanted, 2)


def test_what_all_families_are_told() -> None:
    told = called("WanVACEPipeline", plan())
    assert told == {
        "prompt": "a fox", "negative_prompt": "blur", "height": 64, "width": 96, "num_frames": 17,
        "num_inference_steps": 30, "guidance_scale": 5.0, "output_type": "np",
    }  # fmt: skip
    told = called("WanVACEPipeline", plan(), steps=7, guidance=1.5, negative_prompt="")
    assert (told["num_inference_steps"], told["guidance_scale"]) == (7, 1.5) and "negative_prompt" not in told


def test_ltx_takes_frames_from_the_start_as_a_video_and_others_as_key_frames() -> None:
    wanted = plan(*range(10), 13, strengths=(1.0,) * 4 + (0.5,) * 7)
    told = called("LTXPipeline", wanted)
    first, *others = told["conditions"]
    assert (len(first.video), first.frame_index, first.strength, told["frame_rate"]) == (9, 0, 0.5, 24)
    assert [(other.frame_index, other.strength) for other in others] == [(9, 0.5), (13, 0.5)]
    assert all(np.array_equal(np.asarray(a), b) for a, b in zip(first.video, wanted.frames, strict=False))
    assert np.array_equal(np.asarray(others[1].image), wanted.frames[10])
    assert called("LTXPipeline", plan())["conditions"] is None
    assert [c.frame_index for c in called("LTXPipeline", plan(3, 16))["conditions"]] == [3, 16]


def test_ltx_decodes_with_a_little_noise_where_its_decoder_was_trained_so() -> None:
    assert "decode_timestep" not in called("LTXPipeline", plan(0))
    assert called("LTXPipeline", plan(0), {"vae": {"timestep_conditioning": True}})["decode_timestep"] == 0.05


def test_ltx2_places_key_frames_at_their_very_time(model: Callable[[str], Path], monkeypatch: Any) -> None:
    folder = read(model("ltx2"))
    pipeline = load(folder, Setup("cpu", "float32", "none"))
    place, seen = pipeline._prepare_keyframe_coords, []

    def spy(**told: Any) -> Any:
        seen.append(place(**told))
        return seen[-1]

    monkeypatch.setattr(pipeline, "_prepare_keyframe_coords", spy)
    told = arguments(folder.family, folder.configs, REQUEST, plan(0, 4, 9, 16), 1)
    pipeline(**{**told, "num_inference_steps": 1})
    assert told["stg_scale"] == 0.0
    spans = np.array([coords[0, 0, 0].tolist() for coords in seen]) * 12
    assert np.allclose(spans, [(4, 5), (9, 10), (16, 17)], atol=1e-4)


def test_large_ltx2_models_keep_their_guidance_by_a_left_out_block() -> None:
    assert "stg_scale" not in called("LTX2Pipeline", plan(0), {"transformer": {"num_layers": 48}})


def test_vace_sees_grey_where_it_makes_and_black_masks_where_it_keeps() -> None:
    wanted = plan(0, 5, 11, strengths=(1.0, 0.8, 0.2))
    told = called("WanVACEPipeline", wanted)
    video, mask = (np.stack([np.asarray(picture) for picture in told[name]]) for name in ("video", "mask"))
    assert video.shape == (17, 64, 96, 3) and mask.shape == (17, 64, 96)
    assert np.array_equal(video[[0, 5, 11]], wanted.frames)
    assert all((video[i] == GREY).all() for i in range(17) if i not in (0, 5, 11))
    assert [i for i in range(17) if not mask[i].any()] == [0, 5] and (mask[11] == 255).all()


def test_wan_begins_and_ends_with_given_frames() -> None:
    wanted = plan(0, 16)
    told = called("WanImageToVideoPipeline", wanted)
    assert np.array_equal(np.asarray(told["image"]), wanted.frames[0])
    assert np.array_equal(np.asarray(told["last_image"]), wanted.frames[1])
    assert "last_image" not in called("WanImageToVideoPipeline", plan(0))
    with pytest.raises(Refusal, match="begins with a given frame"):
        called("WanImageToVideoPipeline", plan())
    with pytest.raises(Refusal, match="the last one is not known"):
        called("WanImageToVideoPipeline", plan(0), {"transformer": {"pos_embed_seq_len": 514}})


def test_cogvideox_begins_with_a_frame_and_reads_as_many_words_as_it_can() -> None:
    wanted = plan(0)
    told = called("CogVideoXImageToVideoPipeline", wanted, {"transformer": {"max_text_seq_length": 16}})
    assert np.array_equal(np.asarray(told["image"]), wanted.frames[0]) and told["max_sequence_length"] == 16


def test_sparsectrl_is_told_frames_with_their_indices() -> None:
    wanted = plan(2, 9, count=16, strengths=(1.0, 0.5))
    told = called("StableDiffusionPipeline", wanted)
    assert told["controlnet_frame_indices"] == [2, 9] and told["controlnet_conditioning_scale"] == 0.75
    assert np.array_equal(np.asarray(told["conditioning_frames"][1]), wanted.frames[1])
    told = called("StableDiffusionPipeline", plan(count=16))
    assert (told["controlnet_frame_indices"], told["controlnet_conditioning_scale"]) == ([], 0.0)
