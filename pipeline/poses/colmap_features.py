"""Features and matches of a freeze-time video, in COLMAP's database. Runs in the COLMAP child only.

SIFT with affine shape and domain-size pooling on a twice or four times magnified octave: small generated frames have
soft detail. No guided matching: on generated frames it adds matches that are almost right, and the mapper breaks on
them.
"""

from __future__ import annotations

import pycolmap  # isort: skip

from dataclasses import dataclass, field
from math import radians, tan
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

EXHAUSTIVE_FRAMES = 80
"""Above this the pairs of all with all cost minutes; neighbours and powers of two are matched instead."""
SMALL_SIDE = 400
"""Frames with no side longer than this are magnified four times for SIFT, others twice."""


class Told(Protocol):
    def __call__(self) -> None: ...


@dataclass(frozen=True)
class Matches:
    """What matching found; `fault` is empty when mapping is worth trying."""

    fault: str = ""
    figures: dict[str, float] = field(default_factory=dict)


def focal_of(fov: float, width: int) -> float:
    """Focal length in px of a horizontal field of view in degrees."""
    return 0.5 * width / tan(0.5 * radians(fov))


def tolerance(size: tuple[int, int]) -> float:
    """The reprojection error in px that counts as an outlier: COLMAP's 4 px are meant for photographs."""
    return max(1.5, 4.0 * max(size) / 1024.0)


def extract_and_match(spec: dict[str, Any], matching: Told) -> Matches:
    """Fill the database named in `spec`; calls `matching` between the two halves."""
    height, width = spec["size"]
    reader = pycolmap.ImageReaderOptions(
        camera_model="SIMPLE_PINHOLE",
        camera_params=f"{focal_of(spec['prior_fov'], width)},{width / 2},{height / 2}",
    )
    pycolmap.extract_features(
        spec["database"],
        spec["frames_dir"],
        image_names=spec["names"],
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=reader,
        extraction_options=_extraction(spec),
        device=pycolmap.Device.cpu,
    )
    matching()
    _match(spec)
    return _judge(spec)


def _extraction(spec: dict[str, Any]) -> pycolmap.FeatureExtractionOptions:
    options = pycolmap.FeatureExtractionOptions()
    options.num_threads = spec["threads"]
    options.max_image_size = 1600
    options.sift.max_num_features = spec["max_features"]
    options.sift.peak_threshold = spec["peak_threshold"]
    options.sift.first_octave = -2 if max(spec["size"]) <= SMALL_SIDE else -1
    options.sift.estimate_affine_shape = True
    options.sift.domain_size_pooling = True
    return options


def _match(spec: dict[str, Any]) -> None:
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = spec["threads"]
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = spec["seed"]
    verification.ransac.max_error = tolerance(spec["size"])
    verification.detect_watermark = False
    if len(spec["names"]) <= EXHAUSTIVE_FRAMES:
        pycolmap.match_exhaustive(
            spec["database"],
            matching_options=matching,
            verification_options=verification,
            device=pycolmap.Device.cpu,
        )
        return
    pairing = pycolmap.SequentialPairingOptions()
    pairing.overlap = 12
    pairing.quadratic_overlap = True
    pairing.loop_detection = False
    pycolmap.match_sequential(
        spec["database"],
        matching_options=matching,
        pairing_options=pairing,
        verification_options=verification,
        device=pycolmap.Device.cpu,
    )


def _judge(spec: dict[str, Any]) -> Matches:
    """Whether there is anything to map, and whether the camera moves: figures in px and counts."""
    database = pycolmap.Database.open(spec["database"])
    try:
        keypoints = {i.image_id: database.read_keypoints(i.image_id) for i in database.read_all_images()}
        pairs, geometries = database.read_two_view_geometries()
        motions, inliers = [], 0
        for pair, geometry in zip(pairs, geometries, strict=True):
            matches = np.asarray(geometry.inlier_matches)
            if len(matches) < 15:
                continue
            inliers += len(matches)
            first, second = pycolmap.pair_id_to_image_pair(pair)
            motions.append(_motion(keypoints[first], keypoints[second], matches))
    finally:
        database.close()
    frames = len(spec["names"])
    motion = float(np.quantile(motions, 0.75)) if motions else 0.0
    figures = {
        "features": sum(map(len, keypoints.values())) / frames,
        "inliers": float(inliers),
        "pairs": float(len(motions)),
        "motion": motion,
    }
    if len(motions) < frames // 2 or inliers < 20 * frames:
        return Matches("unmatched", figures)
    if motion < spec["min_motion"] * max(spec["size"]):
        return Matches("still", figures)
    return Matches("", figures)


def _motion(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], matches: npt.NDArray[np.uint32]) -> float:
    shift = a[matches[:, 0], :2] - b[matches[:, 1], :2]
    return float(np.median(np.linalg.norm(shift, axis=1)))
