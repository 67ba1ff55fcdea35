"""Which video priors there are for score distillation, by name, and where their weights lie. No torch until one loads.

A prior is `SHIPPED`, a folder with weights of the same kind or with an open video model, the address of a latent model
that another process serves (`served`), or the name that another package gives one by the entry point group
`splatime.priors` (name = "module:callable", called with the device's name).
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pipeline.generate import served
from pipeline.generate.open_models import folder as open_folder
from pipeline.generate.pixel_diffusion import description
from pipeline.generate.provider import VideoPrior, VideoRefiner
from renderer.errors import Refusal

AUTO, NONE, SHIPPED = "auto", "none", "pixel"
GROUP = "splatime.priors"
SHIPPED_FOLDER = Path(__file__).resolve().parents[2] / "resources" / "prior"
_PIXEL = "pipeline.generate.pixel_diffusion.provider"  # by name, as in `registry`: the window may ask what is at hand
_OPEN_MODELS = "pipeline.generate.open_models.refiner"
_SERVED = "pipeline.generate.served_refiner"
_WEIGHTS = "base.safetensors", "base.json"


def is_folder(name: str) -> bool:
    """Whether a prior is named by its place: a path, as opposed to a word."""
    word = name in (AUTO, NONE, SHIPPED) or served.is_address(name)
    return not word and (Path(name).name != name or Path(name).is_dir())


def placed(name: str) -> str:
    """The name by which a model is known elsewhere too: a place as its full path, an address with what is served there.

    Raises `Refusal` when nobody answers at an address.
    """
    if served.is_address(name):
        return served.asked(name)
    return str(Path(name).resolve()) if is_folder(name) or name.endswith(".param") else name


def at_hand(name: str) -> bool:
    """Whether there is something to load under this name; nothing is read, and nobody at an address is asked."""
    if served.is_address(name):
        return True
    if name == SHIPPED or is_folder(name):
        return _is_open(name) or all((folder_of(name) / part).is_file() for part in _WEIGHTS)
    return name in _others()


def names() -> tuple[str, ...]:
    """The names that other packages give priors; what is installed is looked through, no model is loaded."""
    return tuple(sorted(_others()))


def load_prior(name: str, device: str) -> VideoPrior | VideoRefiner:
    """The prior of this name on "cpu" or "cuda". Raises `Refusal` when it is not there or its weights are not good."""
    if not at_hand(name):
        raise Refusal(_refused(name))
    if served.is_address(name):
        refiner: VideoRefiner = import_module(_SERVED).ServedRefiner(name)
        return refiner
    named = name == SHIPPED or is_folder(name)
    ours = _OPEN_MODELS if named and _is_open(name) else _PIXEL
    make = import_module(ours).load_prior if named else _others()[name].load()
    made: Any = make(folder_of(name), device) if named else make(device)
    if not isinstance(made, VideoRefiner) and not hasattr(made, "denoise"):
        raise Refusal(f"The prior {name} is no model that score distillation can ask; choose another one with --prior.")
    return made  # type: ignore[no-any-return]


def content_of(name: str) -> str:
    """Says what would load under this name, so that a lift is known by its prior and not by where the prior lies.

    Of weights the digest that they were written with, of an open model its fingerprint, of another package its version;
    only samples of weights are read. What is served is known by what `placed` found there. Raises `Refusal` where there
    is nothing.
    """
    if served.is_address(name):
        return served.content_in(name)
    if not at_hand(name):
        raise Refusal(_refused(name))
    if _is_open(name):
        return open_folder.fingerprint(open_folder.read(folder_of(name)))
    if name == SHIPPED or is_folder(name):
        return description.content_of(folder_of(name), "base")
    package = _others()[name].dist
    return name if package is None else f"{name} {package.name} {package.version}"


def folder_of(name: str) -> Path:
    """Where weights of the pixel model lie that are named so."""
    return SHIPPED_FOLDER if name == SHIPPED else Path(name)


def _is_open(name: str) -> bool:
    """Whether a folder holds a model in the layout of diffusers."""
    return is_folder(name) and (folder_of(name) / open_folder.INDEX).is_file()


def _refused(name: str) -> str:
    return f"{_missing(name)}; name another one with --prior, or go without: --prior none."


def _missing(name: str) -> str:
    if name == SHIPPED:
        return "The pixel prior's weights are not here"
    if is_folder(name):
        needs = f"{' and '.join(_WEIGHTS)}, or {open_folder.INDEX}"
        return f"There are no weights of a video prior in {name} (it needs {needs})"
    return f"There is no video prior {name!r}"


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
