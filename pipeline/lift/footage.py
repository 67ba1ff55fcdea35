"""What the lift is supervised by: frames as tensors, the code of each, and its camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from renderer.camera import Camera


@dataclass(frozen=True, eq=False)
class Footage:
    """Both videos at the size of the lift.

    Attributes:
        freeze_images [K, H, W, 3] and reference_images [T, H, W, 3]: float32 sRGB in [0, 1].
        freeze_frames, reference_frames: their source frame indices, increasing; codes of the two fields.
        cameras: solved cameras of the freeze-time frames, in their order, at the size of the images.
        canonical_freeze, canonical_reference: positions (not source indices) of the canonical pair.
        guessed: positions of the freeze-time frames whose cameras do not rest on what they show.
    """

    freeze_images: Tensor
    freeze_frames: tuple[int, ...]
    reference_images: Tensor
    reference_frames: tuple[int, ...]
    cameras: tuple[Camera, ...]
    canonical_freeze: int
    canonical_reference: int
    guessed: tuple[int, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        return int(self.freeze_images.shape[1]), int(self.freeze_images.shape[2])

    @property
    def canonical_camera(self) -> Camera:
        return self.cameras[self.canonical_freeze]


def to_tensor(frames: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 [F, H, W, 3] -> float32 [F, H, W, 3] in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).to(device).float().div_(255.0)
