"""The one function that turns splats and cameras into pictures, with gradients to all of them.

On CUDA it is `gsplat.rasterization`; on the CPU our tile kernels (`renderer.tiles`) under two autograd functions,
projection and blending. Same signature, same semantics (gsplat 1.5.3: 0.3 px^2 dilation, alpha at most 0.999 and
at least 1/255, transmittance stops above 1e-4, sorting by depth, pixel centres at .5), same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.tiles.binning import bin_splats
from renderer.tiles.blending import blend_backward, blend_forward, gather_gradients
from renderer.tiles.projection import EPS2D, FAR, project_backward, project_forward


@dataclass(frozen=True, eq=False)
class Rendering:
    """C pictures of size H x W.

    Attributes:
        image: [C, H, W, 3], composited over the background.
        alpha: [C, H, W, 1] in [0, 1).
        depth: [C, H, W, 1] expected camera z as gsplat's RGB+ED: accumulated depth / max(alpha, 1e-10); 0 where empty.
        means2d: [C, N, 2] px, a non-leaf of the graph: call `.retain_grad()` on it to read screen gradients.
        radii: [C, N, 2] int32 px; 0 = not seen.
    """

    image: Tensor
    alpha: Tensor
    depth: Tensor
    means2d: Tensor
    radii: Tensor


def rasterize(
    splats: ActiveSplats, cameras: CameraBatch, *, background: Tensor | None = None, near: float = 0.01
) -> Rendering:
    """Render N splats in C cameras of one size.

    background is [3] or [C, 3], black by default. Gradients reach means, quats, scales, opacities, rgb,
    `cameras.camera_from_world` and background; not K. All tensors share one device; the splats share one dtype
    (float32 or float64; CUDA: float32). Raises ValueError for shapes or dtypes that don't fit.
    """
    _check(splats, cameras)
    if background is None:
        background = splats.means.new_zeros(3)
    background = background.to(splats.means).expand(len(cameras), 3)
    draw = _rasterize_cuda if splats.means.is_cuda else _rasterize_cpu
    return draw(splats, cameras, background, near)


def _check(splats: ActiveSplats, cameras: CameraBatch) -> None:
    """The kernels trust their shapes: a row too few would read foreign memory."""
    n, c = len(splats), len(cameras)
    shapes = {"means": (n, 3), "quats": (n, 4), "scales": (n, 3), "opacities": (n,), "rgb": (n, 3)}
    for name, shape in shapes.items():
        tensor: Tensor = getattr(splats, name)
        if tensor.shape != shape or tensor.dtype != splats.means.dtype:
            raise ValueError(f"{name} must be {shape} {splats.means.dtype}, got {tuple(tensor.shape)} {tensor.dtype}")
    if cameras.camera_from_world.shape != (c, 4, 4) or cameras.K.shape != (c, 3, 3) or min(cameras.size) < 1:
        raise ValueError(f"cameras must be [C, 4, 4] poses and [C, 3, 3] K of a size above 0, not {cameras.size}")


def _rasterize_cuda(splats: ActiveSplats, cameras: CameraBatch, background: Tensor, near: float) -> Rendering:
    import gsplat  # only here: without CUDA its import compiles nothing and its calls raise

    height, width = cameras.size
    colours, alpha, info = gsplat.rasterization(
        splats.means, splats.quats, splats.scales, splats.opacities, splats.rgb, cameras.camera_from_world, cameras.K,
        width, height, near_plane=near, far_plane=FAR, eps2d=EPS2D, packed=False, render_mode="RGB+ED",
        backgrounds=background,
    )  # fmt: skip
    return Rendering(colours[..., :3], alpha, colours[..., 3:], info["means2d"], info["radii"])


def _rasterize_cpu(splats: ActiveSplats, cameras: CameraBatch, background: Tensor, near: float) -> Rendering:
    means2d, depths, conics, radii = _Project.apply(
        splats.means, splats.quats, splats.scales, splats.opacities.detach(), cameras.camera_from_world, cameras.K,
        cameras.size, near,
    )  # fmt: skip
    image, depth, alpha = _Blend.apply(
        means2d, depths, conics, radii, splats.opacities, splats.rgb, background, cameras.size
    )
    depth = depth / alpha.clamp(min=1e-10)
    return Rendering(image, alpha[..., None], depth[..., None], means2d, radii)


def _array(tensor: Tensor) -> Any:
    """A tensor's memory as a contiguous numpy array, without a copy where there is none to make."""
    return tensor.detach().contiguous().numpy()


