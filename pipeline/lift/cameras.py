"""Joint fine-tuning of the freeze-time cameras (section 3.3: initialised with COLMAP, then tuned with the splats).

Each camera gets a small rigid correction in its own axes; the canonical one is fixed, which removes the freedom to move
the whole scene. The reference video has the canonical camera. Cameras that no track holds were guessed, from the orbit
prior or between their neighbours, and learn faster.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from renderer.camera import Camera
from renderer.diff.quaternions import rotation_from_vector
from renderer.diff.splats import CameraBatch

GUESSED_RATE = 10.0
"""How many times as fast guessed cameras learn; at 40 times they begin to run away."""


def rotation_matrix(q: Tensor) -> Tensor:
    """Unit wxyz [..., 4] -> [..., 3, 3]."""
    w, x, y, z = q.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(*q.shape[:-1], 3, 3)


class CameraTuning(nn.Module):
    """world_from_camera' = world_from_camera [R(r) | t]; corrections [6] are born zero, the canonical one stays.

    (r, t) is `free` [K, 1] times the correction: 0 for the canonical camera, 1 for solved ones, `GUESSED_RATE` for
    those at the positions `guessed`. Adam's steps do not depend on the size of gradients, so this scales their rate.
    """

    start: Tensor
    free: Tensor

    def __init__(
        self, cameras: Sequence[Camera], canonical: int, device: torch.device, guessed: Collection[int] = ()
    ) -> None:
        super().__init__()
        self.cameras = tuple(cameras)
        self.register_buffer("start", torch.tensor(np.stack([c.world_from_camera for c in cameras])).float().to(device))
        free = torch.ones(len(cameras), 1, device=device)
        free[list(guessed)] = GUESSED_RATE
        free[canonical] = 0.0
        self.register_buffer("free", free)
        # One parameter a camera: an optimiser then leaves those alone that a step has not looked through.
        self.corrections = nn.ParameterList(torch.zeros(6, device=device) for _ in cameras)

    def view(self, index: int) -> CameraBatch:
        """One tuned camera as a batch, differentiable in its correction."""
        delta = self.corrections[index] * self.free[index]
        turn = rotation_matrix(rotation_from_vector(delta[:3]))
        rotation = self.start[index, :3, :3] @ turn
        centre = self.start[index, :3, :3] @ delta[3:] + self.start[index, :3, 3]
        top = torch.cat([rotation.T, -(rotation.T @ centre)[:, None]], 1)
        bottom = top.new_tensor([[0.0, 0.0, 0.0, 1.0]])
        camera = self.cameras[index]
        k = torch.tensor(camera.K, dtype=top.dtype, device=top.device)
        return CameraBatch(torch.cat([top, bottom])[None], k[None], camera.size)

    @torch.no_grad()
    def tuned(self) -> tuple[Camera, ...]:
        """All cameras as they are now."""
        out = []
        for index, camera in enumerate(self.cameras):
            pose = np.linalg.inv(self.view(index).camera_from_world[0].double().cpu().numpy())
            u, _, vt = np.linalg.svd(pose[:3, :3])
            pose[:3, :3] = u @ vt
            out.append(camera.posed(pose))
        return tuple(out)
