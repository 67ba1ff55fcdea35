"""A slow picture of posed splats in plain NumPy, float64, one splat at a time: the truth that the shaders must meet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera
from renderer.snapshot import Posed


def dense_picture(posed: Posed, camera: Camera, background: tuple[float, float, float]) -> npt.NDArray[np.uint8]:
    """[H, W, 3] gsplat's forward pass, transmittance cut included."""
    height, width = camera.size
    ys, xs = np.mgrid[:height, :width] + 0.5
    light = np.ones((height, width))
    picture = np.zeros((height, width, 3))
    done = np.zeros((height, width), bool)
    view = camera.camera_from_world
    depth = posed.means.astype(np.float64) @ view[2, :3] + view[2, 3]
    for i in np.argsort(depth.astype(np.float32), kind="stable"):
        if depth[i] < 0.01 or posed.opacities[i] < 1 / 255:
            continue
        centre, conic = _project(posed, int(i), camera)
        dx, dy = xs - centre[0], ys - centre[1]
        power = 0.5 * (conic[0, 0] * dx * dx + conic[1, 1] * dy * dy) + conic[0, 1] * dx * dy
        alpha = np.minimum(0.999, posed.opacities[i] * np.exp(-power))
        left = light * (1 - alpha)
        hit = (alpha >= 1 / 255) & ~done
        done |= hit & (left <= 1e-4)
        hit &= ~done
        picture[hit] += (alpha * light)[hit, None] * posed.rgb[i].astype(np.float64)
        light[hit] = left[hit]
    picture += light[..., None] * np.array(background)
    return np.asarray(np.clip(picture * 255.0 + 0.5, 0, 255), np.uint8)


def _project(posed: Posed, i: int, camera: Camera) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    view, (height, width) = camera.camera_from_world, camera.size
    fx, fy, cx, cy = camera.K[0, 0], camera.K[1, 1], camera.K[0, 2], camera.K[1, 2]
    x, y, z = view[:3, :3] @ posed.means[i] + view[:3, 3]
    tx = z * np.clip(x / z, -(cx / fx + 0.15 * width / fx), (width - cx) / fx + 0.15 * width / fx)
    ty = z * np.clip(y / z, -(cy / fy + 0.15 * height / fy), (height - cy) / fy + 0.15 * height / fy)
    j = np.array([[fx / z, 0, -fx * tx / z**2], [0, fy / z, -fy * ty / z**2]])
    w, qx, qy, qz = posed.quats[i].astype(np.float64)
    turn = np.array([
        [1 - 2 * (qy * qy + qz * qz), 2 * (qx * qy - w * qz), 2 * (qx * qz + w * qy)],
        [2 * (qx * qy + w * qz), 1 - 2 * (qx * qx + qz * qz), 2 * (qy * qz - w * qx)],
        [2 * (qx * qz - w * qy), 2 * (qy * qz + w * qx), 1 - 2 * (qx * qx + qy * qy)],
    ])  # fmt: skip
    m = j @ view[:3, :3] @ turn @ np.diag(posed.scales[i].astype(np.float64))
    return np.array([fx * x / z + cx, fy * y / z + cy]), np.linalg.inv(m @ m.T + 0.3 * np.eye(2))
