"""Splats in the world to ellipses on the screen, and the way back for gradients (EWA, as gsplat 1.5.3).

Everything inside is computed in float64 whatever the arrays hold: the determinant of a long thin ellipse
cancels in float32. A splat is unseen (radii 0) when it is outside near and far, its opacity is under 1/255,
its ellipse misses the image, or any of its numbers is NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from renderer.tiles.jit import inner, kernel

Floats = npt.NDArray[Any]  # float32 or float64
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

EPS2D = 0.3  # px^2 added to both variances: gsplat's low-pass; trained scenes depend on it
FAR = 1e10
ALPHA_CUT = 1.0 / 255.0
_MAX_PIXEL = 1e8  # keeps int32 casts defined for splats that touch the near plane
_CHUNK = 2048  # splats whose camera gradients one worker sums; fixed, so the sum never depends on the thread count


@inner
def _rotation(w: float, x: float, y: float, z: float) -> Any:
    """Rows of the rotation matrix of a unit quaternion."""
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


@inner
def _dot(a: Any, b: Any) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inner
def _unit(quats: Floats, n: int) -> Any:
    """Quaternion n in float64, normalised, and the inverse of its length."""
    w, x, y, z = np.float64(quats[n, 0]), np.float64(quats[n, 1]), np.float64(quats[n, 2]), np.float64(quats[n, 3])
    inverse = 1.0 / math.sqrt(w * w + x * x + y * y + z * z)
    return w * inverse, x * inverse, y * inverse, z * inverse, inverse


@inner
def _half(rotation: Any, sx: float, sy: float, sz: float) -> Any:
    """Rows of M = R S; the covariance is M M^T."""
    a, b, c = rotation
    return (a[0] * sx, a[1] * sy, a[2] * sz), (b[0] * sx, b[1] * sy, b[2] * sz), (c[0] * sx, c[1] * sy, c[2] * sz)


@inner
def _times_half(m: Any, half: Any) -> Any:
    """Rows of m @ half, 3x3."""
    a, b, c = half
    x, y, z = (a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2])
    return (
        (_dot(m[0], x), _dot(m[0], y), _dot(m[0], z)),
        (_dot(m[1], x), _dot(m[1], y), _dot(m[1], z)),
        (_dot(m[2], x), _dot(m[2], y), _dot(m[2], z)),
    )


@inner
def _view(poses: Float64, c: int) -> Any:
    """Rows of camera c's rotation, and its translation."""
    p = poses[c]
    rows = (p[0, 0], p[0, 1], p[0, 2]), (p[1, 0], p[1, 1], p[1, 2]), (p[2, 0], p[2, 1], p[2, 2])
    return rows, (p[0, 3], p[1, 3], p[2, 3])


@inner
def _lens(ks: Float64, c: int, height: int, width: int) -> Any:
    """fx, fy, cx, cy and the bounds on x/z and y/z inside which the Jacobian follows the mean."""
    fx, fy, cx, cy = ks[c, 0, 0], ks[c, 1, 1], ks[c, 0, 2], ks[c, 1, 2]
    more_x, more_y = 0.15 * width / fx, 0.15 * height / fy
    return fx, fy, cx, cy, -cx / fx - more_x, (width - cx) / fx + more_x, -cy / fy - more_y, (height - cy) / fy + more_y


@inner
def _screen_half(half: Any, lens: Any, x: float, y: float, z: float) -> Any:
    """Rows of J @ half (2x3), half in camera axes; the 2D covariance is its square. Also the clamped x/z, y/z."""
    u = min(lens[5], max(lens[4], x / z))
    v = min(lens[7], max(lens[6], y / z))
    fx, fy = lens[0] / z, lens[1] / z
    a, b, c = half
    top = fx * (a[0] - u * c[0]), fx * (a[1] - u * c[1]), fx * (a[2] - u * c[2])
    bottom = fy * (b[0] - v * c[0]), fy * (b[1] - v * c[1]), fy * (b[2] - v * c[2])
    return top, bottom, u, v


