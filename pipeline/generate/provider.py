"""What makes videos, behind one protocol: any video model can serve (section 3.2, Appendix A).

A `VideoProvider` turns a `VideoRequest` and the pixels of its known frames into frames, saying where it is; a
`VideoPrior` is the part of a diffusion model that score distillation needs (section 3.3). Both are only descriptions:
no model is imported here, and torch is not loaded.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from pipeline.generate.options import Option
from pipeline.project.take import VideoRequest

if TYPE_CHECKING:
    from torch import Tensor

Frames = npt.NDArray[np.uint8]
"""[T, H, W, 3] sRGB."""


@dataclass(frozen=True)
class Ability:
    """What a provider can do; recipes ask for nothing else.

    Attributes:
        name: the provider's, as in `VideoRequest.provider`; title: what people call it.
        kinds: of `VideoRequest`, that it can make.
        positions: where known frames may stand: "none", "first", "ends" (first, last or both), "any".
        lengths: (period, offset): it makes period * k + offset frames, k >= 0; (1, 1) is any number.
        max_frames: in one go; longer videos are made by extension.
        sizes: (height, width) px that it makes natively; empty: any multiple of `multiple`.
        text: whether it reads the prompt; contexts: dataset contexts that it knows.
        licence: of what it makes, for provenance; empty when its makers claim nothing.
        options: what only this provider understands.
        needs: why it cannot make anything yet, in a sentence that says what to do; empty when it can.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    positions: str = "any"
    lengths: tuple[int, int] = (1, 1)
    max_frames: int = 16
    sizes: tuple[tuple[int, int], ...] = ()
    multiple: int = 1
    text: bool = True
    contexts: tuple[str, ...] = ()
    licence: str = ""
    options: tuple[Option, ...] = ()
    needs: str = ""

    def fits(self, n_frames: int) -> int:
        """The least number of frames that the provider makes and that holds `n_frames`."""
        period, offset = self.lengths
        return offset + max(0, -(-(n_frames - offset) // period)) * period

    @property
    def longest(self) -> int:
        """The largest number of frames that it makes in one go."""
        period, offset = self.lengths
        return offset + max(0, (self.max_frames - offset) // period) * period


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a known frame comes from: frame `frame` of a video that a provider made and told `provenance` of.

    `frame` counts frames of that very video, before anything was cut or put together; the provenance of a frame that
    was brought is empty. A provider that knows its own provenance can go on from where it was.
    """

    frame: int = 0
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Known:
    """Frames that are given: `frames` [K, H, W, 3] uint8 stand at `positions` (K, ascending) of the new video.

    `origins`: where each of them comes from; empty: nobody knows.
    """

    frames: Frames
    positions: tuple[int, ...]
    strengths: tuple[float, ...]
    origins: tuple[Origin, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.frames) == len(self.positions) == len(self.strengths):
            raise ValueError("each known frame has one position and one strength")
        if self.origins and len(self.origins) != len(self.positions):
            raise ValueError("each known frame has one origin")
        if list(self.positions) != sorted(set(self.positions)) or any(p < 0 for p in self.positions):
            raise ValueError("positions of known frames are different, ascending and not negative")


@dataclass(frozen=True, eq=False)
class Making:
    """Where a provider is: `step` of `steps`; `preview` is what it has so far [T, h, w, 3], any size, or None."""

    step: int
    steps: int
    preview: Frames | None = None
    stage: str = ""


@dataclass(frozen=True, eq=False)
class Made:
    """A finished video: its frames, and all that is needed to make it again.

    `provenance` is plain JSON data: model, weights' digest, licence, settings, versions.
    """

    frames: Frames
    provenance: Mapping[str, Any] = field(default_factory=dict)


class VideoProvider(Protocol):
    """Makes videos. Constructing one is cheap; weights are loaded, and torch is imported, in `generate`.

    It is only asked for what its ability says: `pipeline.generate.adapters` fits wishes to it, and puts the known
    frames back as they were.
    """

    @property
    def ability(self) -> Ability: ...

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        """Make `request.n_frames` frames of `request.size`; same request and frames, same result.

        Yields where it is and returns the video. Closing the generator cancels. Raises `Refusal` with a sentence that
        says what to do: weights missing, server gone, out of memory, figures that are no numbers.
        """
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A provider whose ability depends on its options: on a folder of weights, or on a server."""

    def adjusted(self, options: Mapping[str, Any]) -> VideoProvider:
        """The provider with these options of a request, its ability told by what they name.

        Raises `Refusal` when they name nothing that it can use. It must be light: nothing heavy is loaded or asked.
        """
        ...


class VideoPrior(Protocol):
    """A video diffusion model as score distillation sees it: one step from noise to a clean guess (Eq. 5).

    Pixels are [B, 3, T, h, w] in [-1, 1]; noise is in EDM's terms, noisy = x0 + sigma * eps with unit eps.
    """

    @property
    def n_frames(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px of the videos that it denoises: 36 x 64 for the paper's first stage."""
        ...

    @property
    def sigma_range(self) -> tuple[float, float]:
        """The smallest and largest noise that it was trained on."""
        ...

    def denoise(
        self, noisy: Tensor, sigma: Tensor, known: Tensor | None, mask: Tensor | None, prompt: str, context: str
    ) -> Tensor:
        """The x0 prediction [B, 3, T, h, w] for `noisy` at `sigma` [B].

        `known` [B, 3, T, h, w] holds conditioning frames where `mask` [B, T] is true; None: none is known.
        """
        ...


@runtime_checkable
class VideoRefiner(Protocol):
    """A model that redoes a video from some noise on (SDEdit): what score distillation asks of a latent model.

    Noise lives in the model's own latents, so unlike `VideoPrior` it is not handed over.
    """

    @property
    def n_frames(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px of the videos that it redoes."""
        ...

    def refine(self, video: Tensor, strength: float, steps: int, prompt: str, context: str, seed: int) -> Tensor:
        """The video [B, 3, T, h, w] in [-1, 1], noised to `strength` in [0, 1] of the model's noise and denoised.

        It takes `steps` steps with the first frame of `video` as the condition; the same arguments, the same answer.
        """
        ...


class VideoUpsampler(Protocol):
    """The part of a video model that makes a small video large (the second stage of Snap Video)."""

    @property
    def n_frames(self) -> int: ...

    @property
    def small(self) -> tuple[int, int]:
        """(height, width) px of what it is given."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px of what it makes."""
        ...

    def upsample(self, small: Frames, prompt: str, context: str, seed: int) -> Frames:
        """`n_frames` frames of `size` from as many of size `small`; the same arguments, the same answer."""
        ...
