"""The provider: takes from every family with their known frames in them, and every fault in a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.generate.adapters import Video, made, settled
from pipeline.generate.open_models import loading
from pipeline.generate.open_models.provider import OpenModels
from pipeline.generate.provider import Frames, Known, Making
from pipeline.generate.registry import adjusted, find
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

Folder = Callable[[str], Path]
EVERY = ("ltx", "ltx2", "vace", "wan-image", "wan-first-last", "cogvideox", "sparse")
PLACES = {"any": (0, 1, 5, 11), "ends": (0, 15), "first": (0,)}
SIZES = {"ltx2": (64, 96), "sparse": (16, 24)}
"""LTX-2's decoder mirrors two latents at each edge; SparseCtrl's tiny model has large latents."""


def open_model(folder: Path, **options: Any) -> OpenModels:
    return OpenModels().adjusted({"model": str(folder), **options})


def given(places: tuple[int, ...], size: tuple[int, int]) -> Known:
    frames: Frames = np.random.default_rng(4).integers(0, 256, (len(places), *size, 3), np.uint8)
    return Known(frames, places, (1.0,) * len(places))


def film(
    maker: OpenModels, known: Known, seed: int = 3, size: tuple[int, int] = (32, 48), **more: Any
) -> tuple[Video, list[Making]]:
    wish = VideoRequest("reroll", "a fox", size=size, n_frames=16, seed=seed, steps=more.pop("steps", 3), **more)
    work: Generator[Making, None, Video] = made(maker, settled(wish, maker.ability, known), known)
    seen = []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as over:
            return over.value, seen


@pytest.mark.parametrize("name", EVERY)
def test_known_frames_stay_bit_for_bit_and_the_seed_decides_the_others(model: Folder, name: str) -> None:
    maker, size = open_model(model(name)), SIZES.get(name, (32, 48))
    places = PLACES[maker.ability.positions]
    known = given(places, size)
    (video, steps), (again, _), (other, _) = (film(maker, known, seed, size) for seed in (3, 3, 4))
    assert video.frames.shape == (16, *size, 3) and np.array_equal(video.frames[list(places)], known.frames)
    assert np.array_equal(video.frames, again.frames)
    new = [i for i in range(16) if i not in places]
    assert not np.array_equal(video.frames[new], other.frames[new]) and video.frames[new].std() > 1
    previews = [step.preview for step in steps if step.preview is not None]
    assert len(previews) == 3 and all(preview.shape[0] == 16 for preview in previews)
    (piece,) = video.provenance["pieces"]
    assert piece["fingerprint"] and piece["licence"] and piece["sampling"]["steps"] == 3
    assert str(model(name)) not in str(video.provenance)


@pytest.mark.parametrize("name", ["ltx", "vace", "sparse-in-parts"])
def test_models_that_need_no_frame_make_a_video_from_words(model: Folder, name: str) -> None:
    maker = open_model(model(name))
    video, _ = film(maker, Known(np.zeros((0, 1, 1, 3), np.uint8), (), ()))
    assert video.frames.shape == (16, 32, 48, 3) and "reference" in maker.ability.kinds
    assert "reference" not in open_model(model("cogvideox")).ability.kinds


@pytest.mark.parametrize("name", ["ltx", "ltx2", "vace", "wan-image", "cogvideox", "sparse"])
def test_the_model_sees_the_known_frame(model: Folder, name: str) -> None:
    maker = open_model(model(name))
    dark, bright = (unmatched(maker, value, (64, 96) if "ltx" in name else (32, 48)) for value in (0, 250))
    assert not np.array_equal(dark[1:], bright[1:])


def unmatched(maker: OpenModels, value: int, size: tuple[int, int]) -> Frames:
    """What the model itself makes, before colours are matched to a known first frame of one grey."""
    known = Known(np.full((1, *size, 3), value, np.uint8), (0,), (1.0,))
    count = maker.ability.fits(16)
    work = maker.generate(VideoRequest("reroll", "x", size=size, n_frames=count, fps=12, steps=2), known)
    while True:
        try:
            next(work)
        except StopIteration as over:
            frames: Frames = over.value.frames
            return frames


def test_a_stride_makes_more_frames_than_it_keeps(model: Folder) -> None:
    maker = open_model(model("vace"), stride=3)
    known = given((0, 15), (32, 48))
    video, steps = film(maker, known)
    assert video.provenance["pieces"][0]["sampling"]["made_frames"] == 49
    assert np.array_equal(video.frames[[0, 15]], known.frames)
    assert all(step.preview is None or len(step.preview) == 16 for step in steps)


def test_an_orbit_ends_where_it_began_on_request(model: Folder) -> None:
    maker = open_model(model("wan-first-last"), close_orbit=True)
    assert film(maker, given((0,), (32, 48)))[0].frames.shape[0] == 16
    with pytest.raises(Refusal, match=r"the last one is not known.*close_orbit"):
        film(open_model(model("wan-first-last")), given((0,), (32, 48)))
    with pytest.raises(Refusal, match="cannot end with one"):
        film(open_model(model("cogvideox"), close_orbit=True), given((0,), (32, 48)))


def test_a_lora_and_offloading_come_with_the_options(
    model: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.open_models import lora

    file = lora(tmp_path / "orbit.safetensors", "transformer", "transformer_blocks.0.attn1.to_q", (16, 16), 9.0)
    known = given((0,), (32, 48))
    plain, _ = film(open_model(model("ltx")), known)
    worn, _ = film(open_model(model("ltx"), lora=str(file), lora_strength=2), known)
    assert not np.array_equal(plain.frames, worn.frames)
    assert worn.provenance["pieces"][0]["lora"] == {"name": "orbit.safetensors", "strength": 2.0}
    monkeypatch.setattr(loading, "setup_of", lambda *_: loading.Setup("cpu", "float32", "model"))
    moved, _ = film(open_model(model("ltx")), known)
    assert np.array_equal(moved.frames, plain.frames)
    assert moved.provenance["pieces"][0]["setup"]["offload"] == "model"


def test_the_model_stays_loaded_for_later_pieces_and_takes(model: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, load = [], loading.load

    def count(*told: Any) -> Any:
        loads.append(told)
        return load(*told)

    monkeypatch.setattr(loading, "load", count)
    maker = open_model(model("sparse"))
    wish = VideoRequest("reference", "a fox", size=(16, 16), n_frames=24, steps=1)
    known = Known(np.zeros((0, 1, 1, 3), np.uint8), (), ())
    for seed in (1, 2):
        work = made(maker, settled(VideoRequest(**{**vars(wish), "seed": seed}), maker.ability, known), known)
        assert [step.stage for step in work]
    assert len(loads) == 1


def test_closing_it_stops_the_model(model: Folder) -> None:
    maker = open_model(model("vace"))
    known = given((0,), (32, 48))
    wish = settled(VideoRequest("reroll", "x", size=(32, 48), n_frames=17, steps=500), maker.ability, known)
    work = made(maker, wish, known)
    while next(work).step < 1:
        pass
    work.close()
    assert not any(thread.name == "open video model" for thread in threading.enumerate())
    assert film(maker, known)[0].frames.shape[0] == 16


def test_want_of_memory_and_figures_that_are_no_numbers_are_said_and_the_next_take_is_made(model: Folder) -> None:
    maker, known = open_model(model("vace")), given((0,), (32, 48))
    good, _ = film(maker, known)
    assert maker._loaded is not None
    transformer = maker._loaded[1].transformer
    forward = transformer.forward

    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    def broken(*told: Any, **more: Any) -> Any:
        return (forward(*told, **more)[0] * float("nan"),)

    for fault, words in ((full, "ran out of memory.*offload"), (broken, "no numbers in step 1")):
        transformer.forward = fault
        with pytest.raises(Refusal, match=words):
            film(maker, known)
    transformer.forward = forward
    assert np.array_equal(film(maker, known)[0].frames, good.frames)


def test_without_a_model_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, model: Folder, tmp_path: Path) -> None:
    maker = find("diffusers")
    assert "SPLATIME_DIFFUSERS_MODEL" in maker.ability.needs and maker.ability.options
    with pytest.raises(Refusal, match="--set model=DIR"):
        film(adjusted(maker, {}), given((0,), (32, 48)))  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="There is no folder"):
        adjusted(maker, {"model": str(tmp_path / "nowhere")})
    with pytest.raises(Refusal, match="no option 'models'"):
        adjusted(maker, {"models": "x"})
    monkeypatch.setenv("SPLATIME_DIFFUSERS_MODEL", str(model("ltx")))
    assert adjusted(maker, {}).ability.title == "LTX-Video" and not adjusted(maker, {}).ability.needs


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, model: Folder) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "peft" else object())
    assert "need peft: pip install 'splatime[diffusers]'" in OpenModels().ability.needs
    with pytest.raises(Refusal, match="need peft"):
        film(open_model(model("ltx")), given((0,), (32, 48)))


@pytest.mark.parametrize("more", [{"steps": 10**6}, {"guidance": -1.0}])
def test_steps_and_guidance_have_bounds(model: Folder, more: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="at most 1000 steps"):
        film(open_model(model("ltx")), given((0,), (32, 48)), **more)
