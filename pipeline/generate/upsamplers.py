"""Which upsamplers there are for re-upsampling, by name. No torch until one loads.

An upsampler is the shipped pixel model's second stage (`SHIPPED`) or a folder with weights of the same kind.
"""

from __future__ import annotations

from importlib import import_module

from pipeline.generate.pixel_diffusion import description
from pipeline.generate.priors import SHIPPED, folder_of, is_folder
from pipeline.generate.provider import VideoUpsampler
from renderer.errors import Refusal

_PIXEL = "pipeline.generate.pixel_diffusion.upsampler"  # by name, as in `priors`: the window may ask what is at hand
_WEIGHTS = "upsampler.safetensors", "upsampler.json"


def at_hand(name: str) -> bool:
    """Whether there is something to load under this name; nothing is read."""
    return (name == SHIPPED or is_folder(name)) and all((folder_of(name) / part).is_file() for part in _WEIGHTS)


def load_upsampler(name: str, device: str) -> VideoUpsampler:
    """The upsampler of this name. Raises `Refusal` when it is not there or its weights are not good."""
    if not at_hand(name):
        raise Refusal(_missing(name))
    made: VideoUpsampler = import_module(_PIXEL).load_upsampler(folder_of(name), device)
    return made


def content_of(name: str) -> str:
    """Says what would load under this name, as `priors.content_of` does."""
    if not at_hand(name):
        raise Refusal(_missing(name))
    return description.content_of(folder_of(name), "upsampler")


def _missing(name: str) -> str:
    where = "the shipped model" if name == SHIPPED else name
    return f"There are no upsampler's weights in {where}; name another --upsampler, or leave it out."
