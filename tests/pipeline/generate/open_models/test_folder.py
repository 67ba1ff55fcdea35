"""A model's folder is judged before anything of it is loaded; every fault is a sentence. No library is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from pipeline.generate.open_models.folder import fingerprint, read
from renderer.errors import Refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What LTX-Video's folder looks like, with one number for weights."""
    index: dict[str, Any] = {"_class_name": "LTXPipeline", "_diffusers_version": "0.32.0"}
    for name, kind in (("transformer", "LTXVideoTransformer3DModel"), ("vae", "AutoencoderKLLTXVideo")):
        index[name] = ["diffusers", kind]
        write(tmp_path / name / "config.json", {"_class_name": kind, "num_layers": 28})
        save_file({"x": np.ones(3, np.float32)}, tmp_path / name / "diffusion_pytorch_model.safetensors")
    index |= {"text_encoder": ["transformers", "T5EncoderModel"], "tokenizer": ["transformers", "T5TokenizerFast"]}
    index["scheduler"] = ["diffusers", "FlowMatchEulerDiscreteScheduler"]
    write(tmp_path / "text_encoder" / "config.json", {})
    save_file({"x": np.ones(5, np.float32)}, tmp_path / "text_encoder" / "model.safetensors")
    write(tmp_path / "tokenizer" / "tokenizer_config.json", {})
    write(tmp_path / "scheduler" / "scheduler_config.json", {})
    write(tmp_path / "model_index.json", index)
    return tmp_path


def write(path: Path, told: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told))


def change(path: Path, **more: Any) -> None:
    write(path, {**json.loads(path.read_text()), **more})


def test_a_folder_tells_its_family_its_parts_and_its_licence(folder: Path) -> None:
    (folder / "README.md").write_text(
        "---\nlanguage: en\nlicense: other\nlicense_name: some-open-licence\n---\n# Card\n"
    )
    found = read(folder)
    assert (found.family.name, found.licence, found.variant) == ("ltx", "some-open-licence", "")
    assert set(found.weights) == {"transformer", "vae", "text_encoder"} and found.n_bytes == sum(found.weights.values())
    assert found.configs["transformer"]["num_layers"] == 28 and found.configs["scheduler"] == {}


def test_a_model_card_without_a_licence_names_none(folder: Path) -> None:
    for card in ("", "# license: mit", "---\nlicense: \n---\n", "---\nlicense: [mit, x]\n---"):
        (folder / "README.md").write_text(card)
        assert read(folder).licence == ""


def test_the_fingerprint_follows_weights_and_configurations(folder: Path) -> None:
    before = fingerprint(read(folder))
    assert fingerprint(read(folder)) == before
    save_file({"x": np.full(3, 2, np.float32)}, folder / "vae" / "diffusion_pytorch_model.safetensors")
    after = fingerprint(read(folder))
    change(folder / "transformer" / "config.json", num_layers=29)
    assert len({before, after, fingerprint(read(folder))}) == 3


def test_plain_weights_win_over_a_variant_and_a_variant_alone_is_named(folder: Path) -> None:
    save_file({"x": np.ones(3, np.float16)}, folder / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    assert read(folder).variant == ""
    for file in folder.glob("*/*.safetensors"):
        if ".fp16" not in file.name:
            file.rename(file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    assert read(folder).variant == "fp16"


def index_of(**more: Any) -> Callable[[Path], None]:
    return lambda folder: change(folder / "model_index.json", **more)


def _shard(name: str) -> Callable[[Path], None]:
    return lambda folder: write(folder / "vae" / "model.safetensors.index.json", {"weight_map": {"x": name}})


def _pickle(folder: Path) -> None:
    file = next((folder / "vae").glob("*.safetensors"))
    file.rename(file.with_suffix(".bin"))


FAULTS: tuple[tuple[Callable[[Path], object], str], ...] = (
    (lambda folder: (folder / "model_index.json").unlink(), "has no model_index.json"),
    (lambda folder: (folder / "model_index.json").write_text("{"), "can't be read"),
    (lambda folder: (folder / "model_index.json").write_text("[1]"), "holds no object"),
    (lambda folder: (folder / "model_index.json").write_text("[" * 99_999), "can't be read"),
    (index_of(_class_name="FluxPipeline"), "kind FluxPipeline, which Splatime cannot call"),
    (index_of(_class_name=["pipeline", "Mine"]), "cannot call"),
    (index_of(vae=["diffusers"]), "part 'vae' of 'None'"),
    (index_of(vae=["os", "system"]), "part 'vae' of 'os'"),
    (index_of(**{"../outside": ["diffusers", "AutoencoderKL"]}), r"part '../outside'"),
    (index_of(vae=["diffusers", "a b"]), "no class for its part vae"),
    (index_of(vae=["diffusers", 3]), "no class for its part vae"),
    (index_of(transformer=[None, None]), "incomplete: transformer is missing"),
    (lambda folder: shutil.rmtree(folder / "tokenizer"), "incomplete: tokenizer is missing"),
    (lambda folder: change(folder / "transformer" / "config.json", auto_map={"AutoModel": "x.Y"}), "code of its own"),
    (lambda folder: change(folder / "tokenizer" / "tokenizer_config.json", auto_map={}), "code of its own"),
    (lambda folder: change(folder / "text_encoder" / "config.json", text={"num_layers": 10**6}), "asks for 1000000"),
    (_pickle, "only pickled weights"),
    (lambda folder: next((folder / "vae").glob("*.safetensors")).unlink(), "no weights"),
    (_shard("../../else.safetensors"), "outside its folder"),
    (_shard("model.bin"), "outside its folder"),
    (_shard("model-00001-of-00002.safetensors"), "are missing"),
)  # fmt: skip


@pytest.mark.parametrize(("harm", "words"), FAULTS)
def test_what_is_wrong_with_a_folder_is_said(folder: Path, harm: Callable[[Path], object], words: str) -> None:
    read(folder)
    harm(folder)
    with pytest.raises(Refusal, match=words):
        read(folder)


def test_a_folder_that_is_not_there_and_a_single_file(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="There is no folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "ltx.safetensors").write_bytes(b"")
    with pytest.raises(Refusal, match="take the model's diffusers release"):
        read(tmp_path)


def test_stable_diffusion_needs_animatediffs_parts_beside_it(folder: Path) -> None:
    write(folder / "unet" / "config.json", {})
    save_file({"x": np.ones(3, np.float32)}, folder / "unet" / "diffusion_pytorch_model.safetensors")
    change(
        folder / "model_index.json", _class_name="StableDiffusionPipeline", unet=["diffusers", "UNet2DConditionModel"],
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
    )  # fmt: skip
    with pytest.raises(Refusal, match="motion_adapter, controlnet is missing; lay AnimateDiff's"):
        read(folder)
