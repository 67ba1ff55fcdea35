"""How good a lift is, against frames that it never saw and those that it did.

The rules are those of a scene folder (`scene.json`, `reference.mp4`, `freeze_time.mp4`, `held_out.mp4`): each
held-out entry is rendered with the tuned camera of its freeze-time frame at its reference time, per-frame deformation
off, at the truth's own size; PSNR over the whole image in sRGB [0, 1], mean over entries. The same figures are taken
of the reference video, from its own camera, and of the freeze-time video, per-frame deformation on (Eq. 2).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pipeline.lift import measures, perceptual
from pipeline.lift.judges import Verdict
from pipeline.lift.measures import Image, mean, mean_ssim, psnr
from pipeline.project.media import read_frames, resize
from renderer.camera import Camera
from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.errors import Refusal
from renderer.snapshot import Posed, Snapshot

Distance = Callable[[Image, Image], float]
Judge = Callable[[npt.NDArray[np.uint8], str], Verdict]

VERSION = 1
"""Of what is measured and how; figures that were kept under another one are taken again."""
NO_WEIGHTS = "its weights are not installed; pip install --no-deps stlpips_pytorch"


@dataclass(frozen=True)
class HeldOut:
    """Entry `frame` of held_out.mp4: the camera of freeze-time frame `camera_freeze_frame` at `reference_frame`."""

    frame: int
    camera_freeze_frame: int
    reference_frame: float


@dataclass(frozen=True)
class FrameScore:
    """One held-out entry, PSNR in dB; `perceptual` is NaN where its weights are absent."""

    frame: int
    camera_freeze_frame: int
    reference_frame: float
    psnr: float
    ssim: float
    static_lift_psnr: float
    static_photo_psnr: float
    perceptual: float = math.nan


@dataclass(frozen=True)
class ViewScores:
    """Figures of one set of views; NaN where a figure does not apply.

    Attributes:
        views: how many there are. psnr (dB), ssim, perceptual (ST-LPIPS, 0 is best): means over views.
        moving_psnr: dB, squared error pooled over the moving pixels of all views.
        flicker: RMS of the error that comes and goes, sRGB units: over time for reference and held-out views (of
            cameras that are held out at three times or more), from camera to camera for freeze-time views.
    """

    views: int
    psnr: float
    ssim: float
    perceptual: float
    moving_psnr: float
    flicker: float


@dataclass(frozen=True)
class Evaluation:
    """Means over held-out entries, and the fit to the training views; PSNR in dB, null (NaN) where there is none.

    moving_psnr pools squared error over the moving pixels of all entries; motion_gain = psnr - static_lift_psnr.
    `judges` holds what video judges say of the scene seen from the reference camera (`judges.Verdict`), `views` the
    figures of each set of views under reference, freeze_time and held_out; `absent` says, by the name of a measure, why
    it was not taken.
    """

    psnr: float
    ssim: float
    moving_psnr: float
    static_lift_psnr: float
    motion_gain: float
    static_photo_psnr: float
    reference_psnr: float
    freeze_time_psnr: float
    perceptual: float
    flicker: float
    judges: Mapping[str, float]
    views: Mapping[str, ViewScores]
    absent: Mapping[str, str]
    frames: tuple[FrameScore, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; a figure that isn't finite becomes null."""
        data: dict[str, Any] = _plain(asdict(self))
        return data


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Studio:
    """Renders a snapshot on a device as float images [H, W, 3] in [0, 1]."""

    def __init__(self, snapshot: Snapshot, device: str = "cpu") -> None:
        self.snapshot = snapshot
        self.device = torch.device(device)

    def picture(self, posed: Posed, camera: Camera) -> Image:
        return self.picture_and_depth(posed, camera)[0]

    def picture_and_depth(self, posed: Posed, camera: Camera) -> tuple[Image, Image]:
        """And the depth [H, W]: expected z in scene units, 0 where nothing is."""
        parts = (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb)
        active = ActiveSplats(*(torch.from_numpy(np.ascontiguousarray(p)).to(self.device) for p in parts))
        with torch.no_grad():
            drawn = rasterize(active, CameraBatch.of([camera], active.means))
        image, depth = drawn.image[0].clamp(0, 1), drawn.depth[0, ..., 0]
        return np.asarray(image.cpu().numpy(), np.float32), np.asarray(depth.cpu().numpy(), np.float32)

    def camera(self, frame: int, size: tuple[int, int]) -> Camera:
        """The tuned camera of a freeze-time frame; raises `Refusal` when that frame wasn't lifted."""
        cameras = self.snapshot.freeze_cameras
        if frame not in cameras:
            known = ", ".join(str(k) for k in sorted(cameras))
            raise Refusal(f"Freeze-time frame {frame} has no solved camera here; these have: {known}.")
        return cameras[frame].resized(size)


