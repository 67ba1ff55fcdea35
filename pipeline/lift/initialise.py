"""The first splats and the motion nodes.

COLMAP's points start the splats (Appendix D.4). Small generated frames give only a few hundred of them, which growth
would take thousands of steps to make up for, so the short presets also seed splats at pixels of the freeze-time
frames, at a depth interpolated between the points that the frame sees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from scipy.ndimage import binary_fill_holes
from scipy.spatial import cKDTree
from torch import Tensor

from pipeline.lift.footage import Footage
from pipeline.poses.solve import SolvedPoses
from renderer.camera import Camera
from renderer.diff.skinning import spread_nodes

Array = npt.NDArray[np.float64]

POINT_OPACITY = 0.1
SEED_OPACITY = 0.3


def initial_splats(footage: Footage, poses: SolvedPoses, seeds: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """Raw splats under gsplat's names: means, scales (log), quats, opacities (logit), rgb; on the CPU, float32."""
    points = np.asarray(poses.points, np.float64)
    means, rgb = [points], [np.asarray(poses.point_rgb, np.float64) / 255.0]
    spacing = _point_spacing(points)
    sizes, opacity = [spacing], [np.full(len(points), POINT_OPACITY)]
    per_frame = seeds // max(len(footage.cameras), 1)
    for position, camera in enumerate(footage.cameras):
        visible = poses.visible_points(footage.freeze_frames[position])
        if per_frame == 0 or len(visible) < 8:
            continue
        image = footage.freeze_images[position].cpu().double().numpy()
        seed_means, seed_rgb, seed_size = _seed_frame(image, camera, points[visible], per_frame, rng)
        means.append(seed_means)
        rgb.append(seed_rgb)
        sizes.append(seed_size)
        opacity.append(np.full(len(seed_means), SEED_OPACITY))
    x = np.concatenate(means)
    alpha = np.concatenate(opacity)
    quats = np.zeros((len(x), 4))
    quats[:, 0] = 1.0
    arrays = {
        "means": x,
        "scales": np.log(np.repeat(np.concatenate(sizes)[:, None], 3, 1)),
        "quats": quats,
        "opacities": np.log(alpha / (1 - alpha)),
        "rgb": np.concatenate(rgb),
    }
    return {name: torch.from_numpy(value).float() for name, value in arrays.items()}


def _point_spacing(points: Array) -> Array:
    """Mean distance to the three nearest points, the starting radius of 3DGS."""
    if len(points) < 4:
        return np.full(len(points), 0.01)
    distance, _ = cKDTree(points).query(points, k=4)
    return np.asarray(np.clip(distance[:, 1:].mean(1), 1e-4, np.quantile(distance[:, 1:], 0.95)), np.float64)


def _seed_frame(
    image: Array, camera: Camera, points: Array, count: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Means [S, 3], rgb [S, 3], sizes [S] of splats on a jittered pixel grid of about `count` cells."""
    h, w = camera.size
    cell = (h * w / count) ** 0.5
    rows, cols = max(round(h / cell), 1), max(round(w / cell), 1)
    grid = np.stack(np.meshgrid(np.arange(cols), np.arange(rows)), -1).reshape(-1, 2)
    pixels = (grid + rng.random(grid.shape)) * [w / cols, h / rows]
    seen, depth = camera.project(points)
    z = _interpolate_depth(seen, depth, pixels)
    rays = np.concatenate([pixels, np.ones((len(pixels), 1))], 1) @ np.linalg.inv(camera.K).T
    local = rays * z[:, None]
    pose = camera.world_from_camera
    column = np.clip(pixels[:, 0].astype(int), 0, w - 1)
    row = np.clip(pixels[:, 1].astype(int), 0, h - 1)
    return local @ pose[:3, :3].T + pose[:3, 3], image[row, column], 0.5 * cell * z / float(camera.K[0, 0])


def _interpolate_depth(seen: Array, depth: Array, pixels: Array) -> Array:
    """Depth at `pixels`, linear in inverse depth inside the points' hull, of the nearest point outside."""
    low, high = np.quantile(depth, [0.02, 0.98])
    inverse = 1.0 / np.clip(depth, max(low, 1e-3), high)
    inside = LinearNDInterpolator(seen, inverse)(pixels)
    nearest = NearestNDInterpolator(seen, inverse)(pixels)
    depths: Array = 1.0 / np.where(np.isfinite(inside), inside, nearest)
    return depths


def place_nodes(means: Tensor, camera: Camera, activity: Tensor | None, count: int) -> Tensor:
    """Rest positions [M, 3] of motion nodes among splat centres [N, 3].

    `activity` [H, W] says where the picture changes: two thirds of the nodes go to splats that are seen there (all of
    it: None), the others spread over everything.
    """
    pixels, depth = camera.project(means.double().cpu().numpy())
    h, w = camera.size
    inside = (depth > 0.05) & (pixels >= 0).all(1) & (pixels[:, 0] < w) & (pixels[:, 1] < h)
    visible = means[torch.from_numpy(inside).to(means.device)]
    if len(visible) < 2:
        return means[:count].clone()
    if activity is None:
        return visible[spread_nodes(visible, count).to(means.device)]
    at = pixels[inside].astype(int)
    busy = torch.from_numpy(activity.cpu().numpy()[at[:, 1], at[:, 0]] > 0).to(means.device)
    movers = visible[busy]
    some = (
        spread_nodes(movers, 2 * count // 3).to(means.device) if len(movers) > 8 else torch.zeros(0, dtype=torch.long)
    )
    rest = visible[spread_nodes(visible, count - len(some)).to(means.device)]
    return torch.cat([movers[some], rest])


def seen_moving(nodes: Tensor, camera: Camera, activity: Tensor) -> Tensor:
    """Which nodes [M] bool lie, seen from the canonical camera, where the picture changes."""
    pixels, depth = camera.project(nodes.double().cpu().numpy())
    h, w = camera.size
    column = np.clip(pixels[:, 0], 0, w - 1).astype(int)
    row = np.clip(pixels[:, 1], 0, h - 1).astype(int)
    return torch.from_numpy(activity.cpu().numpy()[row, column] & (depth > 0))


def activity_mask(reference: Tensor, canonical: int, grow: int, threshold: float = 0.05) -> Tensor:
    """Pixels [H, W] that any reference frame [T, H, W, 3] shows changed from the canonical one, grown by `grow` px.

    What lies enclosed by them counts too: the inside of an evenly coloured thing moves without a change.
    """
    change = (reference - reference[canonical]).abs().amax(-1)
    # Averaged over 5 px, since single pixels of a compressed video flicker by more than the threshold.
    smooth = torch.nn.functional.avg_pool2d(change[:, None], 5, 1, 2)[:, 0]
    changed = (smooth > threshold).any(0)
    dilated = torch.nn.functional.max_pool2d(changed.float()[None, None], 2 * grow + 1, 1, grow)
    filled = binary_fill_holes((dilated[0, 0] > 0).cpu().numpy())
    return torch.from_numpy(filled).to(reference.device)
