"""How good a lift is, against frames that it never saw.

The rules are those of a scene folder (`scene.json`, `reference.mp4`, `freeze_time.mp4`, `held_out.mp4`): each
held-out entry is rendered with the tuned camera of its freeze-time frame at its reference time, per-frame deformation
off, at the truth's own size; PSNR over the whole image in sRGB [0, 1], mean over entries.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pipeline.lift import losses
from pipeline.project.media import read_frames, resize
from renderer.camera import Camera
from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.errors import Refusal
from renderer.snapshot import Posed, Snapshot

Image = npt.NDArray[np.float32]

MOVING_THRESHOLD = 0.08
"""A pixel moves when the truth differs from its camera's freeze-time frame by more than this in any channel."""


@dataclass(frozen=True)
class HeldOut:
    """Entry `frame` of held_out.mp4: the camera of freeze-time frame `camera_freeze_frame` at `reference_frame`."""

    frame: int
    camera_freeze_frame: int
    reference_frame: float


@dataclass(frozen=True)
class FrameScore:
    """One held-out entry, in dB."""

    frame: int
    camera_freeze_frame: int
    reference_frame: float
    psnr: float
    ssim: float
    static_lift_psnr: float
    static_photo_psnr: float


@dataclass(frozen=True)
class Evaluation:
    """Means over held-out entries, and the fit to the training views; PSNR in dB, null (NaN) where there is none.

    moving_psnr pools squared error over the moving pixels of all entries; motion_gain = psnr - static_lift_psnr.
    """

    psnr: float
    ssim: float
    moving_psnr: float
    static_lift_psnr: float
    motion_gain: float
    static_photo_psnr: float
    reference_psnr: float
    freeze_time_psnr: float
    frames: tuple[FrameScore, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; a figure that isn't finite becomes null."""
        data = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}
        data["frames"] = [asdict(score) for score in self.frames]
        return data


def psnr(image: Image, truth: Image) -> float:
    """In dB for sRGB in [0, 1], capped at 100."""
    return -10.0 * math.log10(max(float(np.square(image - truth).mean()), 1e-10))


def mean_ssim(image: Image, truth: Image) -> float:
    pair = [torch.from_numpy(np.ascontiguousarray(x))[None] for x in (image, truth)]
    return float(losses.ssim(pair[0], pair[1]).mean())


class Studio:
    """Renders a snapshot on a device as float images [H, W, 3] in [0, 1]."""

    def __init__(self, snapshot: Snapshot, device: str = "cpu") -> None:
        self.snapshot = snapshot
        self.device = torch.device(device)

    def picture(self, posed: Posed, camera: Camera) -> Image:
        parts = (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb)
        active = ActiveSplats(*(torch.from_numpy(np.ascontiguousarray(p)).to(self.device) for p in parts))
        with torch.no_grad():
            image = rasterize(active, CameraBatch.of([camera], active.means)).image[0]
        return np.asarray(image.clamp(0, 1).cpu().numpy(), np.float32)

    def camera(self, frame: int, size: tuple[int, int]) -> Camera:
        """The tuned camera of a freeze-time frame; raises `Refusal` when that frame wasn't lifted."""
        cameras = self.snapshot.freeze_cameras
        if frame not in cameras:
            known = ", ".join(str(k) for k in sorted(cameras))
            raise Refusal(f"Freeze-time frame {frame} has no solved camera here; these have: {known}.")
        return cameras[frame].resized(size)


