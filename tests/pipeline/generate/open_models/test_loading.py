"""Loading: from folders to pipelines, with LoRAs, offloading, and files that do not belong together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pipeline.generate.open_models.families import OPTIONS
from pipeline.generate.open_models.folder import read
from pipeline.generate.open_models.loading import Setup, automatic, load, setup_of
from pipeline.generate.options import checked
from renderer.errors import Refusal

Folder = Callable[[str], Path]
CPU = Setup("cpu", "float32", "none")
GB = 1 << 30


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ltx", "LTXConditionPipeline"), ("ltx2", "LTX2ConditionPipeline"), ("vace", "WanVACEPipeline"),
     ("wan-image", "WanImageToVideoPipeline"), ("wan-first-last", "WanImageToVideoPipeline"),
     ("cogvideox", "CogVideoXImageToVideoPipeline"), ("sparse", "AnimateDiffSparseControlNetPipeline"),
     ("sparse-in-parts", "AnimateDiffSparseControlNetPipeline")],
)  # fmt: skip
def test_every_family_is_loaded_from_its_folder(model: Folder, name: str, kind: str) -> None:
    pipeline = load(read(model(name)), CPU)
    assert type(pipeline).__name__ == kind
    modules = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    assert modules and not any(value.is_meta for part in modules for value in part.parameters())


def test_precision_is_of_all_parts_but_those_that_half_of_it_spoils(model: Folder) -> None:
    pipeline = load(read(model("vace")), Setup("cpu", "bfloat16", "none"))
    assert (pipeline.transformer.dtype, pipeline.vae.dtype) == (torch.bfloat16, torch.float32)


def test_a_variant_is_loaded(own: Folder) -> None:
    folder = own("ltx")
    for file in folder.glob("*/*.safetensors"):
        file.rename(file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    assert load(read(folder), CPU).transformer.dtype == torch.float32


def test_a_scheduler_that_asks_for_a_shift_is_told_none(own: Folder) -> None:
    folder = own("ltx")
    edit(folder / "scheduler" / "scheduler_config.json", use_dynamic_shifting=True, shift=3.0, shift_terminal=0.1)
    config = load(read(folder), CPU).scheduler.config
    assert (config.use_dynamic_shifting, config.shift, config.shift_terminal) == (False, 1.0, None)


def test_motion_in_stable_diffusions_folder_is_sampled_on_its_own_schedule(own: Folder) -> None:
    folder = own("sparse-in-parts")
    edit(folder / "scheduler" / "scheduler_config.json", _class_name="PNDMScheduler", beta_schedule="scaled_linear")
    edit(folder / "model_index.json", scheduler=["diffusers", "PNDMScheduler"],
         safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"])  # fmt: skip
    scheduler = load(read(folder), CPU).scheduler
    assert type(scheduler).__name__ == "DDIMScheduler" and scheduler.config.beta_schedule == "linear"


def test_texts_are_read_by_a_sentencepiece_model_alone(own: Folder, tmp_path: Path) -> None:
    pieces = pytest.importorskip("sentencepiece", reason="the extra diffusers is not installed")
    folder = own("cogvideox")
    for file in (folder / "tokenizer").iterdir():
        file.unlink()
    pieces.SentencePieceTrainer.train(
        sentence_iterator=iter(["a fox runs through the snow"] * 50), model_prefix=str(tmp_path / "spiece"),
        vocab_size=32, hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    (tmp_path / "spiece.model").rename(folder / "tokenizer" / "spiece.model")
    (folder / "tokenizer" / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": 16}'
    )
    edit(folder / "model_index.json", tokenizer=["transformers", "T5Tokenizer"])
    words = load(read(folder), CPU).tokenizer("a fox runs", padding="max_length", max_length=16).input_ids
    assert len(words) == 16 and 1 in words and 2 not in words


def test_pictures_are_prepared_without_torchvision(own: Folder) -> None:
    folder = own("wan-first-last")
    edit(folder / "model_index.json", image_processor=["transformers", "CLIPImageProcessor"])
    assert "CLIPImageProcessor" in type(load(read(folder), CPU).image_processor).__name__


def test_what_rewrites_prompts_is_not_loaded(own: Folder) -> None:
    folder = own("ltx2")
    edit(folder / "model_index.json", prompt_enhancer=["transformers", "Nothing"], processor=["transformers", "None"])
    pipeline = load(read(folder), CPU)
    assert pipeline.prompt_enhancer is None and pipeline.processor is None


def edit(path: Path, **more: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def _cut(folder: Path) -> None:
    file = next((folder / "transformer").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: edit(folder / "transformer" / "config.json", num_layers=3), "transformer.* are not complete"),
        (lambda folder: edit(folder / "transformer" / "config.json", attention_head_dim=64), "expected shape"),
        (lambda folder: edit(folder / "text_encoder" / "config.json", num_layers=9), "text_encoder.* are not complete"),
        (lambda folder: edit(folder / "text_encoder" / "config.json", model_type="nothing"), "can't be loaded"),
        (lambda folder: edit(folder / "model_index.json", vae=["diffusers", "Nothing"]), "can't be loaded"),
        (lambda folder: (folder / "tokenizer" / "tokenizer.json").write_text("{}"), "can't be loaded"),
        (_cut, "can't be loaded"),
    ],
)
def test_files_that_do_not_belong_together_are_said(own: Folder, harm: Callable[[Path], object], words: str) -> None:
    folder = own("ltx")
    harm(folder)
    with pytest.raises(Refusal, match=words):
        load(read(folder), CPU)


@pytest.mark.parametrize("offload", ["model", "sequential"])
def test_parts_wait_where_they_are_told_to(model: Folder, offload: str) -> None:
    pipeline = load(read(model("ltx")), Setup("cpu", "float32", offload))
    assert hasattr(pipeline.transformer, "_hf_hook") and pipeline.vae.use_tiling


def test_where_parts_wait_follows_the_memory_of_the_gpu() -> None:
    assert automatic(10 * GB, 6 * GB, 24 * GB) == "none"
    assert automatic(30 * GB, 12 * GB, 24 * GB) == "model"
    assert automatic(30 * GB, 28 * GB, 24 * GB) == "sequential"


def test_without_a_gpu_all_is_in_memory_and_in_float32(model: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    given = checked("x", OPTIONS, {"offload": "sequential"})
    assert setup_of(read(model("ltx")), given) == CPU
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}[name])
    with pytest.raises(Refusal, match="needs 0 GB of memory and this machine has 0"):
        setup_of(read(model("ltx")), given)


def test_room_is_asked_for_as_many_numbers_as_are_loaded(model: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = sum(part.numel() for file in model("ltx").glob("*/*.safetensors") for part in load_file(file).values())
    given = {precision: checked("x", OPTIONS, {"precision": precision}) for precision in ("float32", "float16")}
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 2 * numbers, "SC_PAGE_SIZE": 1}[name])
    assert setup_of(read(model("ltx")), given["float16"]).precision == "float16"
    with pytest.raises(Refusal, match="a precision of 16 bits"):
        setup_of(read(model("ltx")), given["float32"])


def test_want_of_memory_on_the_way_to_the_gpu_is_said(model: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr("pipeline.generate.open_models.loading._place", full)
    with pytest.raises(Refusal, match="ran out of memory"):
        load(read(model("ltx")), CPU)


def test_weights_that_were_cut_off_are_said_before_they_are_loaded(own: Folder) -> None:
    folder = own("ltx")
    _cut(folder)
    with pytest.raises(Refusal, match="may have been cut off"):
        setup_of(read(folder), checked("x", OPTIONS, {}))


LAYERS = {
    "ltx": ("transformer", "transformer_blocks.0.attn1.to_q", (16, 16)),
    "ltx2": ("transformer", "transformer_blocks.0.attn1.to_q", (16, 16)),
    "vace": ("transformer", "blocks.0.attn1.to_q", (24, 24)),
    "cogvideox": ("transformer", "transformer_blocks.0.attn1.to_q", (32, 32)),
    "sparse": ("unet", "down_blocks.0.motion_modules.0.transformer_blocks.0.attn1.to_q", (8, 8)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_lora_is_laid_over_its_layer_with_its_strength(model: Folder, name: str, tmp_path: Path) -> None:
    from tests.fakes.open_models import lora

    part, layer, size = LAYERS[name]
    file = lora(tmp_path / "orbit.safetensors", part, layer, size)
    plain, worn = (load(read(model(name)), Setup("cpu", "float32", "none", path, 0.25)) for path in ("", str(file)))
    x = torch.randn(1, 5, size[1])
    before, after = (getattr(pipeline, part).get_submodule(layer)(x) for pipeline in (plain, worn))
    tensors = load_file(file)
    down, up = (tensors[f"{part}.{layer}.lora_{side}.weight"] for side in "AB")
    assert torch.allclose(after, before + 0.25 * x @ down.T @ up.T, atol=1e-5)


def test_a_file_that_is_no_lora_of_this_model_is_said(model: Folder, tmp_path: Path) -> None:
    from tests.fakes.open_models import lora

    (tmp_path / "junk.safetensors").write_bytes(b"x" * 100)
    files = {
        "orbit.pt": "no .safetensors file",
        "nowhere.safetensors": "There is no LoRA",
        "junk.safetensors": "does not fit",
        lora(
            tmp_path / "size.safetensors", "transformer", "transformer_blocks.0.attn1.to_q", (7, 7)
        ).name: "does not fit",
        lora(tmp_path / "layer.safetensors", "transformer", "blocks.9.q", (7, 7)).name: "does not fit",
        lora(tmp_path / "part.safetensors", "unet", "down.0", (7, 7)).name: "none of its layers",
    }
    for name, words in files.items():
        with pytest.raises(Refusal, match=words):
            load(read(model("ltx")), Setup("cpu", "float32", "none", str(tmp_path / name)))
