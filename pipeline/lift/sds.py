"""Video score distillation as regression to the denoised video (Eq. 4-6).

No gradient flows through a model: the target is detached, so the gradient of Eq. 6 with respect to the render is
x - x0_hat up to a factor, which is the textbook score distillation gradient in any parameterisation (tested for DDPM,
EDM, Snap Video and rectified flow). A `Teacher` makes the targets: one step of a pixel-space prior (Eq. 5), or several
conditioned steps of any model, whose answer then serves for some looks ("denoise then regress").

A look is a pure function of the seed, the row and the step. Colours are in [0, 1] here and in [-1, 1] for models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.generate.provider import VideoPrior, VideoRefiner
from pipeline.lift.footage import Footage
from pipeline.lift.schedule import MULTI_VIEW_SDS, TEMPORAL_SDS, Distillation, Phase
from pipeline.lift.views import (
    VirtualVideo,
    Window,
    canonical_views,
    frozen_views,
    passing_time,
    sampled_window,
    seen_through,
)
from renderer.camera import Camera
from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch

RHO = 7.0
"""Exponent of EDM's noise levels: most of them are small."""
REFINED_STEPS, REFINED_REUSE = 4, 8
"""At least so many steps, and looks at what they made, for models that answer slowly."""
CONTEXTS = {MULTI_VIEW_SDS: "freeze_time", TEMPORAL_SDS: "dynamic"}
"""Which data set's videos (section 3.2) a video of this kind should look like."""

Show = Callable[[float | None], ActiveSplats]
"""The scene at a reference time, None for the canonical one; gradients reach what the row trains."""


def annealed_time(share: float, how: Distillation) -> float:
    """t of HiFA after `share` of a row: t_max - (t_max - t_min) sqrt(share)."""
    return how.t_max - (how.t_max - how.t_min) * float(np.sqrt(min(max(share, 0.0), 1.0)))


def sigma_at(time: float, sigma_range: tuple[float, float]) -> float:
    """The noise level at `time` in [0, 1] between the smallest and the largest one (EDM, Eq. 5, read backwards)."""
    low, high = (sigma ** (1.0 / RHO) for sigma in sigma_range)
    return float((low + time * (high - low)) ** RHO)


def distillation_loss(video: Tensor, target: Tensor) -> Tensor:
    """Eq. 6 for video and target [B, 3, T, h, w]: mean square over all frames but the first, which is given."""
    return (video - target.detach())[:, :, 1:].square().mean()


