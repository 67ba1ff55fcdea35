"""Which providers there are: a table, read when one is asked for. Nothing registers itself, nothing is held.

A module named here imports neither torch nor a model when it is imported, because the window asks what providers can
do; what they need comes in when they generate. Other packages add providers by the entry point group
`splatime.providers` (name = "module:callable"); a name of ours wins over theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pipeline.generate.provider import Adjustable, VideoProvider
from renderer.errors import Refusal

GROUP = "splatime.providers"


@dataclass(frozen=True)
class Row:
    """A provider by name; `maker` is "module:callable", which returns a `VideoProvider` when it is called.

    `extra` names the optional dependency that it needs, for the sentence that says so.
    """

    name: str
    maker: str
    extra: str = ""


PROVIDERS: tuple[Row, ...] = (
    Row("procedural", "pipeline.generate.procedural_provider:ProceduralProvider"),
    Row("pixel", "pipeline.generate.pixel_diffusion.provider:PixelProvider", extra="text"),
    Row("comfyui", "pipeline.generate.comfyui.provider:ComfyProvider"),
    Row("diffusers", "pipeline.generate.open_models.provider:OpenModels", extra="diffusers"),
)


def rows() -> tuple[Row, ...]:
    """Ours, then those of other packages by name."""
    ours = {row.name for row in PROVIDERS}
    return (*PROVIDERS, *(row for row in _of_other_packages(tuple(sys.path)) if row.name not in ours))


@cache
def _of_other_packages(path: tuple[str, ...]) -> tuple[Row, ...]:  # noqa: ARG001 (what is found depends on sys.path)
    """By name. Kept, because looking through all that is installed takes many milliseconds and a window asks often."""
    found = {point.name: Row(point.name, point.value) for point in entry_points(group=GROUP)}
    return tuple(found[name] for name in sorted(found))


def find(name: str, table: Sequence[Row] | None = None) -> VideoProvider:
    """The provider `name` of the table, all of them by default.

    Raises `Refusal` when there is none, or when a package that it needs is not installed.
    """
    known = rows() if table is None else table
    row = next((row for row in known if row.name == name), None)
    if row is None:
        names = ", ".join(row.name for row in known) or "none is installed"
        raise Refusal(f"There is no provider {name!r}; choose one of these: {names}.")
    module, _, maker = row.maker.partition(":")
    try:
        made: VideoProvider = getattr(import_module(module), maker)()
    except ImportError as fault:
        hint = f" install it with pip install 'splatime[{row.extra}]'" if row.extra else " install it"
        missing = f"{fault.name or module} is not here ({fault})"
        raise Refusal(f"The provider {name} cannot be used because {missing};{hint}.") from fault
    return made


def adjusted(provider: VideoProvider, options: Mapping[str, Any]) -> VideoProvider:
    """The provider as the options of a request make it; raises `Refusal` when they name nothing that it can use."""
    return provider.adjusted(options) if isinstance(provider, Adjustable) else provider
