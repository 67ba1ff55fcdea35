"""Features and matches of a freeze-time video, in COLMAP's database. Runs in the COLMAP child only.

SIFT with affine shape on a magnified octave, for a careful answer with domain-size pooling too: small generated frames
have soft detail. Or matches that another child found (learned, or followed by flow). No guided
matching: it makes next to no difference at these tolerances and takes longer.
"""

from __future__ import annotations

import pycolmap  # isort: skip

from dataclasses import dataclass, field
from math import radians, tan
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

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
    """Fill the database named in `spec`, or take it as it is where an earlier rung filled it.

    Calls `matching` between the two halves, and leaves the verified pairs beside the database for the orbit prior.
    """
    if not Path(spec["database"]).exists():
        _number_images(spec)
        if spec["found"]:
            _write_found(spec, matching)
        else:
            _extract(spec)
            matching()
            _match(spec)
    pairs, features = _verified(spec)
    _write_pairs(Path(spec["pairs"]), pairs)
    return _judge(spec, list(pairs.values()), features)


def _number_images(spec: dict[str, Any]) -> None:
    """Extraction numbers the images as its threads end; numbered before, the same input gives the same cameras."""
    pycolmap.Database.open(spec["database"]).close()
    pycolmap.import_images(
        spec["database"], spec["frames_dir"], pycolmap.CameraMode.SINGLE, spec["names"], options=_reader(spec)
    )


def _reader(spec: dict[str, Any]) -> pycolmap.ImageReaderOptions:
    height, width = spec["size"]
    options = pycolmap.ImageReaderOptions(
        camera_model="SIMPLE_PINHOLE",
        camera_params=f"{focal_of(spec['prior_fov'], width)},{width / 2},{height / 2}",
    )
    if spec["masks_dir"]:
        options.mask_path = spec["masks_dir"]
    return options


def _extract(spec: dict[str, Any]) -> None:
    sift, options = spec["sift"], pycolmap.FeatureExtractionOptions()
    options.num_threads = spec["threads"]
    options.max_image_size = 1600
    options.sift.max_num_features = min(spec["max_features"], sift["max_features"])
    options.sift.peak_threshold = spec["peak_threshold"]
    options.sift.first_octave = sift["first_octave"]
    options.sift.estimate_affine_shape = True
    options.sift.domain_size_pooling = sift["pooled"]
    pycolmap.extract_features(
        spec["database"],
        spec["frames_dir"],
        image_names=spec["names"],
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=_reader(spec),
        extraction_options=options,
        device=pycolmap.Device.cpu,
    )


def _verification(spec: dict[str, Any]) -> pycolmap.TwoViewGeometryOptions:
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.random_seed = spec["seed"]
    options.ransac.max_error = tolerance(spec["size"])
    options.detect_watermark = False
    return options


def _match(spec: dict[str, Any]) -> None:
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads = spec["threads"]
    if not spec["matched"]:
        pycolmap.match_exhaustive(
            spec["database"],
            matching_options=matching,
            verification_options=_verification(spec),
            device=pycolmap.Device.cpu,
        )
        return
    listed = Path(spec["database"]).with_suffix(".txt")
    names = spec["names"]
    listed.write_text("".join(f"{names[a]} {names[b]}\n" for a, b in spec["matched"]), encoding="utf-8")
    pycolmap.match_image_pairs(
        spec["database"],
        matching_options=matching,
        pairing_options=pycolmap.ImportedPairingOptions(match_list_path=str(listed)),
        verification_options=_verification(spec),
        device=pycolmap.Device.cpu,
    )


def _write_found(spec: dict[str, Any], matching: Told) -> None:
    """Matches from elsewhere: xy [N, 2] px, feature_offsets [F + 1], pairs [P, 2], rows [M, 2], row_offsets [P + 1]."""
    with np.load(spec["found"], allow_pickle=False) as data:
        xy, starts = data["xy"].astype(np.float32), data["feature_offsets"]
        pairs, rows, offsets = data["pairs"], data["rows"].astype(np.uint32), data["row_offsets"]
    database = pycolmap.Database.open(spec["database"])
    try:
        numbers = {image.name: image.image_id for image in database.read_all_images()}
        ids = [numbers[name] for name in spec["names"]]
        for place, number in enumerate(ids):
            database.write_keypoints(number, np.ascontiguousarray(xy[starts[place] : starts[place + 1]]))
        for place, (a, b) in enumerate(pairs):
            database.write_matches(ids[a], ids[b], np.ascontiguousarray(rows[offsets[place] : offsets[place + 1]]))
    finally:
        database.close()
    matching()
    pycolmap.geometric_verification(spec["database"], two_view_geometry_options=_verification(spec))


def _verified(spec: dict[str, Any]) -> tuple[dict[tuple[int, int], Pair], int]:
    """Verified matches by the frames' places, and how many features there are."""
    database = pycolmap.Database.open(spec["database"])
    try:
        place = {name: i for i, name in enumerate(spec["names"])}
        images = database.read_all_images()
        keypoints = {image.image_id: database.read_keypoints(image.image_id) for image in images}
        at = {image.image_id: place[image.name] for image in images}
        pairs, geometries = database.read_two_view_geometries()
        verified = {}
        for pair, geometry in zip(pairs, geometries, strict=True):
            rows = np.asarray(geometry.inlier_matches)
            if len(rows) >= MIN_PAIR_MATCHES:
                first, second = pycolmap.pair_id_to_image_pair(pair)
                verified[at[first], at[second]] = Pair.of(keypoints[first], keypoints[second], rows)
    finally:
        database.close()
    return verified, sum(map(len, keypoints.values()))


def _write_pairs(path: Path, pairs: dict[tuple[int, int], Pair]) -> None:
    """places [P, 2], a and b [M, 2] px, offsets [P + 1]."""
    lengths = [len(pair.a) for pair in pairs.values()]
    with path.open("wb") as file:
        np.savez(
            file,
            places=np.array(list(pairs), np.int64).reshape(-1, 2),
            a=np.concatenate([pair.a for pair in pairs.values()] or [np.zeros((0, 2))]),
            b=np.concatenate([pair.b for pair in pairs.values()] or [np.zeros((0, 2))]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        )


def _judge(spec: dict[str, Any], verified: list[Pair], features: int) -> Matches:
    """Whether there is anything to map, and whether the camera moves: figures in px and counts."""
    frames = len(spec["names"])
    inliers = sum(len(pair.a) for pair in verified)
    figures = {"features": features / frames, "inliers": float(inliers), "pairs": float(len(verified))}
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
