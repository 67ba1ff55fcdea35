"""A scene as a viewer or an exporter needs it: activated splats, baked motion, cameras; no torch.

The motion of a deformable scene is sampled once (`DeformableScene.bake`) into two tables of offsets,
Eq. 1 with the scales of Appendix D.3: one over reference time, one over freeze-time frames. Only rows
that move carry samples. Between samples offsets are mixed linearly, so the GPU can do the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from renderer.camera import Camera
from renderer.errors import Refusal

Float32 = npt.NDArray[np.float32]

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class MotionTable:
    """Offsets of the moving splats at sample positions.

    Attributes:
        positions: [S] float32, increasing: reference frames (temporal) or freeze-time frame indices.
        rows: [M] int32, the splats that move.
        offsets: [S, M, 10] float16: dx 3, dq 4 (wxyz, added to the unit quaternion), ds 3 (added to the scale).
    """

    positions: Float32
    rows: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.float16]

    @classmethod
    def still(cls) -> MotionTable:
        """A table in which nothing moves."""
        return cls(np.zeros(1, np.float32), np.zeros(0, np.int32), np.zeros((1, 0, 10), np.float16))

    def sample(self, position: float) -> Float32:
        """[M, 10] float32 offsets at `position`, clamped to the table's ends."""
        low, high, weight = self.bracket(position)
        a: Float32 = self.offsets[low].astype(np.float32)
        if weight == 0.0:
            return a
        mixed: Float32 = a + np.float32(weight) * (self.offsets[high].astype(np.float32) - a)
        return mixed

    def bracket(self, position: float) -> tuple[int, int, float]:
        """The two samples around `position` and the weight of the second one."""
        last = len(self.positions) - 1
        high = int(np.clip(np.searchsorted(self.positions, position, side="right"), 1, max(last, 1)))
        if last == 0:
            return 0, 0, 0.0
        span = float(self.positions[high] - self.positions[high - 1])
        weight = float(np.clip((position - float(self.positions[high - 1])) / span, 0.0, 1.0))
        return high - 1, high, weight


@dataclass(frozen=True, eq=False)
class Posed:
    """Activated splats of one moment: means [N, 3], quats [N, 4] wxyz, scales [N, 3], opacities [N], rgb [N, 3]."""

    means: Float32
    quats: Float32
    scales: Float32
    opacities: Float32
    rgb: Float32


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Canonical splats plus their two motions, and the cameras they were lifted with.

    Attributes:
        means [N, 3], quats [N, 4] unit wxyz, scales [N, 3] positive, opacities [N] in (0, 1), rgb [N, 3] sRGB:
            float32, the canonical scene.
        temporal: motion over reference time, in reference frames (source frame index, float).
        per_frame: what each freeze-time frame deforms (section 3.3), by source frame index.
        reference_camera: the still camera of the reference video.
        freeze_cameras: solved camera of each lifted freeze-time frame, keyed by source frame index.
        info: JSON-able facts for people (stage, step, canonical frames, fps).
    """

    means: Float32
    quats: Float32
    scales: Float32
    opacities: Float32
    rgb: Float32
    temporal: MotionTable
    per_frame: MotionTable
    reference_camera: Camera
    freeze_cameras: dict[int, Camera]
    info: dict[str, Any] = field(default_factory=dict)

    def canonical(self) -> Posed:
        """The undeformed scene."""
        return Posed(self.means, self.quats, self.scales, self.opacities, self.rgb)

    def at(self, time: float) -> Posed:
        """The scene at a reference time, in reference frames."""
        return self._moved(self.temporal, time)

    def as_seen_in(self, frame: float) -> Posed:
        """The canonical scene as freeze-time frame `frame` saw it, inconsistencies included."""
        return self._moved(self.per_frame, frame)

    def _moved(self, table: MotionTable, position: float) -> Posed:
        rows, offsets = table.rows, table.sample(position)
        means, quats, scales = self.means.copy(), self.quats.copy(), self.scales.copy()
        means[rows] += offsets[:, :3]
        turned = quats[rows] + offsets[:, 3:7]
        quats[rows] = turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-8)
        scales[rows] = np.maximum(scales[rows] + offsets[:, 7:], 1e-8)
        return Posed(means, quats, scales, self.opacities, self.rgb)

    @property
    def time_range(self) -> tuple[float, float]:
        """First and last reference time that the temporal table covers."""
        return float(self.temporal.positions[0]), float(self.temporal.positions[-1])

    def save(self, path: Path) -> None:
        """Write atomically: a reader sees the old file or the new one, never a part."""
        tensors = {
            "means": self.means, "quats": self.quats, "scales": self.scales,
            "opacities": self.opacities, "rgb": self.rgb,
        }  # fmt: skip
        for name, table in (("temporal", self.temporal), ("per_frame", self.per_frame)):
            tensors |= {f"{name}.{part}": getattr(table, part) for part in ("positions", "rows", "offsets")}
        meta = {
            "version": FORMAT_VERSION,
            "reference_camera": self.reference_camera.to_json(),
            "freeze_cameras": {str(k): camera.to_json() for k, camera in self.freeze_cameras.items()},
            "info": self.info,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            # Not save_file: its complaint about a full disk is no OSError.
            data = save({k: np.ascontiguousarray(v) for k, v in tensors.items()}, {"splatime": json.dumps(meta)})
            scratch.write_bytes(data)
            os.replace(scratch, path)
        finally:
            scratch.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """Read a snapshot, checking every shape; raises `Refusal` when the file is not a whole, sane snapshot."""
        try:
            with safe_open(str(path), framework="np") as file:
                meta = json.loads((file.metadata() or {}).get("splatime", "null"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            if meta is None or meta.get("version", 0) > FORMAT_VERSION:
                raise ValueError("it was not written by this version of Splatime")
            tables: dict[str, Any] = {
                n: MotionTable(tensors[f"{n}.positions"], tensors[f"{n}.rows"], tensors[f"{n}.offsets"])
                for n in ("temporal", "per_frame")
            }
            core: dict[str, Any] = {
                n: tensors[n].astype(np.float32, copy=False) for n in ("means", "quats", "scales", "opacities", "rgb")
            }
            snapshot = cls(
                **core,
                **tables,
                reference_camera=Camera.from_json(meta["reference_camera"]),
                freeze_cameras={int(k): Camera.from_json(v) for k, v in meta["freeze_cameras"].items()},
                info=dict(meta["info"]),
            )
            snapshot._check()
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise Refusal(f"{path} is not a readable scene snapshot ({fault}).") from fault
        return snapshot

    def _check(self) -> None:
        n = len(self.means)
        shapes = {"means": (n, 3), "quats": (n, 4), "scales": (n, 3), "opacities": (n,), "rgb": (n, 3)}
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value.shape != shape or not np.isfinite(value).all():
                raise ValueError(f"{name} has shape {value.shape} or values that are not finite")
        for table in (self.temporal, self.per_frame):
            if table.offsets.shape != (len(table.positions), len(table.rows), 10) or len(table.positions) == 0:
                raise ValueError("a motion table does not fit its rows")
            if len(table.rows) and not (0 <= table.rows.min() and table.rows.max() < n):
                raise ValueError("a motion table names splats that do not exist")
            if np.any(np.diff(table.positions) <= 0):
                raise ValueError("a motion table is out of order")
