"""`SolvedPoses`: the cameras and points of a freeze-time video, as a value that is saved and reused by its digest.

Gauge: the canonical frame's camera is the world's origin and axes, and the median depth of the points that it sees is
1, so lengths downstream need no unit. One lens serves all frames: square pixels, centred principal point. The file is
safetensors with JSON in its header; it may come from anywhere, so everything in it is checked before it is believed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as encode_tensors

from pipeline.project.atomic import atomic_file
from renderer.camera import Camera
from renderer.errors import Refusal

SCHEMA = 2
"""Files of schema 1 are still read: they call every interpolated camera weak."""
STATES = ("registered", "weak", "lost", "prior")
VERIFIED_TRACKS = 30
"""A camera held by fewer tracks than this can be off without anybody noticing."""
MAX_BYTES = 1 << 30
MAX_FRAMES = 4096
_SHAPES: dict[str, tuple[str, int | None]] = {
    "points": ("F32", 3),
    "point_rgb": ("U8", 3),
    "point_errors": ("F32", None),
    "track_offsets": ("I64", None),
    "track_frames": ("I32", None),
    "track_xy": ("F32", 2),
}


@dataclass(frozen=True)
class FrameFit:
    """How well one frame is placed.

    Attributes:
        frame: source index.
        state: "registered" by `VERIFIED_TRACKS` or more tracks of its own, "weak" by fewer, "lost" and interpolated
            between its neighbours, or "prior": posed by the orbit that the recipe asks for, not by what it shows.
        observations: inlier tracks seen.
        error: their median reprojection error, px at the solved size; nan without any.
    """

    frame: int
    state: str
    observations: int
    error: float


@dataclass(frozen=True)
class Tried:
    """What one rung of the ladder came to.

    Attributes:
        rung: its name.
        verified: frames held by `VERIFIED_TRACKS` tracks or more.
        score: 0 to 1, what the rungs are compared by.
        seconds: wall clock.
        said: one sentence: what is wrong with its result, empty when it is good.
    """

    rung: str
    verified: int
    score: float
    seconds: float
    said: str = ""


@dataclass(frozen=True, eq=False)
class SolvedPoses:
    """Cameras and sparse points of one freeze-time video.

    Attributes:
        cameras: one per frame asked for, by source frame index, weak ones included.
        canonical: the source index whose camera is the origin.
        points: [P, 3] float32, world.
        point_rgb: [P, 3] uint8, sRGB.
        point_errors: [P] float32, mean reprojection error in px.
        track_offsets: [P + 1] int64; point p is seen in rows offsets[p]:offsets[p + 1] of the next two.
        track_frames: [M] int32, source frame indices.
        track_xy: [M, 2] float32, where the point was found, px, centres at .5.
        fits: one per camera, in the order of the frames.
        attempt: which of the winning rung's tries won.
        angle: median triangulation angle, degrees.
        digest: of frames, indices, canonical frame and settings.
        rung: the rung of the ladder whose result this is.
        tried: every rung that was climbed, in order.
        zoom: the longest over the shortest focal length that the frames ask for when each may have its own; 1 is a
            shared lens. The cameras' own K differ only where per-frame focal lengths were asked for.
        pictures: a digest of each frame's pixels, in the order of the frames; none when they are not known.
    """

    cameras: Mapping[int, Camera]
    canonical: int
    points: npt.NDArray[np.float32]
    point_rgb: npt.NDArray[np.uint8]
    point_errors: npt.NDArray[np.float32]
    track_offsets: npt.NDArray[np.int64]
    track_frames: npt.NDArray[np.int32]
    track_xy: npt.NDArray[np.float32]
    fits: tuple[FrameFit, ...]
    attempt: str
    angle: float
    digest: str
    rung: str = ""
    tried: tuple[Tried, ...] = ()
    zoom: float = 1.0
    pictures: tuple[str, ...] = ()

    def in_state(self, *states: str) -> tuple[int, ...]:
        """Source indices of the frames in one of `STATES`."""
        return tuple(fit.frame for fit in self.fits if fit.state in states)

    @property
    def unplaced(self) -> tuple[int, ...]:
        """Source indices of the frames whose cameras do not rest on what they show: interpolated or by the prior."""
        return self.in_state("lost", "prior")

    @property
    def median_error(self) -> float:
        """Median over points of the reprojection error, px at the solved size."""
        return float(np.median(self.point_errors)) if len(self.point_errors) else math.nan

    @property
    def mean_error(self) -> float:
        """Mean over observations of the reprojection error, px at the solved size."""
        lengths = np.diff(self.track_offsets)
        return float((self.point_errors * lengths).sum() / lengths.sum()) if lengths.sum() else math.nan

    @property
    def fov_x(self) -> float:
        """Horizontal field of view of the shared lens, degrees."""
        return math.degrees(self.cameras[self.canonical].fov_x)

    def visible_points(self, frame: int) -> npt.NDArray[np.int64]:
        """Sorted rows of `points` that the source frame sees."""
        owner = np.repeat(np.arange(len(self.points)), np.diff(self.track_offsets))
        return np.unique(owner[self.track_frames == frame])

    def summary(self) -> dict[str, Any]:
        """The figures a person or a log wants, as JSON values."""
        return {
            "frames": len(self.cameras),
            "registered": len(self.in_state("registered")),
            "weak": list(self.in_state("weak")),
            "lost": list(self.in_state("lost")),
            "prior": list(self.in_state("prior")),
            "points": len(self.points),
            "fov": round(self.fov_x, 2),
            "median_error": round(self.median_error, 3),
            "mean_error": round(self.mean_error, 3),
            "angle": round(self.angle, 2),
            "rung": self.rung,
            "attempt": self.attempt,
            "zoom": round(self.zoom, 3),
        }

    def save(self, path: Path) -> None:
        """Write one file, whole or not at all; raises `Refusal` when the disk refuses."""
        header = {
            "schema": SCHEMA,
            "canonical": self.canonical,
            "cameras": {str(frame): camera.to_json() for frame, camera in self.cameras.items()},
            "fits": [asdict(fit) | {"error": fit.error if math.isfinite(fit.error) else None} for fit in self.fits],
            "attempt": self.attempt,
            "angle": self.angle,
            "digest": self.digest,
            "rung": self.rung,
            "tried": [asdict(tried) for tried in self.tried],
            "zoom": self.zoom,
            "pictures": list(self.pictures),
        }
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in _SHAPES}
        data = encode_tensors(tensors, metadata={"poses": json.dumps(header, allow_nan=False)})
        with atomic_file(path) as file:
            file.write(data)

    @classmethod
    def load(cls, path: Path) -> SolvedPoses:
        """Read what `save` wrote; raises `Refusal` for anything else."""
        try:
            if not 8 < path.stat().st_size <= MAX_BYTES:
                raise ValueError("it is empty or far too large")
            header, tensors = _read(path)
            poses = cls._checked(header, tensors)
        except OSError as fault:
            raise Refusal(f"The solved cameras {path} cannot be read ({fault.strerror or fault}).") from fault
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError, Refusal) as fault:
            raise Refusal(f"{path} does not hold solved cameras ({fault}); delete it and solve again.") from fault
        return poses

    @classmethod
    def _checked(cls, header: dict[str, Any], tensors: dict[str, Any]) -> SolvedPoses:
        if header["schema"] not in (1, SCHEMA):
            raise ValueError(f"schema {header['schema']!r} is neither 1 nor {SCHEMA}")
        if not 1 <= len(header["cameras"]) <= MAX_FRAMES:
            raise ValueError("it holds no camera, or too many")
        cameras = {int(frame): Camera.from_json(camera) for frame, camera in header["cameras"].items()}
        fits = tuple(_fit(f, header["schema"]) for f in header["fits"])
        canonical = int(header["canonical"])
        if canonical not in cameras or [fit.frame for fit in fits] != list(cameras):
            raise ValueError("its frames do not agree with its cameras")
        _check_tensors(tensors, list(cameras))
        said: dict[str, Any] = {
            "attempt": str(header["attempt"]),
            "digest": str(header["digest"]),
            "angle": float(header["angle"]),
            "rung": str(header.get("rung", "")),
            "tried": tuple(_tried(t) for t in header.get("tried", ())),
            "zoom": float(header.get("zoom", 1.0)),
            "pictures": tuple(map(str, header.get("pictures", ()))),
        }
        return cls(cameras=cameras, canonical=canonical, fits=fits, **said, **tensors)


def _fit(said: dict[str, Any], schema: int) -> FrameFit:
    state = str(said["state"])
    if schema == 1 and state == "weak":
        state = "lost"
    if state not in STATES:
        raise ValueError(f"a camera is {state!r}")
    return FrameFit(int(said["frame"]), state, int(said["observations"]), float(_or_nan(said["error"])))


def _tried(said: dict[str, Any]) -> Tried:
    numbers = int(said["verified"]), float(said["score"]), float(said["seconds"])
    return Tried(str(said["rung"]), *numbers, str(said["said"]))


def _or_nan(value: Any) -> float:
    return math.nan if value is None else value


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    with safe_open(path, framework="numpy") as file:
        header = json.loads((file.metadata() or {})["poses"])
        if set(file.keys()) != set(_SHAPES):
            raise ValueError("its tables are not those of solved cameras")
        for name, (dtype, columns) in _SHAPES.items():
            entry = file.get_slice(name)
            shape = entry.get_shape()
            if entry.get_dtype() != dtype or shape[1:] != ([] if columns is None else [columns]) or not shape:
                raise ValueError(f"its table {name} has another form")
        return header, {name: file.get_tensor(name) for name in _SHAPES}


def _check_tensors(tensors: dict[str, Any], frames: list[int]) -> None:
    count, offsets = len(tensors["points"]), tensors["track_offsets"]
    seen = len(tensors["track_frames"])
    if len(tensors["point_rgb"]) != count or len(tensors["point_errors"]) != count or len(offsets) != count + 1:
        raise ValueError("its tables have different lengths")
    if len(tensors["track_xy"]) != seen or offsets[0] != 0 or offsets[-1] != seen or (np.diff(offsets) < 0).any():
        raise ValueError("its tracks are out of order")
    if not np.isin(tensors["track_frames"], frames).all():
        raise ValueError("its tracks name frames without a camera")
    if not all(np.isfinite(tensors[name]).all() for name in ("points", "point_errors", "track_xy")):
        raise ValueError("it holds numbers that are not finite")
