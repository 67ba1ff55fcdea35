"""Every choice of the pixel-space prior as frozen values, from a test toy to the paper's scale; no torch.

A `StageConfig` is one of the two stages, whole: its network, its noise and its training. It travels as plain JSON with
weights and checkpoints, which may come from anywhere, so `from_json` believes nothing: types, names and bounds are
checked, and `NetworkConfig.parameters_at_most` bounds what a network will take before anything is allocated.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from renderer.errors import Refusal

STAGES = ("base", "upsampler")
CONTEXTS = ("", "dynamic", "freeze_time")
"""Dataset contexts of section 3.2, by the row of their embedding; row 0: none said."""
MAX_PARAMETERS = 8_000_000_000
Triple = tuple[int, int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class NetworkConfig:
    """A FIT-like transformer: pixel tokens in groups, a few latents for each group, global attention among latents.

    Attributes:
        frames, size: of the videos, size (height, width) px.
        patch: (frames, rows, columns) px that one token covers.
        group: (t, y, x) tokens that one group covers; the video is padded to whole groups.
        channels, latent_channels: width of pixel tokens and of latents; head: width of one attention head.
        latents: for each group.
        blocks: of local layers, reading into the latents, global layers, and writing back.
        local_layers, global_layers: in one block.
        extra: conditioning channels besides the known frames and their mask; 3 for the upsampler's small video.
        text_width: of the text encoder's tokens.
    """

    frames: int = 16
    size: tuple[int, int] = (36, 64)
    patch: Triple = (4, 6, 4)
    group: Triple = (4, 3, 4)
    channels: int = 64
    latent_channels: int = 128
    head: int = 32
    latents: int = 8
    blocks: int = 2
    local_layers: int = 1
    global_layers: int = 1
    extra: int = 0
    text_width: int = 384

    def __post_init__(self) -> None:
        numbers = (
            self.frames, *self.size, *self.patch, *self.group, self.channels, self.latent_channels, self.head,
            self.latents, self.blocks, self.local_layers, self.global_layers, self.text_width,
        )  # fmt: skip
        if not all(1 <= number <= 16384 for number in numbers) or self.extra not in (0, 3):
            raise ValueError("the sizes of a network are 1 to 16384")
        if max(self.blocks, self.local_layers, self.global_layers) > 64:
            raise ValueError("a network has at most 64 blocks of at most 64 layers")
        if self.channels % self.head or self.latent_channels % self.head or self.head % 2:
            raise ValueError("channels are whole heads of even width")
        if self.parameters_at_most > MAX_PARAMETERS:
            raise ValueError(f"a network has at most {MAX_PARAMETERS} parameters")

    @property
    def parameters_at_most(self) -> int:
        """A bound from above on the number of parameters, of the right order."""
        c, d = self.channels, self.latent_channels
        token = math.prod(self.patch) * (10 + self.extra)
        local, across, globally = 32 * c * (c + d), 16 * (c + d) ** 2, 32 * d * d
        block = self.local_layers * local + across + self.global_layers * globally
        ends = 2 * token * (c + d) + 4 * d * (self.text_width + self.latents + c + d + 64)
        return self.blocks * block + ends


@dataclass(frozen=True)
class NoiseConfig:
    """EDM's noise with Snap Video's input scaling.

    Attributes:
        sigma_in: s * sqrt(T): how many pixels repeat one another, s times along a side and T in time.
        sigma_data: standard deviation of what is denoised, pixels in [-1, 1] or the upsampler's residual.
        p_mean, p_std: ln(sigma / sigma_in) in training is normal with these.
        sigma_min, sigma_max: of the samplers, before scaling by sigma_in; rho: bends their steps.
        weighting: "edm" weighs the network's own error alike at all sigmas, "snap" x0's by 1/sigma^2 + 1/sigma_data^2.
        residual: what is denoised is the difference from the enlarged small video (upsampler).
    """

    sigma_in: float = 4.0
    sigma_data: float = 0.5
    p_mean: float = -1.2
    p_std: float = 1.2
    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    weighting: str = "edm"
    residual: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.sigma_min < self.sigma_max < 1e6 and 1e-3 <= self.sigma_data <= 1e3):
            raise ValueError("sigmas are positive and ascending")
        if not (
            1e-3 <= self.sigma_in <= 1e3 and 1 <= self.rho <= 100 and 0 < self.p_std < 10 and abs(self.p_mean) < 20
        ):
            raise ValueError("the noise is outside what is sensible")
        if self.weighting not in ("edm", "snap"):
            raise ValueError("the weighting is edm or snap")


@dataclass(frozen=True)
class TrainConfig:
    """How a stage is trained.

    Attributes:
        batch: videos a step; rate: of Adam after `warmup` steps; decay_steps: a cosine falls to a tenth (0: never).
        ema_half_life: steps in which old weights lose half of their part in the average.
        text_drop, context_drop: how often the prompt and the context are left out, for guidance and for use without.
        crop: (frames, height, width) px that a step sees of each video; zeros: all of it.
        small_noise: largest noise on the upsampler's small video, so that it bears the base's faults.
        chunk: clips made at once; steps_per_chunk: after how many steps one more chunk joins; max_chunks: then no more.
    """

    batch: int = 8
    rate: float = 2e-3
    warmup: int = 50
    decay_steps: int = 0
    ema_half_life: float = 150.0
    text_drop: float = 0.1
    context_drop: float = 0.1
    crop: Triple = (0, 0, 0)
    small_noise: float = 0.1
    chunk: int = 128
    steps_per_chunk: int = 150
    max_chunks: int = 40

    def __post_init__(self) -> None:
        if not all(1 <= n <= 1 << 20 for n in (self.batch, self.chunk, self.steps_per_chunk, self.max_chunks)):
            raise ValueError("batches and chunks are 1 to a million")
        if not (0 < self.rate < 1 and 0 <= self.text_drop <= 1 and 0 <= self.context_drop <= 1):
            raise ValueError("rates and probabilities are 0 to 1")
        if self.warmup < 0 or self.decay_steps < 0 or self.ema_half_life <= 0 or not 0 <= self.small_noise <= 1:
            raise ValueError("the training is outside what is sensible")
        if len(self.crop) != 3 or min(self.crop) < 0:
            raise ValueError("a crop is (frames, height, width)")


@dataclass(frozen=True)
class StageConfig:
    """One stage of the cascade, whole. `text`: name of the text encoder that its prompts go through."""

    stage: str = "base"
    name: str = "small"
    text: str = "minilm"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"a stage is one of {', '.join(STAGES)}")
        if (self.stage == "upsampler") != (self.network.extra == 3):
            raise ValueError("the upsampler, and only it, is shown a small video")
        if self.noise.residual and self.stage != "upsampler":
            raise ValueError("only the upsampler makes a difference from a small video")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, whole."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: object) -> StageConfig:
        """Read back; `Refusal` for anything that `to_json` could not have written."""
        try:
            return _read(StageConfig, data)
        except (TypeError, ValueError, KeyError) as fault:
            raise Refusal(
                f"This describes a network that can't be built ({fault}); take the files that train-prior wrote."
            ) from fault


def _read(kind: type[T], data: object) -> T:
    if not isinstance(data, Mapping):
        raise TypeError(f"{kind.__name__} is no table")
    hints = get_type_hints(kind)
    if set(data) != set(hints):
        raise ValueError(f"{kind.__name__} has other fields")
    return kind(**{name: _value(hints[name], data[name]) for name in hints})


def _value(hint: Any, value: object) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, value)
    if hint in (Triple, tuple[int, int]):
        if not isinstance(value, (list, tuple)) or not all(type(n) is int for n in value):
            raise TypeError("sizes are whole numbers")
        if len(value) != (3 if hint == Triple else 2):
            raise ValueError("a size has another number of sides")
        return tuple(value)
    if hint is float and type(value) in (int, float):
        number = float(value)  # type: ignore[arg-type]
        if not math.isfinite(number):
            raise ValueError("a number is not finite")
        return number
    if type(value) is not hint:
        raise TypeError(f"{value!r} is no {hint.__name__}")
    return value