class Teacher(Protocol):
    """What a rendered video is to look like. It may be asked in another process or on another machine."""

    @property
    def n_frames(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px of the videos that it judges."""
        ...

    def target(self, video: Tensor, time: float, context: str, seed: int) -> Tensor:
        """The clean video [1, 3, T, h, w] near `video`, both in [-1, 1], whose first frame is given as it must be.

        `time` in [0, 1] says how far from `video` it may go; the same arguments, the same answer.
        """
        ...


class OneStep:
    """Eq. 5: noise is added once and taken away in one step."""

    def __init__(self, prior: VideoPrior, prompt: str = "") -> None:
        self.prior, self.prompt = prior, prompt
        self.n_frames, self.size = prior.n_frames, prior.size

    @torch.no_grad()
    def target(self, video: Tensor, time: float, context: str, seed: int) -> Tensor:
        """See `Teacher`."""
        sigma = video.new_full((len(video),), sigma_at(time, self.prior.sigma_range))
        return denoised(self.prior, video + sigma * noise_like(video, seed), sigma, video, self.prompt, context)


class SeveralSteps:
    """A deterministic descent from the same noise in `steps` steps (EDM's Euler), each with the first frame given."""

    def __init__(self, prior: VideoPrior, steps: int, prompt: str = "") -> None:
        self.prior, self.prompt, self.steps = prior, prompt, steps
        self.n_frames, self.size = prior.n_frames, prior.size

    @torch.no_grad()
    def target(self, video: Tensor, time: float, context: str, seed: int) -> Tensor:
        """See `Teacher`."""
        levels = [sigma_at(t, self.prior.sigma_range) for t in np.linspace(time, 0.0, self.steps + 1)]
        z = video + levels[0] * noise_like(video, seed)
        for sigma, after in zip(levels[:-1], [*levels[1:-1], 0.0], strict=True):
            x0 = denoised(self.prior, z, video.new_full((len(video),), sigma), video, self.prompt, context)
            z = x0 + (after / sigma) * (z - x0)
        return z


class Refined:
    """A model that redoes videos by itself, as latent ones do: its own noise, its own steps."""

    def __init__(self, refiner: VideoRefiner, steps: int, prompt: str = "") -> None:
        self.refiner, self.steps, self.prompt = refiner, steps, prompt
        self.n_frames, self.size = refiner.n_frames, refiner.size

    @torch.no_grad()
    def target(self, video: Tensor, time: float, context: str, seed: int) -> Tensor:
        """See `Teacher`."""
        return self.refiner.refine(video, time, self.steps, self.prompt, context, seed)


def teacher_of(model: VideoPrior | VideoRefiner, how: Distillation, prompt: str = "") -> Teacher:
    """The teacher that a row's settings make of a model."""
    if isinstance(model, VideoRefiner):
        return Refined(model, how.steps, prompt)
    return OneStep(model, prompt) if how.steps == 1 else SeveralSteps(model, how.steps, prompt)


def denoised(prior: VideoPrior, noisy: Tensor, sigma: Tensor, given: Tensor, prompt: str, context: str) -> Tensor:
    """The prior's x0 of `noisy` when the first frame of `given` is known (f_denoise of Eq. 5)."""
    mask = torch.zeros(noisy.shape[0], noisy.shape[2], dtype=torch.bool, device=noisy.device)
    mask[:, 0] = True
    known = given * mask[:, None, :, None, None]
    return prior.denoise(noisy, sigma, known, mask, prompt, context)


def noise_like(video: Tensor, seed: int) -> Tensor:
    """Unit Gaussian noise that is the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(video.shape, generator=generator, dtype=torch.float32).to(video)


@dataclass(eq=False)
class Lesson:
    """A row's virtual video, the window that is seen of it, its target in [0, 1], and how many looks are left of it."""

    row: int
    video: VirtualVideo
    window: Window
    target: Tensor
    left: int


class Distiller:
    """Chooses videos, asks the model, and gives the trainer Eq. 6. It holds no random state, only current lessons."""

    def __init__(self, model: VideoPrior | VideoRefiner, seed: int, prompt: str = "") -> None:
        self.model, self.seed, self.prompt = model, seed, prompt
        self.lessons: dict[str, Lesson] = {}
        self.times: tuple[float, ...] = ()

    def terms(
        self, phase: Phase, row: int, step: int, film: Footage, cameras: Callable[[], Sequence[Camera]], show: Show
    ) -> dict[str, Tensor]:
        """The loss of this step by its name, unweighted; nothing where this step doesn't distil.

        `row`: the phase's place in its table. `cameras`: of the freeze-time frames, as tuned by now. Afterwards `times`
        are the reference times that were looked at.
        """
        kind, self.times = kind_at(phase, step, film), ()
        if kind is None:
            return {}
        how = self._how(phase)
        lesson = self.lessons.get(kind)
        if lesson is None or lesson.left == 0 or lesson.row != row:
            lesson = self.lessons[kind] = self._drawn(phase, kind, (row, step), film, cameras(), show)
        lesson.left -= 1
        self.times = tuple(sorted(set(lesson.video.times or ())))
        # The first frame is given and doesn't count, so it isn't drawn.
        seen = pictures(lesson.video, lesson.window, self.model.size, how.supersampling, show, skip=1)
        given = lesson.target[:, :, :1]
        return {kind: distillation_loss(torch.cat([given, seen], 2), lesson.target)}

    def _how(self, phase: Phase) -> Distillation:
        how = phase.distillation or Distillation()
        if not isinstance(self.model, VideoRefiner):
            return how
        return replace(how, steps=max(how.steps, REFINED_STEPS), reuse=max(how.reuse, REFINED_REUSE))

    @torch.no_grad()
    def _drawn(
        self, phase: Phase, kind: str, place: tuple[int, int], film: Footage, cameras: Sequence[Camera], show: Show
    ) -> Lesson:
        how = self._how(phase)
        rng = np.random.default_rng([self.seed, *place])
        choose = passing_time if kind == TEMPORAL_SDS else canonical_views if _is_canonical(phase) else frozen_views
        video = choose(film, cameras, self.model.n_frames, how.radius, rng)
        window = sampled_window(film.size, self.model.size, rng)
        shown = pictures(video, window, self.model.size, how.supersampling, show)
        if (first := first_frame(video, film)) is not None:
            shown[:, :, 0] = shrunk(cut_out(first, window)[None], self.model.size)[:, :, 0]
        share = (place[1] - how.start) / max(phase.steps - how.start, 1)
        teacher = teacher_of(self.model, how, self.prompt)
        seed = int(rng.integers(2**62))
        target = teacher.target(2.0 * shown - 1.0, annealed_time(share, how), CONTEXTS[kind], seed)
        return Lesson(place[0], video, window, (target + 1.0) / 2.0, how.reuse)

    def state(self) -> dict[str, Any]:
        """The lessons that are not over, as tensors and plain values."""
        return {kind: _stored(lesson) for kind, lesson in self.lessons.items() if lesson.left > 0}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        """Go on with the lessons of `state`."""
        self.lessons = {kind: _restored(data, device) for kind, data in state.items()}


def kind_at(phase: Phase, step: int, film: Footage) -> str | None:
    """Which kind of video this step of the row looks at, by turns; None: none."""
    how = phase.distillation or Distillation()
    kinds = [kind for kind in (MULTI_VIEW_SDS, TEMPORAL_SDS) if phase.weights.get(kind, 0.0) > 0.0]
    if len(film.reference_frames) < 2 and TEMPORAL_SDS in kinds:
        kinds.remove(TEMPORAL_SDS)
    if not kinds or step < how.start or (step - how.start) % how.every:
        return None
    return kinds[(step - how.start) // how.every % len(kinds)]


def _is_canonical(phase: Phase) -> bool:
    """Before there is motion, the canonical scene alone is looked at."""
    return phase.views == "freeze-time"


def first_frame(video: VirtualVideo, film: Footage) -> Tensor | None:
    """The real picture [H, W, 3] that stands for the first one; None where the render is the condition itself."""
    if video.freeze_time is not None:
        return film.freeze_images[video.freeze_time]
    return film.reference_images[video.reference] if video.reference is not None else None


def pictures(
    video: VirtualVideo, window: Window, size: tuple[int, int], supersampling: int, show: Show, skip: int = 0
) -> Tensor:
    """Render a video from its picture `skip` on, through the window, at the prior's size: [1, 3, T - skip, h, w]."""
    most = size[0] * supersampling, size[1] * supersampling
    cameras = [seen_through(camera, window, most) for camera in video.cameras[skip:]]
    moments = [None] * len(cameras) if video.times is None else list(video.times[skip:])
    if len(set(moments)) == 1:
        scene = show(moments[0])
        images = rasterize(scene, CameraBatch.of(cameras, scene.means)).image
    else:
        images = torch.cat([_picture(show(t), camera) for t, camera in zip(moments, cameras, strict=True)])
    return shrunk(images, size)


def _picture(scene: ActiveSplats, camera: Camera) -> Tensor:
    return rasterize(scene, CameraBatch.of([camera], scene.means)).image


def shrunk(images: Tensor, size: tuple[int, int]) -> Tensor:
    """[T, H, W, 3] -> [1, 3, T, h, w] by the mean over each new pixel's area."""
    small = functional.interpolate(images.permute(0, 3, 1, 2), size, mode="area")
    return small.permute(1, 0, 2, 3)[None]


def cut_out(image: Tensor, window: Window) -> Tensor:
    """The window's part of a picture [H, W, 3]; over its border the border goes on."""
    rows = torch.arange(window.top, window.top + window.height, device=image.device).clamp(0, image.shape[0] - 1)
    columns = torch.arange(window.left, window.left + window.width, device=image.device).clamp(0, image.shape[1] - 1)
    return image[rows][:, columns]


def _stored(lesson: Lesson) -> dict[str, Any]:
    video, w = lesson.video, lesson.window
    return {
        "row": lesson.row,
        "cameras": [camera.to_json() for camera in video.cameras],
        "times": None if video.times is None else list(video.times),
        "first": [video.freeze_time, video.reference],
        "window": [w.top, w.left, w.height, w.width],
        "target": lesson.target,
        "left": lesson.left,
    }


def _restored(data: dict[str, Any], device: torch.device) -> Lesson:
    times = data["times"] if data["times"] is None else tuple(data["times"])
    video = VirtualVideo(tuple(Camera.from_json(c) for c in data["cameras"]), times, *data["first"])
    return Lesson(data["row"], video, Window(*data["window"]), data["target"].to(device), data["left"])
