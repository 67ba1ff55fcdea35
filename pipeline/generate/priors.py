"""Which video priors there are for score distillation, by name, and where their weights lie. No torch until one loads.

A prior is `SHIPPED`, a folder with weights of the same kind, or the name that another package gives one by the entry
point group `splatime.priors` (name = "module:callable", called with the device's name).
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pipeline.generate.provider import VideoPrior, VideoRefiner, VideoUpsampler
from renderer.errors import Refusal

AUTO, NONE, SHIPPED = "auto", "none", "pixel"
GROUP = "splatime.priors"
SHIPPED_FOLDER = Path(__file__).resolve().parents[2] / "resources" / "prior"
_PIXEL = "pipeline.generate.pixel_diffusion.provider"  # by name, as in `registry`: the window may ask what is at hand
_UPSAMPLER = "pipeline.generate.pixel_diffusion.upsampler"
_WEIGHTS, _LARGE_WEIGHTS = ("base.safetensors", "base.json"), ("upsampler.safetensors", "upsampler.json")


def is_folder(name: str) -> bool:
    """Whether a prior is named by its place: a path, as opposed to a word."""
    return name not in (AUTO, NONE, SHIPPED) and (Path(name).name != name or Path(name).is_dir())


def at_hand(name: str) -> bool:
    """Whether there is something to load under this name; nothing is read."""
    if name == SHIPPED or is_folder(name):
        return all((_folder(name) / part).is_file() for part in _WEIGHTS)
    return name in _others()


def load_prior(name: str, device: str) -> VideoPrior | VideoRefiner:
    """The prior of this name on "cpu" or "cuda". Raises `Refusal` when it is not there or its weights are not good."""
    if not at_hand(name):
        raise Refusal(f"{_missing(name)}; name another one with --prior, or go without: --prior none.")
    named = name == SHIPPED or is_folder(name)
    make = import_module(_PIXEL).load_prior if named else _others()[name].load()
    made: Any = make(_folder(name), device) if named else make(device)
    if not isinstance(made, VideoRefiner) and not hasattr(made, "denoise"):
        raise Refusal(f"The prior {name} is no model that score distillation can ask; choose another one with --prior.")
    return made  # type: ignore[no-any-return]


def upsampler_at_hand(name: str) -> bool:
    """Whether the second stage's weights are there: `SHIPPED` or a folder; nothing is read."""
    return (name == SHIPPED or is_folder(name)) and all((_folder(name) / part).is_file() for part in _LARGE_WEIGHTS)


def load_upsampler(name: str, device: str) -> VideoUpsampler:
    """The second stage of a prior. Raises `Refusal` when it is not there or its weights are not good."""
    if not upsampler_at_hand(name):
        where = "the shipped model" if name == SHIPPED else name
        raise Refusal(f"There are no upsampler's weights in {where}; name another --upsampler, or leave it out.")
    made: VideoUpsampler = import_module(_UPSAMPLER).load_upsampler(_folder(name), device)
    return made


def _missing(name: str) -> str:
    if name == SHIPPED:
        return "The pixel prior's weights are not here"
    if is_folder(name):
        return f"There are no weights of a video prior in {name} (it needs {' and '.join(_WEIGHTS)})"
    return f"There is no video prior {name!r}"


def _folder(name: str) -> Path:
    return SHIPPED_FOLDER if name == SHIPPED else Path(name)


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
