"""The orbit that explains a video's motion best: the last resort when no rung can place the cameras one by one.

The recipe for freeze-time videos asks for a camera that circles the scene. So all cameras are described by seven
numbers, fitted to the matches between frames through their epipolar distance; no point needs to be triangulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

Array = npt.NDArray[np.float64]

SWEEPS = (15.0, 45.0, 120.0, 300.0)
"""Degrees from which the fit starts, both ways round: further apart it finds only its own neighbourhood."""
PER_PAIR = 12
MAX_PAIRS = 200
MIN_EXPLAINED = 0.3
"""Share of the matches within the tolerance below which there is no orbit in the video."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Matches between frames: places [P, 2]; a, b [M, 2] px; the matches of pair p are offsets[p]:offsets[p + 1]."""

    places: npt.NDArray[np.int64]
    a: Array
    b: Array
    offsets: npt.NDArray[np.int64]

    def thinned(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], Array, Array]:
        """places [N, 2], a and b [N, 2] of a few matches from each of some pairs."""
        chosen = rng.permutation(len(self.places))[:MAX_PAIRS]
        rows, owner = [], []
        for pair in chosen:
            start, stop = self.offsets[pair], self.offsets[pair + 1]
            rows.append(rng.permutation(np.arange(start, stop))[:PER_PAIR])
            owner.append(np.full(len(rows[-1]), pair))
        at = np.concatenate(rows)
        return self.places[np.concatenate(owner)], self.a[at], self.b[at]


@dataclass(frozen=True, eq=False)
class OrbitFit:
    """An orbit of radius about 1 around the origin.

    Attributes:
        sweep, elevation: degrees, signed.
        focal: px.
        explained: share of the matches within the tolerance.
        camera_from_world: [F, 3, 4].
    """

    sweep: float
    elevation: float
    focal: float
    explained: float
    camera_from_world: Array

    def words(self) -> str:
        """What the orbit is, for a log."""
        return f"orbit of {self.sweep:.0f} degrees"


def fit_orbit(
    pairs: Pairs, count: int, size: tuple[int, ...], seed: int, check: Callable[[], None] = lambda: None
) -> OrbitFit | None:
    """Fit an orbit of `count` frames of `size` (height, width); None when none explains the matches.

    `check` is called between tries and may raise to cancel.
    """
    if not len(pairs.places):
        return None
    places, a, b = pairs.thinned(np.random.default_rng(seed))
    tolerance = max(1.5, 4.0 * max(size) / 1024.0)
    best: tuple[float, Array] | None = None

    def off(values: Array) -> Array:
        poses, focal = orbit(values, count, size[1])
        return sampson(poses, focal, size, places, a, b) / tolerance

    for sweep in SWEEPS:
        for way in (1.0, -1.0):
            check()
            start = np.array([np.radians(way * sweep), 0.1, 0.0, 0.0, 0.0, 0.0, np.log(1.2)])
            found = least_squares(off, start, loss="soft_l1", max_nfev=60, bounds=_BOUNDS)
            if best is None or found.cost < best[0]:
                best = float(found.cost), found.x
    assert best is not None
    explained = float((np.abs(off(best[1])) < 1.0).mean())
    if explained < MIN_EXPLAINED:
        return None
    poses, focal = orbit(best[1], count, size[1])
    sweep, elevation = np.degrees(best[1][:2])
    return OrbitFit(float(sweep), float(elevation), focal, explained, poses)


_BOUNDS = (
    [-2.2 * np.pi, -1.3, -1.0, -0.7, -0.5, -0.5, np.log(0.35)],
    [2.2 * np.pi, 1.3, 1.0, 0.7, 0.5, 0.5, np.log(2.8)],
)
"""Focal length between 0.35 and 2.8 widths: 110 to 20 degrees."""


def orbit(values: Array, count: int, width: int) -> tuple[Array, float]:
    """camera_from_world [count, 3, 4] and focal length in px of seven numbers: sweep, elevation and its change,
    change of radius, yaw and pitch off the centre (radians), log focal length in widths."""
    sweep, elevation, climb, recede, yaw, pitch, log_focal = values
    along = np.linspace(-0.5, 0.5, count)
    azimuth, height, radius = sweep * along, elevation + climb * along, np.exp(recede * along)
    centre = radius[:, None] * np.stack(
        [np.sin(azimuth) * np.cos(height), -np.sin(height), -np.cos(azimuth) * np.cos(height)], 1
    )
    forward = -centre / radius[:, None]
    right = np.stack([np.cos(azimuth), np.zeros(count), np.sin(azimuth)], 1)
    down = np.cross(forward, right)
    aimed = np.stack([right, down, forward], 1)
    turn = _about_y(yaw) @ _about_x(pitch)
    rotation = turn @ aimed
    return np.concatenate([rotation, -np.einsum("nij,nj->ni", rotation, centre)[:, :, None]], 2), float(
        np.exp(log_focal) * width
    )


def _about_x(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_y(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def sampson(
    poses: Array, focal: float, size: tuple[int, ...], places: npt.NDArray[np.int64], a: Array, b: Array
) -> Array:
    """[N] signed Sampson distances in px of matches a, b [N, 2] between the frames places [N, 2]."""
    centre = np.array([size[1] / 2, size[0] / 2])
    x = np.concatenate([(a - centre) / focal, np.ones((len(a), 1))], 1)
    y = np.concatenate([(b - centre) / focal, np.ones((len(b), 1))], 1)
    first, second = poses[places[:, 0]], poses[places[:, 1]]
    turn = second[:, :, :3] @ first[:, :, :3].transpose(0, 2, 1)
    move = second[:, :, 3] - np.einsum("nij,nj->ni", turn, first[:, :, 3])
    move = move / np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-12)
    line = np.cross(move, np.einsum("nij,nj->ni", turn, x))  # E x
    back = np.einsum("nji,nj->ni", turn, np.cross(y, move))  # E^T y
    top = (y * line).sum(1)
    bottom = np.sqrt(np.square(line[:, :2]).sum(1) + np.square(back[:, :2]).sum(1))
    return np.asarray(focal * top / np.maximum(bottom, 1e-12))
