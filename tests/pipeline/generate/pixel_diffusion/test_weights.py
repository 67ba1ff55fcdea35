from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from pipeline.generate.pixel_diffusion.config import StageConfig
from pipeline.generate.pixel_diffusion.description import content_of, describe
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.weights import export
from pipeline.generate.pixel_diffusion.weights import load as load_weights
from renderer.errors import Refusal
from tests.pipeline.generate.pixel_diffusion.test_network import awake, conditions

TOY = preset("toy", "base")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export(awake(TOY), tmp_path, {"steps": 3})
    return tmp_path


def test_weights_come_back_as_they_were_in_half_precision(folder: Path) -> None:
    model, told = load_weights(folder, "base")
    noisy, sigma, seen = torch.randn(2, 3, 4, 12, 16), torch.tensor([0.5, 2.0]), conditions(TOY.network)
    before = awake(TOY)
    assert all(
        torch.equal(value, before.state_dict()[name].half().float()) for name, value in model.state_dict().items()
    )
    assert torch.allclose(model(noisy, sigma, seen), before(noisy, sigma, seen), atol=0.02)
    assert (told["steps"], told["licence"]) == (3, "Apache-2.0")
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_weights_that_are_not_there_are_missed_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="train-prior --stage upsampler"):
        load_weights(tmp_path, "upsampler")


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], None], *, sign: bool = True) -> None:
    path = folder / "base.safetensors"
    tensors = load(path.read_bytes())
    change(tensors)
    data = save(tensors)
    path.write_bytes(data)
    if sign:
        told = json.loads((folder / "base.json").read_text())
        told["digest"] = hashlib.sha256(data).hexdigest()
        (folder / "base.json").write_text(json.dumps(told))


def first(tensors: dict[str, torch.Tensor]) -> str:
    return next(iter(tensors))


def test_changed_weights_are_noticed(folder: Path) -> None:
    rewrite(folder, lambda t: t.update({first(t): t[first(t)] * 2}), sign=False)
    with pytest.raises(Refusal, match="digest"):
        load_weights(folder, "base")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.update({"other": t.pop(first(t))}), "another network"),
        (lambda t: t.update({first(t): t[first(t)][None].contiguous()}), "another shape"),
        (lambda t: t.update({first(t): t[first(t)].view(torch.int16)}), "another shape or type"),
        (lambda t: t[first(t)].fill_(float("inf")), "not finite"),
        (lambda t: t.update({"more": torch.zeros(1 << 22)}), "not as large"),
    ],
)
def test_hostile_weights_are_refused_although_they_are_signed(folder: Path, change: Any, sentence: str) -> None:
    rewrite(folder, change)
    with pytest.raises(Refusal, match=sentence):
        load_weights(folder, "base")


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"channels": 10**9}},
        {"network": {"blocks": 10_000}},
        {"network": {"channels": 16384, "latent_channels": 16384, "blocks": 64}},
        {"network": {"size": [12.5, 16]}},
        {"network": {"patch": [0, 4, 4]}},
        {"network": {"head": True}},
        {"noise": {"sigma_in": float("nan")}},
        {"noise": {"weighting": "other"}},
        {"train": {"batch": "8"}},
        {"stage": "upsampler"},
        {"unheard": 1},
    ],
)
def test_a_description_of_what_can_not_be_is_refused_before_anything_is_built(change: dict[str, Any]) -> None:
    told = TOY.to_json()
    for name, value in change.items():
        told[name] = {**told[name], **value} if isinstance(value, dict) else value
    with pytest.raises(Refusal, match="can't be built"):
        StageConfig.from_json(told)


@pytest.mark.parametrize("text", [b"[]", b"{", b"[" * 100_000, b" " * (1 << 21), b"\xff\xfe", b'{"format": 2}'])
def test_descriptions_that_are_none_are_refused(folder: Path, text: bytes) -> None:
    (folder / "base.json").write_bytes(text)
    with pytest.raises(Refusal, match="can't be read"):
        describe(folder, "base")


def test_the_content_of_weights_is_named_without_reading_them(folder: Path, tmp_path: Path) -> None:
    before = content_of(folder, "base")
    export(awake(TOY), tmp_path / "copy", {"steps": 9})  # the same numbers, however long it took
    assert content_of(tmp_path / "copy", "base") == before
    (tmp_path / "copy" / "base.safetensors").unlink()
    assert content_of(tmp_path / "copy", "base") == before
    told = json.loads((folder / "base.json").read_text())
    told["config"]["noise"]["sigma_in"] *= 2
    (folder / "base.json").write_text(json.dumps(told))
    assert content_of(folder, "base") != before
    other = awake(TOY)
    with torch.no_grad():
        next(other.parameters()).add_(1.0)
    export(other, tmp_path / "other", {})
    assert content_of(tmp_path / "other", "base") != before
