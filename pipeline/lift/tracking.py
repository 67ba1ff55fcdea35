"""Where motion nodes go from one reference frame to the next, seen by optical flow.

Photometric fitting alone finds motions of a few pixels a frame; videos that artists bring move by ten or more. So a
node starts each frame where the flow carries it, at its own depth, and the fit then has only the rest to find.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom
from scipy.spatial import cKDTree
from skimage.registration import optical_flow_tvl1

from renderer.camera import Camera
from renderer.diff.matte import SURFACE

Floats = npt.NDArray[np.float64]

FLOW_SIDE = 256
"""Flow is found at no more than this many px a side: larger costs more and finds no larger motion."""
AGREEMENT = 1.5
"""Forward and backward flow may differ by this many px (at the size of the flow) where a pixel is believed."""


def believed_flow(first: Floats, second: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Flow [H, W, 2] (x, y in px) between two images in [0, 1], and where both ways agree [H, W]."""
    a, b = (_grey(image) for image in (first, second))
    height, width = a.shape
    ratio = min(1.0, FLOW_SIDE / max(height, width))
    small = [zoom(image, ratio, order=1) if ratio < 1.0 else image for image in (a, b)]
    there, back = _tvl1(small[0], small[1]), _tvl1(small[1], small[0])
    h, w = there.shape[:2]
    y, x = np.mgrid[:h, :w]
    to_x = np.clip(np.round(x + there[..., 0]), 0, w - 1).astype(int)
    to_y = np.clip(np.round(y + there[..., 1]), 0, h - 1).astype(int)
    ok = np.linalg.norm(there + back[to_y, to_x], axis=-1) < AGREEMENT
    scale = np.array([width / w, height / h])
    rows = np.minimum((np.arange(height) * h / height).astype(int), h - 1)
    columns = np.minimum((np.arange(width) * w / width).astype(int), w - 1)
    return (there * scale)[rows][:, columns], ok[rows][:, columns]


def _grey(image: Floats) -> Floats:
    grey = image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114])
    return np.asarray(grey, np.float64)


def _tvl1(a: Floats, b: Floats) -> Floats:
    v, u = optical_flow_tvl1(a, b, attachment=15, num_warp=5)
    return np.stack([u, v], -1).astype(np.float64)


def follow(
    nodes: Floats, rest: Floats, camera: Camera, depth: Floats, flow: Floats, ok: npt.NDArray[np.bool_]
) -> Floats:
    """World shift [M, 3] of nodes [M, 3] over one frame, parallel to the image.

    Args:
        rest: canonical positions [M, 3]; hidden nodes move like their nearest visible neighbours there.
        depth: [H, W] of the scene before the step. flow, ok: as `believed_flow` gives them.
    """
    pixels, z = camera.project(nodes)
    h, w = depth.shape
    inside = (z > 0.05) & (pixels >= 0).all(1) & (pixels[:, 0] < w) & (pixels[:, 1] < h)
    shift = np.zeros_like(nodes)
    seen = np.zeros(len(nodes), bool)
    for i in np.flatnonzero(inside):
        moved = _median_flow(pixels[i], z[i], depth, flow, ok)
        if moved is not None:
            seen[i] = True
            local = np.array([moved[0] / camera.K[0, 0], moved[1] / camera.K[1, 1], 0.0]) * z[i]
            shift[i] = camera.world_from_camera[:3, :3] @ local
    if not seen.any():
        return shift
    hidden = np.flatnonzero(~seen)
    _, nearest = cKDTree(rest[seen]).query(rest[hidden], k=1)
    shift[hidden] = shift[seen][nearest]
    return shift


def _median_flow(
    pixel: Floats, z: float, depth: Floats, flow: Floats, ok: npt.NDArray[np.bool_], reach: int = 2
) -> Floats | None:
    """Median flow of the believed pixels around one that lie at the node's depth; None when fewer than three do."""
    column, row = int(pixel[0]), int(pixel[1])
    window = np.s_[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    good = ok[window] & (np.abs(depth[window] - z) < SURFACE * z)
    return np.median(flow[window][good], axis=0) if good.sum() >= 3 else None
