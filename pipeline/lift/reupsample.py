"""Details by re-upsampling (end of section 3.4): render, make small, make large again by a video model, fit to that.

The paper's step is optional and so is this one. It is a row of its own behind the others: when it begins, two films are
rendered in which view and time change together, once through the freeze-time cameras and once back; what the upsampler
makes of them is kept with the checkpoint, and splats alone are tuned on it at a low rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.generate.provider import Frames, VideoUpsampler
from pipeline.lift.views import Window, interpolated, seen_through
from pipeline.project.media import resize
from renderer.camera import Camera
from renderer.diff.rasterize import rasterize
from renderer.diff.scene import DeformableScene
from renderer.diff.splats import CameraBatch


@dataclass(frozen=True, eq=False)
class Film:
    """Pictures to fit: images [T, H, W, 3] uint8, and of each its camera and its reference time."""

    images: Tensor
    cameras: tuple[Camera, ...]
    times: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.times)

    def target(self, index: int) -> Tensor:
        """[H, W, 3] float32 in [0, 1]."""
        return self.images[index].float().div(255.0)

    def state(self) -> dict[str, Any]:
        """As tensors and plain values."""
        cameras = [camera.to_json() for camera in self.cameras]
        return {"images": self.images, "cameras": cameras, "times": list(self.times)}

    @classmethod
    def from_state(cls, state: dict[str, Any], device: torch.device) -> Film:
        """What `state` told."""
        cameras = tuple(Camera.from_json(camera) for camera in state["cameras"])
        return cls(state["images"].to(device), cameras, tuple(state["times"]))


def passage(
    cameras: Sequence[Camera], codes: Sequence[int], count: int
) -> tuple[tuple[Camera, ...], tuple[float, ...]]:
    """`count` views evenly through the cameras, first to last, while time goes from the first code to the last."""
    places = np.linspace(0.0, len(cameras) - 1.0, count)
    views = tuple(_between(cameras, float(place)) for place in places)
    return views, tuple(float(t) for t in np.linspace(codes[0], codes[-1], count))


def _between(cameras: Sequence[Camera], place: float) -> Camera:
    low = min(int(place), len(cameras) - 1)
    share = round((place - low) * 64)
    return cameras[low] if share == 0 else interpolated(cameras[low], cameras[low + 1], 65)[share]


def middle(size: tuple[int, int], shape: tuple[int, int]) -> Window:
    """The largest part in the middle of a picture that has the shape (height, width) of another."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    height, width = (max(round(scale * side), 1) for side in shape)
    return Window((size[0] - height) // 2, (size[1] - width) // 2, height, width)


@torch.no_grad()
def made_film(scene: DeformableScene, codes: Sequence[int], upsampler: VideoUpsampler, prompt: str, seed: int) -> Film:
    """Both films of the scene as it is now, re-upsampled, at the size at which the scene is lifted."""
    ways = list(scene.freeze_cameras.values())
    window = middle(ways[0].size, upsampler.size)
    images: list[Frames] = []
    cameras: list[Camera] = []
    times: list[float] = []
    for turn, way in enumerate((ways, ways[::-1])):
        views, moments = passage(way, codes, upsampler.n_frames)
        seen = [seen_through(view, window, (window.height, window.width)) for view in views]
        shown = torch.cat([_rendered(scene, t, view) for t, view in zip(moments, seen, strict=True)])
        frames = shown.clamp(0, 1).mul(255).round().byte().cpu().numpy()
        large = upsampler.upsample(resize(frames, upsampler.small), prompt, "", seed + turn)
        images.append(resize(large, (window.height, window.width)))
        cameras += seen
        times += moments
    device = scene.splats.means.device
    return Film(torch.from_numpy(np.concatenate(images)).to(device), tuple(cameras), tuple(times))


def _rendered(scene: DeformableScene, time: float, view: Camera) -> Tensor:
    return rasterize(scene.at(time), CameraBatch.of([view], scene.splats.means)).image
