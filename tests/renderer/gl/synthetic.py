"""A small made-up scene for the window's tests and screenshots: a checkered room, a ball that flies and turns.

Not a lifted scene: splats are placed on surfaces. It has what the viewport must handle: elongated and
turned splats, a still background, motion over time, per-frame inconsistencies, six freeze-time cameras, roll.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from renderer.camera import Camera, look_at
from renderer.snapshot import Float32, MotionTable, Snapshot

Float64 = npt.NDArray[np.float64]

SIZE = (144, 256)
PIVOT = np.array([0.0, 0.0, 4.0])
TIE = 2e-3  # surfaces are this rough: the order of splats of equal depth is free, and would differ between renderers


def reference_camera(size: tuple[int, int] = SIZE) -> Camera:
    return Camera.from_fov(np.eye(4), math.radians(55.0), size)


def freeze_camera(angle: float, size: tuple[int, int] = SIZE) -> Camera:
    """On an arc about the pivot; angle 0 is the reference camera."""
    centre = PIVOT + 4.0 * np.array([math.sin(angle), -0.08 * abs(math.sin(2 * angle)), -math.cos(angle)])
    return reference_camera(size).posed(look_at(centre, PIVOT, np.array([0.0, -1.0, 0.0])))


def synthetic_snapshot(count: int = 4000, seed: int = 7, step: int = 1200) -> Snapshot:
    """About `count` splats: a third wall, a third floor, a third the moving ball."""
    rng = np.random.default_rng(seed)
    third = count // 3
    parts = [_wall(rng, third), _floor(rng, third), _ball(rng, count - 2 * third)]
    means, quats, scales, rgb = (np.concatenate([part[i] for part in parts]).astype(np.float32) for i in range(4))
    opacities = rng.uniform(0.55, 0.995, count).astype(np.float32)
    opacities[::37] = 0.02
    moving = np.arange(2 * third, count, dtype=np.int32)
    return Snapshot(
        means, quats / np.linalg.norm(quats, axis=1, keepdims=True), scales, opacities, rgb,
        temporal=_flight(means[moving], moving), per_frame=_wobble(rng, moving),
        reference_camera=reference_camera(),
        freeze_cameras={k: freeze_camera((i - 2) * math.radians(11.0)) for i, k in enumerate(range(0, 24, 4))},
        info={"stage": "motion fit", "step": step, "fps": 24.0, "canonical_frame": 0, "canonical_freeze_frame": 8},
    )  # fmt: skip


def _surface(
    points: Float32, rgb: Float32, flat: tuple[float, float, float]
) -> tuple[Float32, Float32, Float32, Float32]:
    quats = np.tile(np.array([1, 0, 0, 0], np.float32), (len(points), 1))
    return points, quats, np.tile(np.array(flat, np.float32), (len(points), 1)), rgb


def _checks(u: Float64, v: Float64, a: tuple[float, ...], b: tuple[float, ...]) -> Float32:
    odd = ((np.floor(u * 1.5) + np.floor(v * 1.5)) % 2).astype(bool)
    return np.where(odd[:, None], np.array(a, np.float32), np.array(b, np.float32)).astype(np.float32)


def _wall(rng: np.random.Generator, n: int) -> tuple[Float32, Float32, Float32, Float32]:
    u, v = rng.uniform(-4.5, 4.5, n), rng.uniform(-2.6, 1.5, n)
    points = np.stack([u, v, 6.5 + rng.uniform(-TIE, TIE, n)], 1).astype(np.float32)
    return _surface(points, _checks(u, v, (0.78, 0.70, 0.58), (0.42, 0.50, 0.56)), (0.1, 0.1, 0.01))


def _floor(rng: np.random.Generator, n: int) -> tuple[Float32, Float32, Float32, Float32]:
    u, v = rng.uniform(-3.5, 3.5, n), rng.uniform(2.0, 6.5, n)
    points = np.stack([u, 1.5 + rng.uniform(-TIE, TIE, n), v], 1).astype(np.float32)
    return _surface(points, _checks(u, v, (0.30, 0.32, 0.36), (0.62, 0.60, 0.56)), (0.1, 0.01, 0.1))


def _ball(rng: np.random.Generator, n: int) -> tuple[Float32, Float32, Float32, Float32]:
    normal = rng.normal(size=(n, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    points = (np.array([-0.9, 0.3, 4.0]) + 0.75 * normal).astype(np.float32)
    stripes = np.sin(9.0 * normal[:, 1] + 3.0 * normal[:, 0]) > 0
    rgb = np.where(stripes[:, None], [0.86, 0.33, 0.20], [0.95, 0.85, 0.70]).astype(np.float32)
    light = 0.65 + 0.35 * np.clip(-normal @ np.array([0.4, 0.7, 0.6]), -1, 1)
    scales = rng.uniform([0.03, 0.015, 0.02], [0.09, 0.04, 0.05], (n, 3)).astype(np.float32)
    return points, rng.normal(size=(n, 4)).astype(np.float32), scales, (rgb * light[:, None]).astype(np.float32)


def _flight(means: Float32, rows: np.ndarray) -> MotionTable:
    times = np.arange(0, 16, dtype=np.float32)
    offsets = np.zeros((len(times), len(rows), 10), np.float16)
    for i, time in enumerate(times):
        phase = float(time) / 15.0
        offsets[i, :, 0] = 1.8 * phase
        offsets[i, :, 1] = -2.4 * phase * (1.0 - phase)
        offsets[i, :, 3:7] = 0.4 * phase * np.sin(7.0 * means[:, :1] + np.arange(4))
        offsets[i, :, 7:] = 0.01 * phase
    return MotionTable(times, rows, offsets)


def _wobble(rng: np.random.Generator, rows: np.ndarray) -> MotionTable:
    frames = np.arange(0, 24, 4, dtype=np.float32)
    offsets = np.zeros((len(frames), len(rows), 10), np.float16)
    for i in range(len(frames)):
        if i != 2:
            offsets[i, :, :3] = 0.06 * (i - 2) * rng.normal(size=3) + 0.01 * rng.normal(size=(len(rows), 3))
    return MotionTable(frames, rows, offsets)
