"""A snapshot as float textures that the vertex shader reads; large motion tables take long, so a thread does it.

Packing needs neither OpenGL nor vispy. `Packed.slices` cuts the textures into pieces that are uploaded a few a
frame, so that a large scene never holds up a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from renderer.gl.moment import Mode
from renderer.snapshot import Float32, MotionTable, Snapshot

BASE_STRIDE = 1024  # splats per texture row: 4 texels each
MOTION_STRIDE = 1365  # moving splats per texture row: 3 texels each, the row stays under 4096
TALLEST = 16384  # texture height that every OpenGL 3.3 card of the last decade takes
SLICE_BYTES = 4 << 20  # of one upload: a few milliseconds even on software OpenGL


@dataclass(frozen=True, eq=False)
class Packed:
    """Textures of one snapshot: `base` [rows, 4 * BASE_STRIDE, 4]; by mode the thinned table and its texels."""

    snapshot: Snapshot
    base: Float32
    tables: dict[Mode, MotionTable]
    motions: dict[Mode, Float32]


def pack(snapshot: Snapshot) -> Packed:
    """All textures of a snapshot."""
    tables = {Mode.PER_FRAME: thinned(snapshot.per_frame), Mode.TEMPORAL: thinned(snapshot.temporal)}
    motions = {mode: packed_motion(table) for mode, table in tables.items()}
    return Packed(snapshot, packed_base(snapshot), tables, motions)


def slices(texels: Float32) -> Iterator[tuple[int, Float32]]:
    """Pieces of whole rows, each with its first row."""
    step = max(1, SLICE_BYTES // max(1, texels[0].nbytes))
    for first in range(0, len(texels), step):
        yield first, texels[first : first + step]


def packed_base(snapshot: Snapshot) -> Float32:
    """[rows, 4 * BASE_STRIDE, 4] all that the vertex shader knows of a splat; motion rows are -1 where it is still."""
    n = len(snapshot.means)
    rows = max(1, -(-n // BASE_STRIDE))
    texels = np.zeros((rows * BASE_STRIDE, 4, 4), np.float32)
    texels[:n, 0, :3], texels[:n, 0, 3] = snapshot.means, snapshot.opacities
    texels[:n, 1] = snapshot.quats
    texels[:n, 2, :3], texels[:n, 2, 3] = snapshot.scales, _row_of(snapshot.per_frame, n)
    texels[:n, 3, :3], texels[:n, 3, 3] = snapshot.rgb, _row_of(snapshot.temporal, n)
    return texels.reshape(rows, BASE_STRIDE * 4, 4)


def thinned(table: MotionTable) -> MotionTable:
    """The table, with every other sample left out until it fits a texture; mixing fills the gaps."""
    while table.offsets.shape[0] * table.offsets.shape[1] > TALLEST * MOTION_STRIDE and len(table.positions) > 2:
        keep = np.unique(np.append(np.arange(0, len(table.positions), 2), len(table.positions) - 1))
        table = MotionTable(table.positions[keep], table.rows, table.offsets[keep])
    return table


def packed_motion(table: MotionTable) -> Float32:
    """[rows, 3 * MOTION_STRIDE, 4] the offsets of all samples one after the other."""
    flat = table.offsets.reshape(-1, 10)
    rows = max(1, -(-len(flat) // MOTION_STRIDE))
    texels = np.zeros((rows * MOTION_STRIDE, 12), np.float32)
    texels[: len(flat), :10] = flat
    return texels.reshape(rows, MOTION_STRIDE * 3, 4)


def _row_of(table: MotionTable, n: int) -> Float32:
    rows = np.full(n, -1.0, np.float32)
    rows[table.rows] = np.arange(len(table.rows), dtype=np.float32)
    return rows
