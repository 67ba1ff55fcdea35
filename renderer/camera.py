"""A pinhole camera: pose, intrinsics and image size, in the one convention that all of Splatime uses.

World units are the scene's. Camera axes are OpenCV's: x right, y down, z forward. Pixel centres lie at
half integers, so the centre of the top left pixel is (0.5, 0.5). Other conventions (OpenGL, COLMAP text,
nerfstudio) exist only inside the file formats that need them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.errors import Refusal

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Camera:
    """One view of the scene.

    Attributes:
        world_from_camera: [4, 4] float64, a rigid motion; column 3 is the camera centre in the world.
        K: [3, 3] float64, pixels; fx, fy on the diagonal, the principal point in the last column.
        size: (height, width) in pixels.
    """

    world_from_camera: Array
    K: Array
    size: tuple[int, int]

    def __post_init__(self) -> None:
        pose = np.ascontiguousarray(self.world_from_camera, dtype=np.float64)
        k = np.ascontiguousarray(self.K, dtype=np.float64)
        if pose.shape != (4, 4) or k.shape != (3, 3):
            raise ValueError(f"a camera needs a [4, 4] pose and a [3, 3] K, got {pose.shape} and {k.shape}")
        if not (np.isfinite(pose).all() and np.isfinite(k).all()):
            raise ValueError("a camera's numbers must be finite")
        pose.setflags(write=False)
        k.setflags(write=False)
        object.__setattr__(self, "world_from_camera", pose)
        object.__setattr__(self, "K", k)
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Camera)
            and self.size == other.size
            and np.array_equal(self.K, other.K)
            and np.array_equal(self.world_from_camera, other.world_from_camera)
        )

    def __hash__(self) -> int:
        return hash((self.size, self.K.tobytes(), self.world_from_camera.tobytes()))

    @classmethod
    def from_fov(cls, world_from_camera: Array, fov_x: float, size: tuple[int, int]) -> Camera:
        """A camera with square pixels and a centred principal point; `fov_x` in radians."""
        height, width = size
        f = 0.5 * width / math.tan(0.5 * fov_x)
        return cls(world_from_camera, np.array([[f, 0, width / 2], [0, f, height / 2], [0, 0, 1]]), size)

    @property
    def camera_from_world(self) -> Array:
        """[4, 4] the inverse pose, what COLMAP and rasterisers call the view matrix."""
        r, t = self.world_from_camera[:3, :3], self.world_from_camera[:3, 3]
        out = np.eye(4)
        out[:3, :3] = r.T
        out[:3, 3] = -r.T @ t
        return out

    @property
    def centre(self) -> Array:
        """[3] the camera's position in the world."""
        return self.world_from_camera[:3, 3]

    @property
    def forward(self) -> Array:
        """[3] the unit viewing direction in the world."""
        return self.world_from_camera[:3, 2]

    @property
    def fov_x(self) -> float:
        """Horizontal field of view in radians, for a centred principal point."""
        return 2.0 * math.atan(0.5 * self.size[1] / float(self.K[0, 0]))

    def resized(self, size: tuple[int, int]) -> Camera:
        """The same view on another pixel grid: K scales per axis, the pose stays."""
        sy, sx = size[0] / self.size[0], size[1] / self.size[1]
        return replace(self, K=np.diag([sx, sy, 1.0]) @ self.K, size=size)

    def posed(self, world_from_camera: Array) -> Camera:
        """The same lens at another pose."""
        return replace(self, world_from_camera=world_from_camera)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Project world points [N, 3] to pixels [N, 2] and depths [N] (z in the camera, scene units)."""
        m = self.camera_from_world
        local = points @ m[:3, :3].T + m[:3, 3]
        uvw = local @ self.K.T
        return uvw[:, :2] / uvw[:, 2:3], local[:, 2]

    def to_json(self) -> dict[str, Any]:
        return {"world_from_camera": self.world_from_camera.tolist(), "K": self.K.tolist(), "size": list(self.size)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Camera:
        """Read what `to_json` wrote; raises `Refusal` for anything that is not a camera."""
        try:
            size: Sequence[int] = data["size"]
            camera = cls(np.array(data["world_from_camera"], float), np.array(data["K"], float), (size[0], size[1]))
        except (KeyError, TypeError, ValueError, IndexError) as fault:
            raise Refusal(
                f"This is not a Splatime camera ({fault}); it needs world_from_camera, K and size."
            ) from fault
        r = camera.world_from_camera[:3, :3]
        if not np.allclose(r @ r.T, np.eye(3), atol=1e-4) or np.linalg.det(r) < 0 or camera.K[0, 0] <= 0:
            raise Refusal("This camera's pose is not a rotation and a position, or its focal length is not positive.")
        if not (1 <= camera.size[0] <= 16384 and 1 <= camera.size[1] <= 16384):
            raise Refusal(f"A camera image of {camera.size[1]}x{camera.size[0]} is outside 1 to 16384 pixels a side.")
        return camera


def look_at(centre: Array, target: Array, up: Array) -> Array:
    """The [4, 4] pose of a camera at `centre` that looks at `target` with `up` towards the image's top."""
    z = np.asarray(target, float) - np.asarray(centre, float)
    z = z / np.linalg.norm(z)
    x = np.cross(z, np.asarray(up, float))
    x = x / np.linalg.norm(x)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = x, np.cross(z, x), z, centre
    return pose
