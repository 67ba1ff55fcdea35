"""Synthetic dynamic scenes with exact truth: cameras, depth, masks and motion known at every view and time.

A `Scenario` is the whole request: the sample that ships, or the scene of any prompt that the grammar reads. It is the
oracle of many tests and the input of the ablations; the same scenario gives the same frames. `Faults` bend the
freeze-time video the way real generators do (section 3.3), never its canonical frame. Not a video model.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.generate import procedural_render
from pipeline.generate.procedural_grammar import parse
from pipeline.generate.procedural_render import Truth
from pipeline.generate.procedural_scenes import world_of
from pipeline.generate.procedural_world import World, build
from pipeline.project import media
from pipeline.project.atomic import atomic_file
from renderer.camera import Camera, look_at
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]

PROMPT = "a caterpillar crawling past a bouncing ball in a playroom"
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Faults:
    """What generated freeze-time videos get wrong. The canonical freeze-time frame has none of it.

    Attributes:
        warp_px: largest displacement, in pixels, of a smooth warp, another one in each frame.
        residual_motion: how far time strays from the frozen moment, in reference frames.
        flicker: relative change of brightness from frame to frame.
    """

    warp_px: float = 0.0
    residual_motion: float = 0.0
    flicker: float = 0.0


@dataclass(frozen=True)
class HeldOut:
    """A view that neither video shows: the camera of a freeze-time frame at the time of a reference frame."""

    camera_freeze_frame: int
    reference_frame: float


@dataclass(frozen=True)
class Scenario:
    """One synthetic lifting problem.

    Attributes:
        seed: chooses the room, its paint and its things' places.
        prompt: what the grammar is asked for; empty: the sample's playroom, which no grammar draws.
        size: (height, width) px.
        sweep_degrees: how far the freeze-time camera circles the subject in all.
        canonical_reference_frame, canonical_freeze_frame: the shared moment and view.
        supersampling: rays a pixel, along each side.
    """

    seed: int = 0
    size: tuple[int, int] = (288, 512)
    fps: float = 8.0
    n_reference: int = 16
    n_freeze: int = 24
    n_held_out: int = 10
    sweep_degrees: float = 60.0
    fov_degrees: float = 52.0
    canonical_reference_frame: int = 8
    canonical_freeze_frame: int = 12
    supersampling: int = 3
    faults: Faults = field(default_factory=Faults)
    prompt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        if not (0 <= self.canonical_reference_frame < self.n_reference):
            raise ValueError("the canonical reference frame is one of the reference video's")
        if not (0 <= self.canonical_freeze_frame < self.n_freeze):
            raise ValueError("the canonical freeze-time frame is one of the freeze-time video's")
        widest = 360 if self.prompt else 90
        if not (8 <= min(self.size) and max(self.size) <= 4096 and 0 <= self.sweep_degrees <= widest):
            raise ValueError(f"the sides are 8 to 4096 pixels and the sweep at most {widest} degrees, inside the room")

    @property
    def world(self) -> World:
        """The things and their motion (built once per seed)."""
        if self.prompt:
            return world_of(self.prompt, self.seed, self.n_reference)
        return _world(self.seed, self.n_reference)

    def freeze_camera(self, frame: float) -> Camera:
        """The exact camera of freeze-time frame `frame` (also between frames); it sways a little up and down."""
        swing = (frame - self.canonical_freeze_frame) / max(self.n_freeze - 1, 1)
        focus = self.world.focus
        angle = math.radians(self.sweep_degrees) * swing + focus.azimuth
        scale = min(self.sweep_degrees / 60, 1.5)
        radius = focus.radius * (1 - 0.05 * scale * math.sin(2.0 * swing) ** 2)
        rise = focus.rise + 0.22 * scale * math.sin(2 * math.pi * swing)
        target = np.array(focus.target)
        centre = target + radius * np.array([math.sin(angle), -math.cos(angle), 0.0]) + rise * _UP
        return Camera.from_fov(look_at(centre, target, _UP), math.radians(self.fov_degrees), self.size)

    @property
    def reference_camera(self) -> Camera:
        """The still camera of the reference video: that of the canonical freeze-time frame."""
        return self.freeze_camera(self.canonical_freeze_frame)

    def cameras(self) -> tuple[tuple[Camera, ...], Camera]:
        """(the camera of each freeze-time frame, the reference camera)."""
        return tuple(self.freeze_camera(k) for k in range(self.n_freeze)), self.reference_camera

    def held_out_views(self) -> tuple[HeldOut, ...]:
        """Cameras and times spread over both ranges, far from the canonical ones, some between frames."""
        cameras = np.linspace(1, self.n_freeze - 2, self.n_held_out).round().astype(int)
        last, gap = self.n_reference - 1, 0.1 * (self.n_reference - 1)
        # Golden-ratio steps spread the times; none falls near the canonical one, which the freeze-time video shows.
        times = (np.arange(self.n_held_out) * 0.618034 + 0.2) % 1 * (last - 2 * gap)
        times = times + 2 * gap * (times > self.canonical_reference_frame - gap)
        return tuple(HeldOut(int(k), round(float(t) * 2) / 2) for k, t in zip(cameras, times, strict=True))

    def render(self, time: float, camera: Camera) -> Truth:
        """The faultless picture and truth at `time` (reference frames) from any camera inside the room."""
        return self._render(time, camera)

    def _render(self, time: float, camera: Camera, warp: Array | None = None, gain: float = 1.0) -> Truth:
        from pipeline.generate import procedural_fast  # numba: a scenario is also a plain value, which loads nothing

        fast = procedural_fast.paintable(self.world)
        draw = procedural_fast.render if fast else procedural_render.render
        return draw(self.world, time, camera, self.supersampling, warp, gain)

    def freeze_frame(self, frame: int) -> Truth:
        """Freeze-time frame `frame`, with its faults; depth and motion are those of the faulty picture."""
        warp, drift, gain = self._faults_of(frame)
        time = self.canonical_reference_frame + drift
        camera = self.freeze_camera(frame)
        return self._render(time, camera, warp, gain)

    def _faults_of(self, frame: int) -> tuple[Array | None, float, float]:
        """(warp [H, W, 2] px or None, drift of time in frames, gain of light)."""
        rng = np.random.default_rng([self.seed, frame, 0xFA])
        if frame == self.canonical_freeze_frame:
            return None, 0.0, 1.0
        warp = smooth_warp(rng, self.size, self.faults.warp_px) if self.faults.warp_px > 0 else None
        drift = self.faults.residual_motion * math.sin(1.3 * (frame - self.canonical_freeze_frame))
        return warp, drift, 1 + self.faults.flicker * float(rng.uniform(-1, 1))

    def reference_video(self) -> Iterator[Frames]:
        """Frames [H, W, 3] of the still camera."""
        return (self.render(t, self.reference_camera).rgb for t in range(self.n_reference))

    def freeze_time_video(self) -> Iterator[Frames]:
        """Frames [H, W, 3] of the circling camera at the canonical moment."""
        return (self.freeze_frame(k).rgb for k in range(self.n_freeze))

    def held_out_video(self) -> Iterator[Frames]:
        """Frames [H, W, 3] of `held_out_views`."""
        return (self.render(v.reference_frame, self.freeze_camera(v.camera_freeze_frame)).rgb
                for v in self.held_out_views())  # fmt: skip

    def scene_json(self) -> dict[str, Any]:
        """What `evaluate` reads: the canonical pair and which camera and time each held-out frame shows."""
        views = [{"frame": index, **asdict(view)} for index, view in enumerate(self.held_out_views())]
        return {
            "prompt": self.prompt or PROMPT,
            "source": "synthetic: python -m pipeline.generate.procedural",
            "size": list(self.size),
            "canonical_reference_frame": self.canonical_reference_frame,
            "canonical_freeze_frame": self.canonical_freeze_frame,
            "held_out": views,
        }

    def truth_json(self) -> dict[str, Any]:
        """The exact cameras (world in metres, z up) and the whole request."""
        freeze, reference = self.cameras()
        return {
            "scenario": asdict(self),
            "reference_camera": reference.to_json(),
            "freeze_cameras": [camera.to_json() for camera in freeze],
        }


@lru_cache(maxsize=4)
def _world(seed: int, n_reference: int) -> World:
    return build(seed, n_reference)


def smooth_warp(rng: np.random.Generator, size: tuple[int, int], amplitude: float) -> Array:
    """[H, W, 2] px: a few low waves across the picture, at most `amplitude` long."""
    height, width = size
    v, u = np.mgrid[:height, :width] / max(size) * 2 * np.pi
    warp = np.zeros((height, width, 2))
    for _ in range(6):
        wave = rng.uniform(-2.2, 2.2, 2)
        phase, direction = rng.uniform(0, 2 * np.pi), rng.normal(size=2)
        warp += np.sin(wave[0] * u + wave[1] * v + phase)[..., None] * direction
    return np.asarray(warp * (amplitude / np.linalg.norm(warp, axis=-1).max()))


def write_scene(scenario: Scenario, folder: Path, *, crf: int = 12) -> None:
    """Write reference.mp4, freeze_time.mp4, held_out.mp4 (H.264 4:4:4), scene.json and truth.json."""
    videos = {
        "reference.mp4": scenario.reference_video(),
        "freeze_time.mp4": scenario.freeze_time_video(),
        "held_out.mp4": scenario.held_out_video(),
    }
    for name, frames in videos.items():
        media.write_video(folder / name, frames, scenario.fps, crf=crf, full_chroma=True)
    for name, data in (("scene.json", scenario.scene_json()), ("truth.json", scenario.truth_json())):
        with atomic_file(folder / name) as file:
            file.write((json.dumps(data, indent=1) + "\n").encode())


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.generate.procedural", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the scene is written")
    parser.add_argument("--prompt", default="", help="what the scene shows; without one, the sample's playroom")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sweep", type=float, default=60.0, help="degrees that the freeze-time camera circles")
    parser.add_argument("--size", default="512x288", help="WxH in pixels")
    parser.add_argument("--crf", type=int, default=12, help="H.264 quality, smaller is better")
    parser.add_argument("--warp", type=float, default=0.0, help="largest warp of freeze-time frames, pixels")
    parser.add_argument("--residual-motion", type=float, default=0.0, help="stray of the frozen time, frames")
    parser.add_argument("--flicker", type=float, default=0.0, help="relative change of brightness")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one scene folder; 0 when done, 1 with a sentence when the disk or the request refuses."""
    options = _parse(arguments)
    try:
        width, height = (int(side) for side in options.size.lower().split("x"))
        faults = Faults(options.warp, options.residual_motion, options.flicker)
        scenario = Scenario(
            seed=options.seed, size=(height, width), sweep_degrees=options.sweep, faults=faults, prompt=options.prompt
        )
        if options.prompt and (note := parse(options.prompt).note):
            sys.stderr.write(f"{note}\n")
        write_scene(scenario, options.folder, crf=options.crf)
    except (Refusal, ValueError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.write(f"Wrote {options.folder}: {options.prompt or PROMPT}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