def evaluate(snapshot: Snapshot, scene_dir: Path, device: str = "cpu") -> Evaluation:
    """Score a lifted scene against a scene folder; raises `Refusal` when the folder or the match is not right."""
    entries = read_entries(scene_dir)
    truth = _floats(read_frames(scene_dir / "held_out.mp4"))
    freeze = _floats(read_frames(scene_dir / "freeze_time.mp4"))
    reference = _floats(read_frames(scene_dir / "reference.mp4"))
    studio = Studio(snapshot, device)
    canonical_time = float(snapshot.info.get("canonical_reference_frame", 0))
    scores, moving_error, moving_count = [], 0.0, 0
    for entry in entries:
        if not (0 <= entry.frame < len(truth) and 0 <= entry.camera_freeze_frame < len(freeze)):
            raise Refusal(f"{scene_dir / 'scene.json'} names frame {entry.frame}, which the videos don't have.")
        goal = truth[entry.frame]
        camera = studio.camera(entry.camera_freeze_frame, (goal.shape[0], goal.shape[1]))
        photo = _matched(freeze[entry.camera_freeze_frame], goal)
        image = studio.picture(snapshot.at(entry.reference_frame), camera)
        still = studio.picture(snapshot.at(canonical_time), camera)
        moving = np.abs(goal - photo).max(-1) > MOVING_THRESHOLD
        moving_error += float(np.square(image - goal)[moving].sum())
        moving_count += 3 * int(moving.sum())
        scores.append(
            FrameScore(
                entry.frame, entry.camera_freeze_frame, entry.reference_frame,
                psnr(image, goal), mean_ssim(image, goal), psnr(still, goal), psnr(photo, goal),
            )
        )  # fmt: skip
    whole, static = _mean(s.psnr for s in scores), _mean(s.static_lift_psnr for s in scores)
    return Evaluation(
        psnr=whole,
        ssim=_mean(s.ssim for s in scores),
        moving_psnr=-10 * math.log10(max(moving_error / moving_count, 1e-10)) if moving_count else math.nan,
        static_lift_psnr=static,
        motion_gain=whole - static,
        static_photo_psnr=_mean(s.static_photo_psnr for s in scores),
        reference_psnr=_fit(studio, snapshot.reference_camera, reference),
        freeze_time_psnr=_freeze_fit(studio, freeze),
        frames=tuple(scores),
    )


def read_entries(scene_dir: Path) -> tuple[HeldOut, ...]:
    """The held-out entries of scene.json; raises `Refusal` when there are none to read."""
    path = scene_dir / "scene.json"
    try:
        rows = json.loads(path.read_text())["held_out"]
        entries = tuple(
            HeldOut(int(r["frame"]), int(r["camera_freeze_frame"]), float(r["reference_frame"])) for r in rows
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Refusal(f"{scene_dir} is not a scene folder: its scene.json can't be read ({fault}).") from fault
    if not entries:
        raise Refusal(f"{path} holds no held-out entries to evaluate against.")
    return entries


def _fit(studio: Studio, camera: Camera, reference: Image) -> float:
    """Mean PSNR of the scene at every reference frame that was lifted, seen from the reference camera."""
    lifted = studio.snapshot.info.get("reference_frames", range(len(reference)))
    frames = [int(t) for t in lifted if 0 <= int(t) < len(reference)]
    view = camera.resized((reference.shape[1], reference.shape[2]))
    return _mean(psnr(studio.picture(studio.snapshot.at(t), view), reference[t]) for t in frames)


def _freeze_fit(studio: Studio, freeze: Image) -> float:
    """Mean PSNR of every lifted freeze-time frame, per-frame deformation on (Eq. 2)."""
    size = (freeze.shape[1], freeze.shape[2])
    frames = [k for k in studio.snapshot.freeze_cameras if 0 <= k < len(freeze)]
    scene = studio.snapshot
    return _mean(psnr(studio.picture(scene.as_seen_in(k), studio.camera(k, size)), freeze[k]) for k in frames)


def _matched(photo: Image, goal: Image) -> Image:
    if photo.shape == goal.shape:
        return photo
    sized = resize((photo[None] * 255).round().astype(np.uint8), (goal.shape[0], goal.shape[1]))
    first: Image = _floats(sized)[0]
    return first


def _floats(frames: npt.NDArray[np.uint8]) -> Image:
    scaled: Image = frames.astype(np.float32) / np.float32(255.0)
    return scaled


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else math.nan