def evaluate(
    snapshot: Snapshot, scene_dir: Path, device: str = "cpu", *, freeze_time: Path | None = None,
    judge: Judge | None = None,
) -> Evaluation:  # fmt: skip
    """Score a lifted scene against a scene folder; raises `Refusal` when the folder or the match is not right.

    `freeze_time`: the video that was lifted, where it is another one than the folder's; its frame k is camera k too.
    Only the fit to it is taken from it: what moves, and the photo of a view, are the folder's. `judge`: says what it
    thinks of a video and its prompt; None: nobody is asked.
    """
    entries = read_entries(scene_dir)
    truth, freeze, reference = (
        _floats(read_frames(scene_dir / name)) for name in ("held_out.mp4", "freeze_time.mp4", "reference.mp4")
    )
    lifted = freeze if freeze_time is None else _floats(read_frames(freeze_time))
    for entry in entries:
        if not (0 <= entry.frame < len(truth) and 0 <= entry.camera_freeze_frame < len(freeze)):
            raise Refusal(f"{scene_dir / 'scene.json'} names frame {entry.frame}, which the videos don't have.")
    studio, net = Studio(snapshot, device), perceptual.installed()
    distance: Distance = (lambda *_: math.nan) if net is None else net.to(device).of
    frames, held_out = _held_out(studio, entries, truth, freeze, distance)
    views = {
        "reference": _reference(studio, reference, distance),
        "freeze_time": _freeze_time(studio, lifted, distance),
        "held_out": held_out,
    }
    static = mean(s.static_lift_psnr for s in frames)
    said = Verdict({}, {}) if judge is None else judge(_film(studio, reference), read_prompt(scene_dir))
    return Evaluation(
        psnr=held_out.psnr,
        ssim=held_out.ssim,
        moving_psnr=held_out.moving_psnr,
        static_lift_psnr=static,
        motion_gain=held_out.psnr - static,
        static_photo_psnr=mean(s.static_photo_psnr for s in frames),
        reference_psnr=views["reference"].psnr,
        freeze_time_psnr=views["freeze_time"].psnr,
        perceptual=held_out.perceptual,
        flicker=held_out.flicker,
        judges=said.figures,
        views=views,
        absent={**({"perceptual": NO_WEIGHTS} if net is None else {}), **said.absent},
        frames=frames,
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


def read_prompt(scene_dir: Path) -> str:
    """What the scene is said to show; empty where scene.json doesn't say it."""
    told = json.loads((scene_dir / "scene.json").read_text()).get("prompt", "")
    return told if isinstance(told, str) else ""


def _film(studio: Studio, reference: Image) -> npt.NDArray[np.uint8]:
    """The scene over all its time from the reference camera, [T, H, W, 3], as people would watch it."""
    scene = studio.snapshot
    view = scene.reference_camera.resized((reference.shape[1], reference.shape[2]))
    pictures = np.stack([studio.picture(scene.at(float(t)), view) for t in scene.temporal.positions])
    return (255 * pictures + 0.5).astype(np.uint8)


def _held_out(
    studio: Studio, entries: Sequence[HeldOut], truth: Image, freeze: Image, distance: Distance
) -> tuple[tuple[FrameScore, ...], ViewScores]:
    scene, home = studio.snapshot, canonical_time(studio.snapshot)
    scores, shown, masks = [], [], []
    for entry in entries:
        goal = truth[entry.frame]
        camera = studio.camera(entry.camera_freeze_frame, (goal.shape[0], goal.shape[1]))
        photo = _matched(freeze[entry.camera_freeze_frame], goal)
        image = studio.picture(scene.at(entry.reference_frame), camera)
        still = studio.picture(scene.at(home), camera)
        shown.append(image)
        masks.append(measures.moving(goal, photo))
        scores.append(
            FrameScore(
                entry.frame, entry.camera_freeze_frame, entry.reference_frame, psnr(image, goal),
                mean_ssim(image, goal), psnr(still, goal), psnr(photo, goal), distance(image, goal),
            )
        )  # fmt: skip
    goals = [truth[entry.frame] for entry in entries]
    return tuple(scores), ViewScores(
        views=len(scores),
        psnr=mean(s.psnr for s in scores),
        ssim=mean(s.ssim for s in scores),
        perceptual=mean(s.perceptual for s in scores),
        moving_psnr=measures.pooled_psnr(shown, goals, masks),
        flicker=_held_flicker(entries, [a - b for a, b in zip(shown, goals, strict=True)]),
    )


def _held_flicker(entries: Sequence[HeldOut], errors: Sequence[Image]) -> float:
    """Over the cameras that were held out at three times or more, each weighing by its pictures."""
    squares, counts = 0.0, 0
    for camera in {entry.camera_freeze_frame for entry in entries}:
        at = {e.reference_frame: x for e, x in zip(entries, errors, strict=True) if e.camera_freeze_frame == camera}
        times = sorted(at)
        if len(times) >= 3:
            squares += (len(times) - 2) * measures.flicker([at[t] for t in times], times) ** 2
            counts += len(times) - 2
    return math.sqrt(squares / counts) if counts else math.nan


def _reference(studio: Studio, reference: Image, distance: Distance) -> ViewScores:
    """The scene at every reference frame that was lifted, seen from the reference camera."""
    scene = studio.snapshot
    lifted = scene.info.get("reference_frames", range(len(reference)))
    frames = [int(t) for t in lifted if 0 <= int(t) < len(reference)]
    view = scene.reference_camera.resized((reference.shape[1], reference.shape[2]))
    home = int(canonical_time(scene))
    shown = [studio.picture(scene.at(t), view) for t in frames]
    goals = [reference[t] for t in frames]
    masks = [measures.moving(x, reference[home]) for x in goals] if 0 <= home < len(reference) else None
    errors = [a - b for a, b in zip(shown, goals, strict=True)]
    return _scores(shown, goals, distance, masks, measures.flicker(errors, frames))


def _freeze_time(studio: Studio, freeze: Image, distance: Distance) -> ViewScores:
    """Every lifted freeze-time frame from its tuned camera, per-frame deformation on."""
    size = (freeze.shape[1], freeze.shape[2])
    frames = sorted(k for k in studio.snapshot.freeze_cameras if 0 <= k < len(freeze))
    cameras = [studio.camera(k, size) for k in frames]
    drawn = [
        studio.picture_and_depth(studio.snapshot.as_seen_in(k), camera)
        for k, camera in zip(frames, cameras, strict=True)
    ]
    shown, depths = [image for image, _ in drawn], [depth for _, depth in drawn]
    goals = [freeze[k] for k in frames]
    errors = [a - b for a, b in zip(shown, goals, strict=True)]
    return _scores(shown, goals, distance, None, measures.view_flicker(errors, cameras, depths))


def _scores(
    shown: Sequence[Image], goals: Sequence[Image], distance: Distance, masks: Sequence[measures.Mask] | None,
    flicker: float,
) -> ViewScores:  # fmt: skip
    def pairs() -> Iterator[tuple[Image, Image]]:
        return zip(shown, goals, strict=True)

    return ViewScores(
        views=len(shown),
        psnr=mean(psnr(a, b) for a, b in pairs()),
        ssim=mean(mean_ssim(a, b) for a, b in pairs()),
        perceptual=mean(distance(a, b) for a, b in pairs()),
        moving_psnr=math.nan if masks is None else measures.pooled_psnr(shown, goals, masks),
        flicker=flicker,
    )


def canonical_time(scene: Snapshot) -> float:
    """The scene time of the shared moment, reference frames."""
    return float(scene.info.get("canonical_reference_frame", 0))


def _matched(photo: Image, goal: Image) -> Image:
    if photo.shape == goal.shape:
        return photo
    sized = resize((photo[None] * 255).round().astype(np.uint8), (goal.shape[0], goal.shape[1]))
    first: Image = _floats(sized)[0]
    return first


def _floats(frames: npt.NDArray[np.uint8]) -> Image:
    scaled: Image = frames.astype(np.float32) / np.float32(255.0)
    return scaled
