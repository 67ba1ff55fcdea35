"""Lines in a viewport that are not splats: frusta, a ground grid, trails of motion; geometry only, in world units.

Both back ends show the same ones, because the window draws them over the picture. Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.snapshot import Snapshot

Array = npt.NDArray[np.float64]

NEAR = 0.02  # scene units; lines are cut there, because projection turns inside out behind the camera
TRAILS = 220
TRAIL_OPACITY = 0.25  # fainter splats leave no trail: what moves there can't be seen
CELLS = 10
_SEED = 3


@dataclass(frozen=True, eq=False)
class Marks:
    """What is worked out once a snapshot.

    Attributes:
        trails: [T, S, 3] places of some moving splats at the S sample times; trail_rgb [T, 3] their colours.
        grid: [G, 2, 3] lines of a square on the ground.
        reach: scene units; the size of things drawn beside the scene.
    """

    trails: Array = field(default_factory=lambda: np.zeros((0, 1, 3)))
    trail_rgb: Array = field(default_factory=lambda: np.zeros((0, 3)))
    grid: Array = field(default_factory=lambda: np.zeros((0, 2, 3)))
    reach: float = 1.0

    @classmethod
    def of(cls, snapshot: Snapshot, pivot: Array) -> Marks:
        """Marks of a scene whose reference camera looks at `pivot` [3]."""
        camera = snapshot.reference_camera
        reach = float(np.linalg.norm(pivot - camera.centre)) or 1.0
        return cls(*trails(snapshot), ground_grid(snapshot, pivot, 0.4 * reach), reach)


def frustum(camera: Camera, depth: float) -> Array:
    """[10, 2, 3] a pyramid from the camera's centre to its picture at `depth`, and a tick above the picture's top."""
    height, width = camera.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    tick = np.array([[0.4 * width, 0, 1], [0.5 * width, -0.18 * height, 1], [0.6 * width, 0, 1]], np.float64)
    rays = np.concatenate([corners, tick]) @ np.linalg.inv(camera.K).T * depth
    world = rays @ camera.world_from_camera[:3, :3].T + camera.centre
    a, b, c, d, left, top, right = world
    pairs = [(camera.centre, corner) for corner in (a, b, c, d)]
    pairs += [(a, b), (b, c), (c, d), (d, a), (left, top), (top, right)]
    return np.array(pairs)


def ground_grid(snapshot: Snapshot, pivot: Array, half: float) -> Array:
    """[G, 2, 3] a level square of lines under the pivot, where the scene's lowest solid splats lie."""
    camera = snapshot.reference_camera
    up = -camera.world_from_camera[:3, 1]
    across = camera.world_from_camera[:3, 0]
    ahead = np.cross(across, up)
    solid = snapshot.means[snapshot.opacities > 0.3].astype(np.float64)
    near = solid[np.linalg.norm(solid - pivot, axis=1) < 2.0 * half] if len(solid) else solid
    low = float(np.percentile((near - pivot) @ up, 3)) if len(near) else -half
    middle = pivot + low * up
    steps = np.linspace(-half, half, CELLS + 1)[:, None]
    one = np.stack([middle + steps * across - half * ahead, middle + steps * across + half * ahead], 1)
    other = np.stack([middle + steps * ahead - half * across, middle + steps * ahead + half * across], 1)
    return np.concatenate([one, other])


def trails(snapshot: Snapshot, count: int = TRAILS) -> tuple[Array, Array]:
    """[T, S, 3] ways of at most `count` visible splats through time, the longer the likelier, and their rgb [T, 3]."""
    table = snapshot.temporal
    rows = np.flatnonzero(snapshot.opacities[table.rows] > TRAIL_OPACITY)
    if len(table.positions) < 2 or not len(rows):
        return np.zeros((0, 1, 3)), np.zeros((0, 3))
    ends = table.offsets[:: max(1, len(table.positions) // 4), :, :3][:, rows].astype(np.float64)
    length = np.linalg.norm(np.diff(ends, axis=0), axis=2).sum(0)
    moving = length > 0.05 * np.percentile(length, 98)
    rows, length = rows[moving], length[moving]
    if not len(rows) or length.sum() <= 0:
        return np.zeros((0, 1, 3)), np.zeros((0, 3))
    rng = np.random.default_rng(_SEED)
    some = rng.choice(len(rows), min(count, len(rows)), replace=False, p=length / length.sum())
    chosen = rows[some]
    places = table.offsets[:, chosen, :3].astype(np.float64) + snapshot.means[table.rows[chosen]]
    return np.ascontiguousarray(places.transpose(1, 0, 2)), snapshot.rgb[table.rows[chosen]].astype(np.float64)


def on_screen(camera: Camera, segments: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Project segments [N, 2, 3] to pixels [M, 2, 2], cut at the near plane; which ones are left [M]."""
    m = camera.camera_from_world
    local = segments @ m[:3, :3].T + m[:3, 3]
    a, b = local[:, 0], local[:, 1]
    kept = np.flatnonzero((a[:, 2] > NEAR) | (b[:, 2] > NEAR))
    a, b = a[kept].copy(), b[kept].copy()
    for one, other in ((a, b), (b, a)):
        behind = one[:, 2] < NEAR
        share = ((NEAR - one[behind, 2]) / (other[behind, 2] - one[behind, 2]))[:, None]
        one[behind] += share * (other[behind] - one[behind])
    ends = np.stack([a, b], 1) @ camera.K.T
    return ends[..., :2] / ends[..., 2:], kept
