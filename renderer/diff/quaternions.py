"""Unit quaternions, wxyz, in torch: what fields and regularisers turn things by."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def quaternion_multiply(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product of wxyz quaternions [..., 4], broadcasting."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def quaternion_conjugate(q: Tensor) -> Tensor:
    """The inverse rotation of unit wxyz quaternions [..., 4]."""
    return q * q.new_tensor([1.0, -1.0, -1.0, -1.0])


def quaternion_rotate(q: Tensor, v: Tensor) -> Tensor:
    """Rotate v [..., 3] by unit wxyz q [..., 4]: v + 2 w (u x v) + 2 u x (u x v)."""
    u = q[..., 1:]
    uv: Tensor = torch.linalg.cross(u.expand_as(v), v)
    uuv: Tensor = torch.linalg.cross(u.expand_as(v), uv)
    return v + 2.0 * (q[..., :1] * uv + uuv)


def rotation_from_vector(r: Tensor) -> Tensor:
    """[..., 3] -> unit wxyz quaternion normalise(1, r): smooth, identity at zero, any rotation below half a turn."""
    return nn.functional.normalize(torch.cat([torch.ones_like(r[..., :1]), r], -1), dim=-1)