@kernel
def project_forward(
    means: Floats, quats: Floats, scales: Floats, opacities: Floats, poses: Float64, ks: Float64,
    size: tuple[int, int], near: float, means2d: Floats, depths: Floats, conics: Floats, radii: Int32,
) -> None:  # fmt: skip
    """Project N splats into C cameras.

    poses [C, 4, 4] camera from world, ks [C, 3, 3] px. Out: means2d [C, N, 2] px, depths [C, N] camera z,
    conics [C, N, 3] the upper triangle of the inverse 2D covariance, radii [C, N, 2] px; zeros where unseen.
    """
    height, width = size
    n_splats = means.shape[0]
    for index in prange(poses.shape[0] * n_splats):
        c, n = index // n_splats, index % n_splats
        radii[c, n, 0] = radii[c, n, 1] = 0
        means2d[c, n, 0] = means2d[c, n, 1] = depths[c, n] = 0
        conics[c, n, 0] = conics[c, n, 1] = conics[c, n, 2] = 0
        rows, shift = _view(poses, c)
        mean = np.float64(means[n, 0]), np.float64(means[n, 1]), np.float64(means[n, 2])
        x, y, z = _dot(rows[0], mean) + shift[0], _dot(rows[1], mean) + shift[1], _dot(rows[2], mean) + shift[2]
        opacity = np.float64(opacities[n])
        if not (near <= z <= FAR and opacity >= ALPHA_CUT):
            continue
        w, qx, qy, qz, _ = _unit(quats, n)
        half = _half(
            _rotation(w, qx, qy, qz), np.float64(scales[n, 0]), np.float64(scales[n, 1]), np.float64(scales[n, 2])
        )
        lens = _lens(ks, c, height, width)
        top, bottom, _, _ = _screen_half(_times_half(rows, half), lens, x, y, z)
        xx, xy, yy = _dot(top, top) + EPS2D, _dot(top, bottom), _dot(bottom, bottom) + EPS2D
        determinant = xx * yy - xy * xy
        extent = min(3.33, math.sqrt(2.0 * math.log(opacity / ALPHA_CUT)))
        rx, ry = math.ceil(extent * math.sqrt(xx)), math.ceil(extent * math.sqrt(yy))
        px, py = lens[0] * x / z + lens[2], lens[1] * y / z + lens[3]
        inside = px + rx > 0 and px - rx < width and py + ry > 0 and py - ry < height
        sane = 0 < determinant < math.inf and abs(px) < _MAX_PIXEL and abs(py) < _MAX_PIXEL
        if not (sane and inside and rx > 0 and ry > 0):
            continue
        radii[c, n, 0], radii[c, n, 1] = np.int32(min(rx, _MAX_PIXEL)), np.int32(min(ry, _MAX_PIXEL))
        means2d[c, n, 0], means2d[c, n, 1], depths[c, n] = px, py, z
        conics[c, n, 0], conics[c, n, 1], conics[c, n, 2] = yy / determinant, -xy / determinant, xx / determinant


