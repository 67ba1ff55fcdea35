"""Search for the cameras: COLMAP's mapper under several fixed focal lengths, then polish the best. COLMAP child only.

Plain COLMAP frees the focal length from the first pair on; on small generated frames it then stops at two frames with
5 degrees of field of view, or ends anywhere. With the focal length held, each try takes seconds and places every
frame; which focal length explains the matches best is decided afterwards, on all frames together.
"""

from __future__ import annotations

import pycolmap  # isort: skip

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipeline.poses.colmap_features import focal_of, tolerance
from pipeline.poses.colmap_known import known, register_rest
from pipeline.poses.colmap_lens import own_lenses, settle, zoom_of
from pipeline.poses.colmap_polish import Observations, adjust, fov_of, gather, polish

POLISHED = 1
"""How many of the tries are polished: the profile of focal lengths leads them to the same end."""
SNAPSHOTS = 8
"""How often one try shows how far it is."""
PRIOR_WEIGHT = 0.02
"""Share of the score lost an octave away from the prior field of view: decides only where the matches do not."""


class Told(Protocol):
    def step(self, step: int, text: str) -> None: ...

    def cameras(self, found: Observations) -> None: ...


@dataclass(frozen=True)
class Solution:
    """The best model: what the parent needs, in COLMAP's pose convention (camera from world)."""

    attempt: str
    zoom: float
    observations: Observations

    def arrays(self) -> dict[str, Any]:
        o = self.observations
        return {
            "attempt": np.frombuffer(self.attempt.encode(), np.uint8),
            "zoom": np.float64(self.zoom),
            "focals": o.focals,
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
    """Map as the rung says, choose, polish, look at the lens; None when nothing placed three frames."""
    if spec["known"]:
        best = _around_known(spec)
    else:
        candidates = _global(spec) if spec["mapper"] == "global" else _tries(spec, tell)
        if not candidates:
            return None
        ranked = sorted(candidates, key=lambda c: _rank(spec, c), reverse=True)
        tell.cameras(ranked[0].observations)
        tell.step(len(spec["fields_of_view"]), "refining cameras")
        polished = [p for c in ranked[:POLISHED] if (p := _polished(spec, c)) is not None]
        best = _best(spec, [*polished, ranked[0]])
    if best is None:
        return None
    tell.step(len(spec["fields_of_view"]) + 1, "looking at the lens")
    zoom, ramp = zoom_of(spec, best.model)
    if spec["per_frame_focal"]:
        found = _candidates(spec, best.attempt, {0: own_lenses(spec, best.model, ramp)})
        best = found[0] if found else best
    return Solution(best.attempt, zoom, best.observations)


def _tries(spec: dict[str, Any], tell: Told) -> list[Candidate]:
    candidates: list[Candidate] = []
    with ThreadPoolExecutor(spec["threads"]) as pool:
        watched = spec["fields_of_view"][len(spec["fields_of_view"]) // 2]
        tries = pool.map(lambda fov: _incremental(spec, fov, tell if fov == watched else None), spec["fields_of_view"])
        for step, found in enumerate(tries):
            candidates += found
            tell.step(step, "placing cameras")
    return candidates


def _around_known(spec: dict[str, Any]) -> Candidate | None:
    """Cameras that are known already stay where they are, or are where the adjustment starts; the rest joins them."""
    attempt, options = spec["known"]["attempt"], mapper_options(spec)
    model = known(spec, options, _fresh(spec, "known"))
    held = spec["known"]["held"]
    if not held:
        for _ in range(2):
            adjust(model, 2.0 * tolerance(spec["size"]), 100)
            model = _again(spec, model, options)
    model = register_rest(spec, model, options, _fresh(spec, "rest"), hold=held)
    if not held:
        model = polish(spec, model, options, _fresh(spec, "polish"))
    found = _candidates(spec, attempt, {0: model})
    return found[0] if found else None


def _again(
    spec: dict[str, Any], model: pycolmap.Reconstruction, options: pycolmap.IncrementalPipelineOptions
) -> pycolmap.Reconstruction:
    return pycolmap.triangulate_points(
        model, spec["database"], spec["frames_dir"], _fresh(spec, "again"), clear_points=True, options=options
    )


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


def _incremental(spec: dict[str, Any], fov: float, watcher: Told | None) -> list[Candidate]:
    """One try; tries run beside each other, so each has a database of its own to write its focal length into."""
    attempt = f"{fov:g} degrees"
    pycolmap.set_random_seed(spec["seed"])
    database = _with_focal(spec, attempt, focal_of(fov, spec["size"][1]))
    options, callback = mapper_options(spec), None
    if watcher is not None:
        options.snapshot_path = _fresh(spec, "seen")
        options.snapshot_frames_freq = max(1, len(spec["names"]) // SNAPSHOTS)
        callback = _watch(spec, options.snapshot_path, watcher)
    models = pycolmap.incremental_mapping(
        database, spec["frames_dir"], _fresh(spec, attempt), options=options, next_image_callback=callback
    )
    return _candidates(spec, attempt, models)


def _watch(spec: dict[str, Any], folder: Path, watcher: Told) -> Callable[[], None]:
    """Shows each new snapshot once; called by the mapper between two frames, when what it wrote is whole."""
    shown: set[Path] = set()

    def look() -> None:
        fresh = sorted(set(folder.iterdir()) - shown)
        if fresh:
            shown.update(fresh)
            watcher.cameras(gather(pycolmap.Reconstruction(fresh[-1]), spec["names"]))

    return look


def _global(spec: dict[str, Any]) -> list[Candidate]:
    """GLOMAP at the focal length that the view graph asks for, which it then refines."""
    database = _with_focal(spec, "global", focal_of(spec["prior_fov"], spec["size"][1]), certain=False)
    calibration = pycolmap.ViewGraphCalibrationOptions()
    calibration.random_seed = spec["seed"]
    pycolmap.calibrate_view_graph(database, calibration)
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = 1
    options.random_seed = spec["seed"]
    options.mapper.global_positioning.use_gpu = False
    options.mapper.bundle_adjustment.ceres.use_gpu = False
    models = pycolmap.global_mapping(database, spec["frames_dir"], _fresh(spec, "global"), options=options)
    return _candidates(spec, "global", models)


def _polished(spec: dict[str, Any], candidate: Candidate) -> Candidate | None:
    """Polish; frames that the mapper lost are tried again with the better focal length; the lens is looked at."""
    options = mapper_options(spec)
    model = polish(spec, candidate.model, options, _fresh(spec, "polish"))
    if model.num_reg_images() < len(spec["names"]):
        more = register_rest(spec, model, options, _fresh(spec, "rest"))
        if more.num_reg_images() > model.num_reg_images():
            model = polish(spec, more, options, _fresh(spec, "polish"))
    if fov_of(gather(model, spec["names"]).focal, spec["size"][1]) > spec["prior_fov"]:
        model = settle(spec, model, options, _fresh(spec, "settle"))
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


def _with_focal(spec: dict[str, Any], attempt: str, focal: float, certain: bool = True) -> Path:
    """A copy of the database whose camera has this focal length."""
    path = Path(spec["models_dir"]) / f"{attempt}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(spec["database"], path)
    database = pycolmap.Database.open(path)
    try:
        for camera in database.read_all_cameras():
            camera.params = [focal, camera.width / 2, camera.height / 2]
            camera.has_prior_focal_length = certain
            database.update_camera(camera)
    finally:
        database.close()
    return path


def _fresh(spec: dict[str, Any], attempt: str) -> Path:
    folder = Path(spec["models_dir"]) / attempt
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
