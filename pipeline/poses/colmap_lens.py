"""The lens of a polished model: freed where the matches know better, one per frame where the camera zooms. COLMAP child
only.

The profile of focal lengths leans on the prior, and on points that were kept because they fitted it. Wide videos show
their focal length plainly: there, freed and triangulated afresh in turn, it converges from anywhere, and is believed.
"""

from __future__ import annotations

import pycolmap  # isort: skip

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.poses.colmap_features import tolerance
from pipeline.poses.colmap_polish import Array, adjust, fov_of, gather, thinned

ROUNDS = 3
BELIEVED_STEP = 1.1
"""A free focal length nearer than this to the profile's says nothing that the profile did not."""
MIN_KEPT = 0.97
"""And it may not explain less of the matches than this share of what the profile's does."""
ZOOM_GAIN = 0.03
"""Share of the matches that lenses of their own must explain more: at most 2.2 % without a zoom, 4 to 11 % with one."""
ZOOM_RATIO = 1.05
ZOOM_STARTS = (1.0, 2.0 / 3.0, 1.5)
ZOOM_POINTS = 300
ZOOM_WINDOW = 5
"""Frames over which the focal lengths' median runs: a zoom is a trend."""


def settle(
    spec: dict[str, Any], model: pycolmap.Reconstruction, mapping: pycolmap.IncrementalPipelineOptions, out: Path
) -> pycolmap.Reconstruction:
    """The model with the focal length that the matches ask for when they are sure, `model` itself otherwise."""
    pixels, width = tolerance(spec["size"]), spec["size"][1]
    before = gather(model, spec["names"])
    free, last = pycolmap.Reconstruction(model), before.focal
    for _ in range(ROUNDS):
        adjust(free, pixels, 100, lens=True)
        if not _sane(spec, free):
            return model
        free = pycolmap.triangulate_points(
            free, spec["database"], spec["frames_dir"], out, clear_points=True, options=mapping
        )
        adjust(free, pixels, 100, lens=True)
        if not _sane(spec, free):
            return model
        pycolmap.ObservationManager(free).filter_all_points3D(pixels, 0.5)
        found = gather(free, spec["names"])
        if abs(np.log(found.focal / last)) < 0.005:
            break
        last = found.focal
    sure = abs(np.log(found.focal / before.focal)) > np.log(BELIEVED_STEP)
    explains = found.score(pixels) >= MIN_KEPT * before.score(pixels) and len(found.frames) == len(before.frames)
    low, high = spec["fov_limits"]
    return free if sure and explains and low < fov_of(found.focal, width) < high else model


def _sane(spec: dict[str, Any], model: pycolmap.Reconstruction) -> bool:
    focal = float(next(iter(model.cameras.values())).params[0])
    return bool(np.isfinite(focal)) and 10.0 < fov_of(focal, spec["size"][1]) < 140.0


def own_lenses(spec: dict[str, Any], model: pycolmap.Reconstruction, ramp: float = 1.0) -> pycolmap.Reconstruction:
    """A copy in which each frame has a focal length of its own, adjusted with everything else.

    They start where the last is `ramp` times the first: a zoom that the cameras' motion has been bent to explain is not
    found from equal ones.
    """
    pixels, copy, last = tolerance(spec["size"]), pycolmap.Reconstruction(), max(len(spec["names"]) - 1, 1)
    shared = next(iter(model.cameras.values()))
    for number in sorted(model.reg_image_ids()):
        image = model.image(number)
        focal = shared.params[0] * ramp ** (spec["names"].index(image.name) / last - 0.5)
        camera = pycolmap.Camera(
            model=shared.model,
            width=shared.width,
            height=shared.height,
            params=[focal, shared.width / 2, shared.height / 2],
            camera_id=number,
        )
        copy.add_camera_with_trivial_rig(camera)
        points = np.array([point.xy for point in image.points2D])
        own = pycolmap.Image(name=image.name, keypoints=points, camera_id=number, image_id=number)
        copy.add_image_with_trivial_frame(own, image.cam_from_world())
    for _, point in sorted(model.points3D.items()):
        copy.add_point3D(point.xyz, point.track)
    if ramp != 1.0:
        adjust(copy, 2.0 * pixels, 30)
    adjust(copy, pixels, 100, lens=True)
    return copy


def zoom_of(spec: dict[str, Any], model: pycolmap.Reconstruction) -> tuple[float, float]:
    """How far the lens zooms, longest over shortest focal length (1: not at all), and the ramp that found it."""
    pixels, thin = tolerance(spec["size"]), thinned(model, ZOOM_POINTS)
    adjust(thin, pixels, 25)
    shared = gather(thin, spec["names"]).explained(pixels)
    with ThreadPoolExecutor(spec["threads"]) as pool:
        tried = list(pool.map(lambda ramp: gather(own_lenses(spec, thin, ramp), spec["names"]), ZOOM_STARTS))
    gains = [own.explained(pixels) for own in tried]
    best, found, own = max(zip(gains, ZOOM_STARTS, tried, strict=True), key=lambda row: row[0])
    ratio = float(np.exp(np.ptp(_running_median(np.log(np.maximum(own.focals, 1e-9))))))
    sys.stderr.write(f"own lenses: gain {best / max(shared, 1e-9) - 1.0:.3f}, zoom {ratio:.2f}\n")
    zooms = best > (1.0 + ZOOM_GAIN) * max(shared, 0.0) and ratio > ZOOM_RATIO
    return (ratio if zooms else 1.0), found


def _running_median(values: Array) -> Array:
    half = ZOOM_WINDOW // 2
    return np.array([np.median(values[max(0, k - half) : k + half + 1]) for k in range(len(values))])