@inner
def _camera_vjp(half: Any, lens: Any, place: Any, conic: Any, v_conic: Any, v_mean2d: Any, v_depth: float) -> Any:
    """Gradients of one projection: to the mean [3] and to half (three rows), both in camera axes."""
    x, y, z = place
    top, bottom, u, v = _screen_half(half, lens, x, y, z)
    a, b, c = conic
    p, q, r = v_conic[0], 0.5 * v_conic[1], v_conic[2]
    # d(inverse): G = -conic V conic, symmetric.
    s00, s01, s10, s11 = p * a + q * b, p * b + q * c, q * a + r * b, q * b + r * c
    g00, g01, g11 = -(a * s00 + b * s10), -(a * s01 + b * s11), -(b * s01 + c * s11)
    # d(J half) = 2 G (J half); J = [[fx/z, 0, -fx u/z], [0, fy/z, -fy v/z]].
    v_top = (
        2 * (g00 * top[0] + g01 * bottom[0]),
        2 * (g00 * top[1] + g01 * bottom[1]),
        2 * (g00 * top[2] + g01 * bottom[2]),
    )
    v_bot = (
        2 * (g01 * top[0] + g11 * bottom[0]),
        2 * (g01 * top[1] + g11 * bottom[1]),
        2 * (g01 * top[2] + g11 * bottom[2]),
    )
    fx, fy = lens[0] / z, lens[1] / z
    v_half = (
        (fx * v_top[0], fx * v_top[1], fx * v_top[2]),
        (fy * v_bot[0], fy * v_bot[1], fy * v_bot[2]),
        (
            -fx * u * v_top[0] - fy * v * v_bot[0],
            -fx * u * v_top[1] - fy * v * v_bot[1],
            -fx * u * v_top[2] - fy * v * v_bot[2],
        ),
    )
    # d u and d v reach the mean only inside the clamp; 1/z always does.
    v_u, v_v = -fx * _dot(v_top, half[2]), -fy * _dot(v_bot, half[2])
    v_x, v_y = fx * v_mean2d[0], fy * v_mean2d[1]
    v_z = v_depth - (v_x * x + v_y * y + _dot(v_top, top) + _dot(v_bot, bottom)) / z
    if lens[4] <= x / z <= lens[5]:
        v_x += v_u / z
        v_z -= v_u * x / (z * z)
    if lens[6] <= y / z <= lens[7]:
        v_y += v_v / z
        v_z -= v_v * y / (z * z)
    return (v_x, v_y, v_z), v_half


@inner
def _back_to_world(rows: Any, m: Any) -> Any:
    """Rows of R^T @ m."""
    r0, r1, r2 = (
        (rows[0][0], rows[1][0], rows[2][0]),
        (rows[0][1], rows[1][1], rows[2][1]),
        (rows[0][2], rows[1][2], rows[2][2]),
    )
    return _times_half((r0, r1, r2), m)


@inner
def _quat_vjp(w: float, x: float, y: float, z: float, inverse: float, m: Any) -> Any:
    """Gradient to an unnormalised quaternion from the gradient m (rows) to its rotation matrix."""
    gw = 2 * (x * (m[2][1] - m[1][2]) + y * (m[0][2] - m[2][0]) + z * (m[1][0] - m[0][1]))
    gx = 2 * (
        -2 * x * (m[1][1] + m[2][2]) + y * (m[1][0] + m[0][1]) + z * (m[2][0] + m[0][2]) + w * (m[2][1] - m[1][2])
    )
    gy = 2 * (x * (m[1][0] + m[0][1]) - 2 * y * (m[0][0] + m[2][2]) + z * (m[2][1] + m[1][2]) + w * (m[0][2] - m[2][0]))
    gz = 2 * (x * (m[2][0] + m[0][2]) + y * (m[2][1] + m[1][2]) - 2 * z * (m[0][0] + m[1][1]) + w * (m[1][0] - m[0][1]))
    along = gw * w + gx * x + gy * y + gz * z
    return (
        (gw - along * w) * inverse,
        (gx - along * x) * inverse,
        (gy - along * y) * inverse,
        (gz - along * z) * inverse,
    )


@inner
def _add_pose_gradient(total: Float64, v: Any, mean: Any, v_half: Any, half: Any) -> None:
    """total [3, 4] += d/d(R | t) of R mean + t and of R half (world axes)."""
    for i in range(3):
        total[i, 3] += v[i]
        for j in range(3):
            total[i, j] += v[i] * mean[j] + _dot(v_half[i], half[j])


