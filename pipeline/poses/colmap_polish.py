"""Make a mapped model better: robust adjustment under a profile of focal lengths, fresh tracks. COLMAP child only.

The focal length of a narrow orbit is hardly observable: freed, it drifts to 8 degrees for a gain in the third
digit. So the adjustment is run at a row of focal lengths, and the one that explains the matches best, weighed with
the prior, is kept.
"""

from __future__ import annotations

import pycolmap  # isort: skip

from copy import deepcopy
from dataclasses import dataclass
from math import atan, degrees, log2
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.poses.colmap_features import focal_of, tolerance

Array = npt.NDArray[np.float64]
PROFILE_POINTS = 700
"""Points in the profile: more cost time and move the focal length by less than the fine step."""
PRIOR_WEIGHT = 0.02


@dataclass(frozen=True)
class Observations:
    """A model as arrays: focals [F] and poses [F, 3, 4] of the placed frames, points [P, 3], observations [M]."""

    focals: Array
    size: tuple[int, int]
    frames: npt.NDArray[np.int64]
    poses: Array
    points: Array
    obs_point: npt.NDArray[np.int64]
    obs_frame: npt.NDArray[np.int64]
    obs_xy: Array

    @property
    def focal(self) -> float:
        """The shared focal length in px; the median where frames have their own."""
        return float(np.median(self.focals)) if len(self.focals) else float("nan")

    def errors(self) -> Array:
        """[M] reprojection errors in px; infinite behind the camera. `obs_frame` indexes the spec's names."""
        row = np.searchsorted(self.frames, self.obs_frame)
        pose = self.poses[row]
        local = np.einsum("nij,nj->ni", pose[:, :, :3], self.points[self.obs_point]) + pose[:, :, 3]
        centre = np.array([self.size[1] / 2, self.size[0] / 2])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            pixel = self.focals[row, None] * local[:, :2] / local[:, 2:] + centre
            error = np.linalg.norm(pixel - self.obs_xy, axis=1)
        return np.where((local[:, 2] > 1e-6) & np.isfinite(error), error, np.inf)

    def score(self, pixels: float) -> float:
        """How much of the matches the model explains: each observation counts two, less with its error, each point
        costs its three unknowns."""
        return 2.0 * self.explained(pixels) - 3.0 * len(self.points)

    def explained(self, pixels: float) -> float:
        """How many observations the model explains; one that is off by `0.35 * pixels` counts half."""
        return float((1.0 / (1.0 + np.square(self.errors() / (0.35 * pixels)))).sum())


def fov_of(focal: float, width: int) -> float:
    """Horizontal field of view in degrees."""
    return 2.0 * degrees(atan(0.5 * width / focal))


def gather(model: pycolmap.Reconstruction, names: list[str]) -> Observations:
    """The model's arrays; frames are numbered by their place in `names`."""
    place = {name: i for i, name in enumerate(names)}
    size = next(iter(model.cameras.values()))
    images = sorted((model.image(i) for i in model.reg_image_ids()), key=lambda image: place[image.name])
    keypoints = {image.image_id: (place[image.name], image.points2D) for image in images}
    points: list[Array] = []
    obs_point: list[int] = []
    obs_frame: list[int] = []
    obs_xy: list[Array] = []
    for _, point in sorted(model.points3D.items()):
        for element in point.track.elements:
            frame, points2d = keypoints[element.image_id]
            obs_point.append(len(points))
            obs_frame.append(frame)
            obs_xy.append(points2d[element.point2D_idx].xy)
        points.append(point.xyz)
    poses = [image.cam_from_world().matrix() for image in images]
    return Observations(
        np.array([model.camera(image.camera_id).params[0] for image in images], np.float64),
        (int(size.height), int(size.width)),
        np.array([place[image.name] for image in images], np.int64),
        np.array(poses, np.float64).reshape(-1, 3, 4),
        np.array(points, np.float64).reshape(-1, 3),
        np.array(obs_point, np.int64),
        np.array(obs_frame, np.int64),
        np.array(obs_xy, np.float64).reshape(-1, 2),
    )


def polish(
    spec: dict[str, Any], model: pycolmap.Reconstruction, mapping: pycolmap.IncrementalPipelineOptions, out: Path
) -> pycolmap.Reconstruction:
    """Profile the focal length, triangulate afresh with it, adjust robustly, drop what does not fit."""
    pixels = tolerance(spec["size"])
    for step in spec["profile"]:
        model = pycolmap.triangulate_points(
            _best_focal(spec, thinned(model), step),
            spec["database"],
            spec["frames_dir"],
            out,
            clear_points=True,
            options=mapping,
        )
        adjust(model, pixels, 40)
        pycolmap.ObservationManager(model).filter_all_points3D(pixels, 0.5)
    return model


def thinned(model: pycolmap.Reconstruction, points: int = PROFILE_POINTS) -> pycolmap.Reconstruction:
    """A copy with the points of the longest tracks only: they decide the focal length, and the profile is quick."""
    thin = deepcopy(model)
    ranked = sorted(thin.points3D.items(), key=lambda item: (-item[1].track.length(), item[0]))
    for point_id, _ in ranked[points:]:
        thin.delete_point3D(point_id)
    return thin


def _best_focal(spec: dict[str, Any], model: pycolmap.Reconstruction, step: float) -> pycolmap.Reconstruction:
    """Walk the field of view up and down in ratios of `step` while the score grows, then to the top between steps."""
    width = spec["size"][1]
    low, high = spec["fov_limits"]
    start = min(max(fov_of(float(next(iter(model.cameras.values())).params[0]), width), low), high)
    best, best_score = _at_fov(spec, model, start)
    scores, at = {0: best_score}, 0
    for way in (1, -1):
        place, current = way, best
        while low <= start * step**place <= high:
            current, scores[place] = _at_fov(spec, current, start * step**place)
            if scores[place] <= best_score:
                break
            best, best_score, at = current, scores[place], place
            place += way
        if at > 0:
            break
    between = _vertex(scores, at)
    if between != at:
        finer, score = _at_fov(spec, best, start * step**between)
        if score > best_score:
            return finer
    return best


def _vertex(scores: dict[int, float], at: int) -> float:
    """Where the parabola through the best score and its two neighbours peaks; `at` itself at an end."""
    if at - 1 not in scores or at + 1 not in scores:
        return at
    left, middle, right = scores[at - 1], scores[at], scores[at + 1]
    bend = left - 2.0 * middle + right
    return at + 0.5 * (left - right) / bend if bend < 0 else at


def _at_fov(spec: dict[str, Any], model: pycolmap.Reconstruction, fov: float) -> tuple[pycolmap.Reconstruction, float]:
    changed = deepcopy(model)
    pixels, width = tolerance(spec["size"]), spec["size"][1]
    for camera in changed.cameras.values():
        camera.params = [focal_of(fov, width), camera.width / 2, camera.height / 2]
    adjust(changed, pixels, 25)
    octaves = log2(fov / spec["prior_fov"])
    score = gather(changed, spec["names"]).score(pixels)
    return changed, score * (1.0 - PRIOR_WEIGHT * octaves * octaves)


def adjust(model: pycolmap.Reconstruction, pixels: float, iterations: int, lens: bool = False) -> None:
    """Bundle adjustment with a Cauchy loss: what still moves must not drag the cameras. The focal length is held unless
    `lens`."""
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_focal_length = lens
    options.refine_extra_params = False
    options.print_summary = False
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.loss_function_scale = 0.35 * pixels
    options.ceres.solver_options.max_num_iterations = iterations
    options.ceres.solver_options.num_threads = 1
    pycolmap.bundle_adjustment(model, options)
