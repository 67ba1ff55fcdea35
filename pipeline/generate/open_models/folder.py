"""A model's folder in the layout of the diffusers library: read and judged before anything in it is loaded.

A folder may come from anywhere. Nothing in it is believed: files are bounded, parts have names of their own and come
from two libraries, weights are safetensors, and whatever would run code of the folder is refused. No torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.generate.open_models.families import Family, family_of
from renderer.errors import Refusal

INDEX = "model_index.json"
LIBRARIES = ("diffusers", "transformers")
_LARGEST = 64 << 20
"""A tokenizer's vocabulary is the largest JSON file; Gemma's has 33 MB."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SAMPLE = 1 << 20
_MOST_LAYERS = 512
_UNUSED = ("_class_name", "safety_checker", "processor", "prompt_enhancer", "duration_head")
"""Entries that no call here needs: Stable Diffusion's checker, what LTX-2 rewrites prompts and guesses lengths with."""
_WITH_MOTION = ["diffusers", "UNetMotionModel"]
_WITHOUT_WEIGHTS = ("tokenizer", "scheduler", "processor", "extractor")


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """A folder that can be loaded.

    Attributes:
        path: the folder; family: which way it is called.
        configs: of each part, and of the index as "".
        weights: bytes on disk of each part that has any.
        variant: of the files' names, such as "fp16"; empty: none.
        licence: that the model card names; empty when it names none.
    """

    path: Path
    family: Family
    configs: Mapping[str, Mapping[str, Any]]
    weights: Mapping[str, int]
    variant: str
    licence: str

    @property
    def n_bytes(self) -> int:
        """Of all weights on disk."""
        return sum(self.weights.values())


def read(path: Path) -> ModelFolder:
    """Judge the folder; raises `Refusal` when it is no model, is incomplete, or asks for what is not done here."""
    if not path.is_dir():
        raise Refusal(f"There is no folder {path}; name the folder of a video model that lies on this machine.")
    if not (path / INDEX).is_file():
        single = any(path.glob("*.safetensors"))
        more = " (a single .safetensors file is another layout: take the model's diffusers release)" if single else ""
        raise Refusal(f"{path} holds no model in the layout of diffusers: it has no {INDEX}{more}.")
    index = _json(path / INDEX)
    family = family_of(str(index.get("_class_name")))
    if family is None:
        raise Refusal(
            f"{path} holds a model of the kind {str(index.get('_class_name'))[:60]}, which Splatime cannot call; it "
            "calls LTX-Video, LTX-2, Wan VACE, Wan image-to-video, CogVideoX image-to-video and AnimateDiff SparseCtrl."
        )
    parts = _parts(path, index, family)
    configs: dict[str, Mapping[str, Any]] = {"": index}
    weights: dict[str, int] = {}
    variants = set()
    for name in parts:
        folder = path / name
        configs[name] = _config(folder)
        if not any(word in name for word in _WITHOUT_WEIGHTS):
            files = weights_of(folder)
            weights[name] = sum(file.stat().st_size for file in files)
            variants.add(variant_of(files[0].name))
    return ModelFolder(path, family, configs, weights, variants.pop() if len(variants) == 1 else "", _licence(path))