@inner
def _splat_vjp(
    n: int, splats: Any, poses: Float64, ks: Float64, size: tuple[int, int], screen: Any, grads: Any, total: Float64,
    out: Any,
) -> None:  # fmt: skip
    """One splat's gradients over all cameras; adds its share of the pose gradients to total [C, 3, 4]."""
    means, quats, scales = splats
    conics, radii = screen
    v_means2d, v_depths, v_conics = grads
    v_means, v_quats, v_scales = out
    mean = np.float64(means[n, 0]), np.float64(means[n, 1]), np.float64(means[n, 2])
    w, qx, qy, qz, inverse = _unit(quats, n)
    sx, sy, sz = np.float64(scales[n, 0]), np.float64(scales[n, 1]), np.float64(scales[n, 2])
    rotation = _rotation(w, qx, qy, qz)
    half = _half(rotation, sx, sy, sz)
    mx = my = mz = 0.0
    h0 = h1 = h2 = (0.0, 0.0, 0.0)
    seen = False
    for c in range(poses.shape[0]):
        if radii[c, n, 0] <= 0:
            continue
        seen = True
        rows, shift = _view(poses, c)
        place = _dot(rows[0], mean) + shift[0], _dot(rows[1], mean) + shift[1], _dot(rows[2], mean) + shift[2]
        conic = np.float64(conics[c, n, 0]), np.float64(conics[c, n, 1]), np.float64(conics[c, n, 2])
        v_conic = np.float64(v_conics[c, n, 0]), np.float64(v_conics[c, n, 1]), np.float64(v_conics[c, n, 2])
        v_mean2d = np.float64(v_means2d[c, n, 0]), np.float64(v_means2d[c, n, 1])
        lens = _lens(ks, c, size[0], size[1])
        v, v_half = _camera_vjp(
            _times_half(rows, half), lens, place, conic, v_conic, v_mean2d, np.float64(v_depths[c, n])
        )
        _add_pose_gradient(total[c], v, mean, v_half, half)
        mx += rows[0][0] * v[0] + rows[1][0] * v[1] + rows[2][0] * v[2]
        my += rows[0][1] * v[0] + rows[1][1] * v[1] + rows[2][1] * v[2]
        mz += rows[0][2] * v[0] + rows[1][2] * v[1] + rows[2][2] * v[2]
        k0, k1, k2 = _back_to_world(rows, v_half)
        h0 = h0[0] + k0[0], h0[1] + k0[1], h0[2] + k0[2]
        h1 = h1[0] + k1[0], h1[1] + k1[1], h1[2] + k1[2]
        h2 = h2[0] + k2[0], h2[1] + k2[1], h2[2] + k2[2]
    if not seen:
        return
    v_means[n, 0], v_means[n, 1], v_means[n, 2] = mx, my, mz
    r0, r1, r2 = rotation
    v_scales[n, 0] = r0[0] * h0[0] + r1[0] * h1[0] + r2[0] * h2[0]
    v_scales[n, 1] = r0[1] * h0[1] + r1[1] * h1[1] + r2[1] * h2[1]
    v_scales[n, 2] = r0[2] * h0[2] + r1[2] * h1[2] + r2[2] * h2[2]
    gw, gx, gy, gz = _quat_vjp(w, qx, qy, qz, inverse, _half((h0, h1, h2), sx, sy, sz))
    v_quats[n, 0], v_quats[n, 1], v_quats[n, 2], v_quats[n, 3] = gw, gx, gy, gz


@kernel
def project_backward(
    means: Floats, quats: Floats, scales: Floats, poses: Float64, ks: Float64, size: tuple[int, int],
    conics: Floats, radii: Int32, v_means2d: Floats, v_depths: Floats, v_conics: Floats,
    v_means: Floats, v_quats: Floats, v_scales: Floats, v_poses: Float64,
) -> None:  # fmt: skip
    """Gradients of `project_forward`; v_means, v_quats, v_scales and v_poses [C, 4, 4] come in as zeros."""
    n_splats, n_cameras = means.shape[0], poses.shape[0]
    n_chunks = (n_splats + _CHUNK - 1) // _CHUNK
    totals = np.zeros((n_chunks, n_cameras, 3, 4))
    for chunk in prange(n_chunks):
        for n in range(chunk * _CHUNK, min(n_splats, (chunk + 1) * _CHUNK)):
            _splat_vjp(
                n, (means, quats, scales), poses, ks, size, (conics, radii), (v_means2d, v_depths, v_conics),
                totals[chunk], (v_means, v_quats, v_scales),
            )  # fmt: skip
    for chunk in range(n_chunks):
        for c in range(n_cameras):
            for i in range(3):
                for j in range(4):
                    v_poses[c, i, j] += totals[chunk, c, i, j]