def _double(tensor: Tensor) -> Any:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float64)


class _Project(torch.autograd.Function):
    """(means, quats, scales, opacities, camera_from_world, K, size, near) -> means2d, depths, conics, radii."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        means, quats, scales, opacities, poses, ks, size, near = inputs
        shape = (poses.shape[0], means.shape[0])
        means2d, conics = means.new_empty(*shape, 2), means.new_empty(*shape, 3)
        depths, radii = means.new_empty(shape), torch.empty(*shape, 2, dtype=torch.int32)
        project_forward(
            _array(means), _array(quats), _array(scales), _array(opacities), _double(poses), _double(ks), size,
            float(near), means2d.numpy(), depths.numpy(), conics.numpy(), radii.numpy(),
        )  # fmt: skip
        ctx.save_for_backward(means, quats, scales, poses, ks, conics, radii)
        ctx.size = size
        ctx.mark_non_differentiable(radii)
        return means2d, depths, conics, radii

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        means, quats, scales, poses, ks, conics, radii = ctx.saved_tensors
        v_means, v_quats, v_scales = torch.zeros_like(means), torch.zeros_like(quats), torch.zeros_like(scales)
        v_poses = np.zeros(tuple(poses.shape))
        v_means2d, v_depths, v_conics = (_array(grad) for grad in grads[:3])
        project_backward(
            _array(means), _array(quats), _array(scales), _double(poses), _double(ks), ctx.size,
            _array(conics), _array(radii), v_means2d, v_depths, v_conics,
            v_means.numpy(), v_quats.numpy(), v_scales.numpy(), v_poses,
        )  # fmt: skip
        return v_means, v_quats, v_scales, None, torch.from_numpy(v_poses).to(poses), None, None, None


class _Blend(torch.autograd.Function):
    """(means2d, depths, conics, radii, opacities, rgb, background, size) -> image, accumulated depth, alpha."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        means2d, depths, conics, radii, opacities, rgb, background, size = inputs
        shape = (means2d.shape[0], *size)
        image, depth, alpha = means2d.new_empty(*shape, 3), means2d.new_empty(shape), means2d.new_empty(shape)
        screen = _array(means2d), _array(depths), _array(conics), _array(radii)
        bins = bin_splats(*screen, _array(opacities), _array(rgb), size)
        ctx.last = blend_forward(bins, _array(background), image.numpy(), depth.numpy(), alpha.numpy())
        ctx.bins = bins
        ctx.save_for_backward(conics, opacities, image, depth, alpha)
        return image, depth, alpha

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        conics, opacities, image, depth, alpha = ctx.saved_tensors
        bins = ctx.bins
        moments = blend_backward(
            bins, ctx.last, (_array(image), _array(depth), _array(alpha)), tuple(_array(grad) for grad in grads)
        )
        n_cameras, n_splats = conics.shape[:2]
        v_means2d, v_conics = conics.new_zeros(n_cameras, n_splats, 2), torch.zeros_like(conics)
        v_depths, v_opacities = conics.new_zeros(n_cameras, n_splats), conics.new_zeros(n_cameras, n_splats)
        v_rgb = torch.zeros_like(conics)
        gather_gradients(
            bins.order, bins.slot_start, bins.slot_count, moments, _array(conics), _array(opacities),
            *(x.numpy() for x in (v_means2d, v_conics, v_depths, v_opacities, v_rgb)),
        )  # fmt: skip
        v_background = ((1 - alpha)[..., None] * grads[0]).sum((1, 2)) if ctx.needs_input_grad[6] else None
        return v_means2d, v_depths, v_conics, None, v_opacities.sum(0), v_rgb.sum(0), v_background, None