def fingerprint(model: ModelFolder) -> str:
    """A digest of its configuration files and of a sample of every weights file: their first and their middle MiB.

    Hashing all of it would take a minute for the large models; two releases of one never agree in these samples.
    """
    whole = hashlib.sha256(json.dumps(dict(model.configs), sort_keys=True, default=str).encode())
    for name in sorted(model.weights):
        for file in weights_of(model.path / name):
            size = file.stat().st_size
            whole.update(f"{name}/{file.name}:{size}".encode())
            with file.open("rb") as data:
                whole.update(data.read(_SAMPLE))
                data.seek(size // 2)
                whole.update(data.read(_SAMPLE))
    return whole.hexdigest()


def _parts(path: Path, index: Mapping[str, Any], family: Family) -> list[str]:
    """Names of the parts that the family loads; each lies in a folder of its own."""
    entries = {name: entry for name, entry in index.items() if isinstance(entry, list) and name not in _UNUSED}
    named = [name for name, entry in entries.items() if entry != [None, None]]
    for name in named:
        _check_part(path, name, entries[name], family)
    wanted = [name for name in family.needs if name != "motion_adapter" or entries.get("unet") != _WITH_MOTION]
    beside = [name for name in wanted if name not in entries]  # AnimateDiff's, which no index names
    missing = [name for name in wanted if name not in (*named, *beside) or not (path / name).is_dir()]
    if missing:
        hint = ""
        if "motion_adapter" in missing or "controlnet" in missing:
            hint = "; lay AnimateDiff's motion adapter and its SparseCtrl into folders of these names"
        raise Refusal(f"The {family.title} model in {path} is incomplete: {', '.join(missing)} is missing{hint}.")
    return [name for name in (*named, *beside) if (path / name).is_dir()]


def _check_part(path: Path, name: str, entry: list[Any], family: Family) -> None:
    library, kind = entry if len(entry) == 2 else (None, None)
    if not name.isidentifier() or library not in (*LIBRARIES, *filter(None, (family.library,))):
        raise Refusal(
            f"{path} asks for the part {name[:60]!r} of {str(library)[:60]!r}; only parts of diffusers and "
            "transformers are loaded, so take the model's own release."
        )
    if not (isinstance(kind, str) and kind.isidentifier()):
        raise Refusal(f"{path} names no class for its part {name}; take the model's own release.")


def _config(folder: Path) -> Mapping[str, Any]:
    """The part's config.json, empty where it has none. Refuses what would run code that lies in the folder."""
    config: Mapping[str, Any] = {}
    for file in sorted(folder.glob("*.json")):
        told = _json(file)
        _check_depth(file, told)
        if "auto_map" in told:
            raise Refusal(f"{file} wants to run code of its own, which is never done; take the model's own release.")
        if file.name == "config.json":
            config = told
        if file.name.endswith(".safetensors.index.json"):
            _check_shards(file, told)
    return config


def _check_depth(file: Path, told: Mapping[str, Any]) -> None:
    """A network of endless layers would take minutes only to be described."""
    for key, value in told.items():
        if isinstance(value, dict):
            _check_depth(file, value)
        elif "layers" in key and isinstance(value, int) and value > _MOST_LAYERS:
            raise Refusal(f"{file} asks for {value} {key}; take the model's own release.")


def _check_shards(file: Path, told: Mapping[str, Any]) -> None:
    named = told.get("weight_map")
    shards = set(named.values()) if isinstance(named, dict) else {None}
    for shard in shards:
        if not isinstance(shard, str) or Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise Refusal(f"{file} names weights outside its folder; take the model's own release.")
        if not (file.parent / shard).is_file():
            raise Refusal(f"The weights {file.parent / shard} are missing; the download may have been cut off.")


def weights_of(folder: Path) -> list[Path]:
    """The part's safetensors: plain ones if there are any, else those of one variant."""
    files = sorted(file for file in folder.glob("*.safetensors") if file.is_file())
    if not files:
        pickled = any(file.suffix in _PICKLES for file in folder.iterdir())
        why = "only pickled weights, which are never opened; take its safetensors" if pickled else "no weights"
        raise Refusal(f"{folder} holds {why}.")
    variants = {variant_of(file.name) for file in files}
    chosen = "" if "" in variants else sorted(variants)[0]
    return [file for file in files if variant_of(file.name) == chosen]


def variant_of(name: str) -> str:
    """ "fp16" of `model.fp16.safetensors` and `model.fp16-00001-of-00002.safetensors`."""
    found = re.fullmatch(r"[^.]+\.([A-Za-z0-9_]+?)(-\d+-of-\d+)?\.safetensors", name)
    return found[1] if found else ""


def _licence(path: Path) -> str:
    """The licence that the head of the model card names."""
    card = path / "README.md"
    if not card.is_file():
        return ""
    with card.open(encoding="utf-8", errors="replace") as file:
        head = file.read(20_000)
    block = re.match(r"---\n(.*?)\n---", head, re.DOTALL)
    told = dict(
        re.findall(r"^(license|license_name): *[\"']?([\w .+-]{2,60}?)[\"']? *$", block[1] if block else "", re.M)
    )
    return str(told.get("license_name") or told.get("license") or "")


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is too long")
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as fault:
        raise Refusal(f"{path} can't be read ({fault}); take the model's own release.") from fault
    if not isinstance(told, dict):
        raise Refusal(f"{path} can't be read (it holds no object); take the model's own release.")
    return told
