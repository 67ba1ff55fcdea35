"""Coloured points as a PLY file, as nerfstudio keeps them beside transforms.json; ASCII or binary little endian."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from renderer.formats.checks import finite_array, reading
from renderer.formats.ply import read_header

Array = npt.NDArray[np.float64]

MAX_POINTS = 10_000_000
_FIELDS = ("x", "y", "z", "red", "green", "blue")


def read_point_ply(path: Path) -> tuple[Array, npt.NDArray[np.uint8]]:
    """Points [P, 3] and colours [P, 3]; raises `Refusal` for anything else than such a file."""
    with reading(path, "a PLY file of coloured points"), path.open("rb") as file:
        header = read_header(file)
        if header.count > MAX_POINTS:
            raise ValueError(f"it promises {header.count} points, and at most {MAX_POINTS} are read")
        missing = [name for name in _FIELDS if name not in (header.dtype.names or ())]
        if missing:
            raise ValueError(f"it lacks {missing[0]}")
        left = path.stat().st_size - file.tell()
        if header.count * (header.dtype.itemsize if header.is_binary else 2 * len(_FIELDS)) > left + 1:
            raise ValueError("it is cut off")
        rows = header.rows(file)
        points = finite_array(np.stack([rows[name] for name in "xyz"], 1), (header.count, 3), "it")
        colours = finite_array(np.stack([rows[name] for name in _FIELDS[3:]], 1), (header.count, 3), "it")
        if ((colours < 0) | (colours > 255)).any():
            raise ValueError("a colour is outside 0 to 255")
    return points, colours.astype(np.uint8)


def write_point_ply(file: IO[bytes], points: Array, rgb: npt.NDArray[np.uint8]) -> None:
    """Write points [P, 3] as float64, so that they come back as they went, and colours [P, 3]."""
    kinds = [f"property double {name}" for name in "xyz"] + [f"property uchar {name}" for name in _FIELDS[3:]]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}", *kinds, "end_header"]
    rows = np.zeros(len(points), [("xyz", "<f8", 3), ("rgb", "u1", 3)])
    rows["xyz"], rows["rgb"] = points, rgb
    file.write(("\n".join(lines) + "\n").encode() + rows.tobytes())
