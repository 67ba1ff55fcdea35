"""Back-to-front order of the splats, on a thread of its own where only the newest request counts.

Depths are quantised to 16 bits on a logarithmic scale, because NumPy sorts 16-bit keys by radix, several
times faster than floats. The window asks at every move of the camera or of time; while one order is made
later requests replace each other, and the newest order made is what the picture uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.gl.moment import Moment
from renderer.gl.newest import Newest
from renderer.snapshot import Snapshot

Order = npt.NDArray[np.uint32]

NEAR = 0.01  # the rasteriser's near plane; nothing closer is drawn, so it needs no place in the order
LEVELS = 65535


@dataclass(frozen=True, eq=False)
class SortRequest:
    """What to sort: a scene, when, and from where."""

    snapshot: Snapshot
    moment: Moment
    camera: Camera


@dataclass(frozen=True, eq=False)
class SortedOrder:
    """A finished order and the request that it answers."""

    request: SortRequest
    order: Order


def depth_order(means: npt.NDArray[np.float32], camera: Camera) -> Order:
    """[N] uint32 indices of `means` [N, 3], furthest first; equal depths in falling index order."""
    view = camera.camera_from_world[2].astype(np.float32)
    depth = means @ view[:3] + view[3]
    logs = np.log2(np.maximum(depth, np.float32(NEAR)))
    low = float(logs.min(initial=0.0))
    span = max(float(logs.max(initial=0.0)) - low, 1e-6)
    keys = ((logs - low) * (LEVELS / span)).astype(np.uint16)
    return np.argsort(keys, kind="stable")[::-1].astype(np.uint32)


def moved_means(snapshot: Snapshot, moment: Moment) -> npt.NDArray[np.float32]:
    """[N, 3] splat centres at `moment`, without posing what the order does not need."""
    table = moment.table(snapshot)
    if table is None:
        return snapshot.means
    low, high, weight = table.bracket(moment.position)
    a, b = (table.offsets[i, :, :3].astype(np.float32) for i in (low, high))
    means = snapshot.means.copy()
    means[table.rows] += a + np.float32(weight) * (b - a)
    return means


class DepthSorter(Newest[SortRequest, SortedOrder]):
    """Answers `SortRequest`s on a thread of its own."""

    def __init__(self, notify: Callable[[], None]) -> None:
        super().__init__("depth-sort", _sorted, notify)


def _sorted(request: SortRequest) -> SortedOrder:
    return SortedOrder(request, depth_order(moved_means(request.snapshot, request.moment), request.camera))
