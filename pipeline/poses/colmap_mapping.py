"""Search for the cameras: COLMAP's mapper under several fixed focal lengths, then polish the best. COLMAP child only.

Plain COLMAP frees the focal length from the first pair on; on small generated frames it then stops at two frames with
5 degrees of field of view, or ends anywhere. With the focal length held, each try takes seconds and places every
frame; which focal length explains the matches best is decided afterwards, on all frames together.
"""

from __future__ import annotations

import pycolmap  # isort: skip

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipeline.poses.colmap_features import focal_of, tolerance
from pipeline.poses.colmap_polish import Observations, fov_of, gather, polish

POLISHED = 1
"""How many of the tries are polished: the profile of focal lengths leads them to the same end."""
PRIOR_WEIGHT = 0.02
"""Share of the score lost an octave away from the prior field of view: decides only where the matches do not."""


class Told(Protocol):
    def __call__(self, step: int, text: str) -> None: ...


@dataclass(frozen=True)
class Solution:
    """The best model: what the parent needs, in COLMAP's pose convention (camera from world)."""

    attempt: str
    focal: float
    observations: Observations

    def arrays(self) -> dict[str, Any]:
        o = self.observations
        return {
            "attempt": np.frombuffer(self.attempt.encode(), np.uint8),
            "focal": np.float64(self.focal),
            "frames": o.frames,
            "camera_from_world": o.poses,
            "points": o.points,
            "obs_point": o.obs_point,
            "obs_frame": o.obs_frame,
            "obs_xy": o.obs_xy,
        }


@dataclass(frozen=True)
class Candidate:
    attempt: str
    model: pycolmap.Reconstruction
    observations: Observations
    score: float


def search(spec: dict[str, Any], tell: Told) -> Solution | None:
    """Map, choose, polish; None when no try placed three frames."""
    candidates: list[Candidate] = []
    with ThreadPoolExecutor(spec["threads"]) as pool:
        tries = pool.map(lambda fov: _incremental(spec, fov), spec["fields_of_view"])
        for step, found in enumerate(tries):
            candidates += found
            tell(step, "placing cameras")
    if not candidates or _registered(_best(spec, candidates)) < 0.95 * len(spec["names"]):
        candidates += _global(spec)
    if not candidates:
        return None
    ranked = sorted(candidates, key=lambda c: _rank(spec, c), reverse=True)
    tell(len(spec["fields_of_view"]) + 1, "refining cameras")
    polished = [p for c in ranked[:POLISHED] if (p := _polished(spec, c)) is not None]
    best = _best(spec, polished or ranked)
    return Solution(best.attempt, best.observations.focal, best.observations)


def _registered(candidate: Candidate) -> int:
    return len(candidate.observations.frames)


def _rank(spec: dict[str, Any], candidate: Candidate) -> tuple[int, float]:
    """Frames placed (in steps of a twentieth), then how well the matches are explained, then the prior."""
    steps = round(20 * _registered(candidate) / len(spec["names"]))
    octaves = log2(fov_of(candidate.observations.focal, spec["size"][1]) / spec["prior_fov"])
    return steps, candidate.score * (1.0 - PRIOR_WEIGHT * octaves * octaves)


def _best(spec: dict[str, Any], candidates: list[Candidate]) -> Candidate:
    return max(candidates, key=lambda c: _rank(spec, c))


def _candidates(spec: dict[str, Any], attempt: str, models: dict[int, pycolmap.Reconstruction]) -> list[Candidate]:
    found = []
    for model in models.values():
        observations = gather(model, spec["names"])
        if len(observations.frames) >= 3 and len(observations.points) >= 20:
            found.append(Candidate(attempt, model, observations, observations.score(tolerance(spec["size"]))))
    return found


def _incremental(spec: dict[str, Any], fov: float) -> list[Candidate]:
    """One try; tries run beside each other, so each has a database of its own to write its focal length into."""
    attempt = f"{fov:g} degrees"
    pycolmap.set_random_seed(spec["seed"])
    database = _with_focal(spec, attempt, focal_of(fov, spec["size"][1]))
    models = pycolmap.incremental_mapping(
        database, spec["frames_dir"], _fresh(spec, attempt), options=mapper_options(spec)
    )
    return _candidates(spec, attempt, models)


def _global(spec: dict[str, Any]) -> list[Candidate]:
    """GLOMAP at the prior focal length, which it then refines."""
    database = _with_focal(spec, "global", focal_of(spec["prior_fov"], spec["size"][1]))
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = 1
    options.random_seed = spec["seed"]
    options.mapper.global_positioning.use_gpu = False
    options.mapper.bundle_adjustment.ceres.use_gpu = False
    models = pycolmap.global_mapping(database, spec["frames_dir"], _fresh(spec, "global"), options=options)
    return _candidates(spec, "global", models)


def _polished(spec: dict[str, Any], candidate: Candidate) -> Candidate | None:
    model = polish(spec, candidate.model, mapper_options(spec), _fresh(spec, "polish"))
    found = _candidates(spec, candidate.attempt, {0: model})
    return found[0] if found else None


def mapper_options(spec: dict[str, Any]) -> pycolmap.IncrementalPipelineOptions:
    """Fixed focal length, tolerances that suit small frames, small angles allowed."""
    frames, pixels = len(spec["names"]), tolerance(spec["size"])
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1  # with more the sums come in any order, and the same input gives other cameras
    options.random_seed = spec["seed"]
    options.multiple_models = True
    options.max_num_models = 2
    options.min_model_size = max(3, frames // 2)
    options.init_num_trials = 20
    options.max_runtime_seconds = spec["max_seconds"]
    options.ba_refine_focal_length = False
    options.ba_refine_extra_params = False
    options.extract_colors = False
    # The polish adjusts to the last digit; here a rough agreement places the next frame just as well, sooner.
    options.ba_global_frames_ratio = options.ba_global_points_ratio = 1.3
    options.ba_global_max_refinements = 2
    options.ba_global_max_num_iterations = 20
    options.ba_global_function_tolerance = 1e-4
    options.ba_local_max_refinements = 1
    mapper, triangulation = options.mapper, options.triangulation
    mapper.random_seed = triangulation.random_seed = spec["seed"]
    mapper.abs_pose_refine_focal_length = False
    mapper.init_min_tri_angle = 4.0
    mapper.init_min_num_inliers = 30
    mapper.init_max_error = pixels
    mapper.abs_pose_max_error = 2.0 * pixels
    mapper.abs_pose_min_num_inliers = 15
    mapper.abs_pose_min_inlier_ratio = 0.15
    mapper.filter_max_reproj_error = pixels
    mapper.filter_min_tri_angle = 0.7
    triangulation.min_angle = 0.7
    triangulation.merge_max_reproj_error = pixels
    triangulation.complete_max_reproj_error = pixels
    triangulation.ignore_two_view_tracks = False
    return options


def _with_focal(spec: dict[str, Any], attempt: str, focal: float) -> Path:
    """A copy of the database whose camera has this focal length."""
    path = Path(spec["models_dir"]) / f"{attempt}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(spec["database"], path)
    database = pycolmap.Database.open(path)
    try:
        for camera in database.read_all_cameras():
            camera.params = [focal, camera.width / 2, camera.height / 2]
            camera.has_prior_focal_length = True
            database.update_camera(camera)
    finally:
        database.close()
    return path


def _fresh(spec: dict[str, Any], attempt: str) -> Path:
    folder = Path(spec["models_dir"]) / attempt
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
