"""Fetching: what is offered, what is taken of it, and that nothing half or foreign is kept for good."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from pipeline.generate.open_models import download
from pipeline.generate.open_models.download import Offer, Part, fetch, offer
from pipeline.generate.open_models.folder import read
from renderer.errors import Refusal
from tests.fakes.model_hub import ModelHub

PARTS = {"transformer": "diffusers", "vae": "diffusers", "text_encoder": "transformers"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelHub:
    """A repository as they are: two precisions, pickles, a single-file release, pictures."""
    home = tmp_path / "hub"
    index: dict[str, object] = {"_class_name": "LTXPipeline", "tokenizer": ["transformers", "T5TokenizerFast"],
                                "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}  # fmt: skip
    for name, library in PARTS.items():
        index[name] = [library, "Kind"]
        (home / name).mkdir(parents=True)
        (home / name / "config.json").write_text("{}")
        save_file({"x": np.ones(9, np.float32)}, home / name / "model.safetensors")
        save_file({"x": np.ones(9, np.float16)}, home / name / "model.fp16.safetensors")
    (home / "text_encoder" / "pytorch_model.bin").write_bytes(b"pickle")
    for name in ("tokenizer/spiece.model", "tokenizer/merges.txt", "scheduler/scheduler_config.json", "media/a.mp4",
                 "other/config.json", "ltx.safetensors", "README.md", "LICENSE.txt", ".gitattributes"):  # fmt: skip
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("{}")
    (home / "model_index.json").write_text(json.dumps(index))
    made = ModelHub("makers/model", home)
    monkeypatch.setattr(download, "_hub", lambda: made)
    return made


def test_an_offer_names_what_will_be_read_with_its_size_and_licence(hub: ModelHub) -> None:
    told = offer("makers/model")
    assert {part.name for part in told.parts} == {
        "model_index.json", "README.md", "LICENSE.txt", "tokenizer/spiece.model", "tokenizer/merges.txt",
        "scheduler/scheduler_config.json", *(f"{name}/config.json" for name in PARTS),
        *(f"{name}/model.safetensors" for name in PARTS),
    }  # fmt: skip
    assert told.n_bytes == sum((hub.folder / part.name).stat().st_size for part in told.parts)
    assert (
        told.words == f"makers/model (LTX-Video; licence: some-open-licence): 12 files, {told.n_bytes / 2**20:.1f} MB"
    )
    assert hub.fetched == ["model_index.json"]


def test_what_is_fetched_can_be_read_and_the_same_call_goes_on(hub: ModelHub, tmp_path: Path) -> None:
    told, out = offer("makers/model"), tmp_path / "model"
    steps = list(fetch(told, out))
    assert steps[-1][1] == told.n_bytes and len(steps) == 12
    assert read(out).family.name == "ltx"
    (out / "vae" / "model.safetensors").write_bytes(b"half")
    hub.fetched.clear()
    assert list(fetch(told, out)) == steps and hub.fetched == ["vae/model.safetensors"]


def test_a_file_that_is_not_what_was_offered_is_not_kept(hub: ModelHub, tmp_path: Path) -> None:
    hub.spoil = "vae/model.safetensors"
    with pytest.raises(Refusal, match=r"vae/model\.safetensors is not the file that was offered"):
        list(fetch(offer("makers/model"), tmp_path / "model"))
    assert not (tmp_path / "model" / hub.spoil).exists()


def test_no_network_no_room_and_no_such_model_are_said(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = offer("makers/model")
    huge = Offer("makers/model", told.revision, "X", "", (*told.parts, Part("vae/huge.safetensors", 1 << 60)))
    with pytest.raises(Refusal, match="do not fit on the disk"):
        list(fetch(huge, tmp_path / "model"))
    hub.gone = True
    with pytest.raises(Refusal, match=r"failed \(Connection lost\); the same command goes on"):
        list(fetch(told, tmp_path / "model"))
    with pytest.raises(Refusal, match="can't be looked up"):
        offer("makers/model")
    hub.gone = False
    for name, words in (("nobody/nothing", r"looked up \(404.*nothing\)"), ("../x", "no model's name"), ("a", "name")):
        with pytest.raises(Refusal, match=words):
            offer(name)
    (hub.folder / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(Refusal, match="no model that Splatime can call"):
        offer("makers/model")
