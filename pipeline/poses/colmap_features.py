"""Features and matches of a freeze-time video, in COLMAP's database. Runs in the COLMAP child only.

SIFT with affine shape and domain-size pooling on a twice or four times magnified octave: small generated frames have
soft detail. No guided matching: it makes next to no difference at these tolerances and takes longer.
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
MIN_PAIR_MATCHES = 15
FLAT_PAIRS = 24
"""Pairs, the most moving ones, that decide whether the camera travels."""

Pixels = npt.NDArray[np.float64]


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
    # Extraction numbers the images as its threads end; numbered before, the same input gives the same cameras.
    pycolmap.Database.open(spec["database"]).close()
    pycolmap.import_images(
        spec["database"], spec["frames_dir"], pycolmap.CameraMode.SINGLE, spec["names"], options=reader
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
        verified = []
        for pair, geometry in zip(pairs, geometries, strict=True):
            rows = np.asarray(geometry.inlier_matches)
            if len(rows) >= MIN_PAIR_MATCHES:
                first, second = pycolmap.pair_id_to_image_pair(pair)
                verified.append(Pair.of(keypoints[first], keypoints[second], rows))
    finally:
        database.close()
    frames = len(spec["names"])
    inliers = sum(len(pair.a) for pair in verified)
    figures = {
        "features": sum(map(len, keypoints.values())) / frames,
        "inliers": float(inliers),
        "pairs": float(len(verified)),
    }
    if len(verified) < frames // 2 or inliers < 20 * frames:
        return Matches("unmatched", figures)
    figures["motion"] = float(np.quantile([pair.motion for pair in verified], 0.75))
    if figures["motion"] < spec["min_motion"] * max(spec["size"]):
        return Matches("still", figures)
    widest = sorted(verified, key=lambda pair: pair.motion, reverse=True)[:FLAT_PAIRS]
    figures["flatness"] = float(np.median([pair.flatness(spec) for pair in widest]))
    return Matches("flat" if figures["flatness"] > spec["max_flatness"] else "", figures)


@dataclass(frozen=True)
class Pair:
    """Verified matches of two frames: a, b [N, 2] px, and their median motion in px."""

    a: Pixels
    b: Pixels
    motion: float

    @classmethod
    def of(cls, a: npt.NDArray[np.float32], b: npt.NDArray[np.float32], rows: npt.NDArray[np.uint32]) -> Pair:
        first, second = a[rows[:, 0], :2].astype(np.float64), b[rows[:, 1], :2].astype(np.float64)
        return cls(first, second, float(np.median(np.linalg.norm(first - second, axis=1))))

    def flatness(self, spec: dict[str, Any]) -> float:
        """The share of the matches that one homography explains: all of them when the camera only turns or zooms."""
        options = pycolmap.RANSACOptions()
        options.max_error = 0.5 * tolerance(spec["size"])  # tight: a wide wall behind a scene must not count as all
        options.random_seed = spec["seed"]
        options.min_num_trials, options.max_num_trials = 50, 500
        found = pycolmap.estimate_homography_matrix(self.a, self.b, options)
        return float(found["num_inliers"]) / len(self.a) if found else 0.0
