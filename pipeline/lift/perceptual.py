"""ST-LPIPS: a perceptual distance that a shift of a pixel hardly changes (Ghildyal and Liu, ECCV 2022).

AlexNet's features with blurred down-sampling, unit length at every pixel, squared differences weighted by channel and
averaged over each of five layers. The weights are those of the wheel `stlpips_pytorch`, which is only looked into, not
run, as it imports libraries that Splatime has no other use for. Nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.lift.measures import Image

WEIGHTS, FILE = "stlpips_pytorch", Path("weights/vST0.0/alex_shift_tolerant.pth")
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of pictures in [-1, 1]: what ImageNet's normalisation is there."""
LAYERS = {"slice1.0": (3, 64, 11, 2), "slice2.5": (64, 192, 5, 2), "slice3.9": (192, 384, 3, 1),
          "slice4.11": (384, 256, 3, 1), "slice5.13": (256, 256, 3, 1)}  # fmt: skip
"""The weights' names of the five convolutions: channels in, channels out, size, padding."""
SMALLEST = 32
"""px: the blurred down-sampling mirrors the border, for which smaller pictures have no room in the last layers."""


class PerceptualDistance(nn.Module):
    """Distance of pictures [B, 3, H, W] in [0, 1] -> [B], 0 for equal ones; differentiable."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleList(nn.Conv2d(a, b, k, padding=p) for a, b, k, p in LAYERS.values())
        self.heads = nn.ModuleList(nn.Conv2d(b, 1, 1, bias=False) for _, b, _, _ in LAYERS.values())
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))

    @classmethod
    def load(cls, path: Path) -> PerceptualDistance:
        """The distance with its trained weights; raises `ValueError` for a file that holds others."""
        net = cls()
        state = torch.load(path, map_location="cpu", weights_only=True)
        names: dict[str, str] = {}
        for i, layer in enumerate(LAYERS):
            names |= {f"features.{i}.{part}": f"net.{layer}.{part}" for part in ("weight", "bias")}
            names[f"heads.{i}.weight"] = f"lin{i}.model.1.weight"
        try:
            net.load_state_dict({ours: state[theirs] for ours, theirs in names.items()} | dict(net.named_buffers()))
        except (KeyError, RuntimeError) as fault:
            raise ValueError(f"{path} does not hold the weights of ST-LPIPS") from fault
        return net.eval().requires_grad_(False)

    def forward(self, image: Tensor, truth: Tensor) -> Tensor:
        layers = zip(self._layers(image), self._layers(truth), self.heads, strict=True)
        parts = [head((_unit(a) - _unit(b)).square()).mean((1, 2, 3)) for a, b, head in layers]
        return torch.stack(parts).sum(0)

    def _layers(self, picture: Tensor) -> list[Tensor]:
        x = (2 * picture - 1 - self.shift) / self.scale
        out = []
        for i, convolution in enumerate(self.features):
            if i in (1, 2):
                x = _halved(F.max_pool2d(x, 3, 1))
            x = convolution(x)
            x = F.relu(_halved(x) if i == 0 else x)
            out.append(x)
        return out

    @torch.no_grad()
    def of(self, image: Image, truth: Image) -> float:
        """The distance of two pictures [H, W, 3]; those under `SMALLEST` px are magnified first."""
        pair = [torch.from_numpy(np.ascontiguousarray(x)).permute(2, 0, 1)[None] for x in (image, truth)]
        short = min(pair[0].shape[2:])
        if short < SMALLEST:
            ratio = SMALLEST / short
            pair = [F.interpolate(x, scale_factor=ratio, mode="bilinear") for x in pair]
        device = self.shift.device
        return float(self(pair[0].to(device), pair[1].to(device)))


def installed() -> PerceptualDistance | None:
    """The distance, where its weights are installed (the extra `perceptual`); None where they are not."""
    spec = importlib.util.find_spec(WEIGHTS)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / FILE
    return PerceptualDistance.load(path) if path.is_file() else None


def _halved(x: Tensor) -> Tensor:
    """[B, C, H, W] at half the size: blurred by 1 2 1 (Zhang 2019), the border mirrored two pixels wide."""
    tap = x.new_tensor([0.25, 0.5, 0.25])
    kernel = (tap[:, None] * tap).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=x.shape[1])


def _unit(x: Tensor) -> Tensor:
    return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
