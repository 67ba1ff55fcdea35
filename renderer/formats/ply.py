"""Splats as a PLY file in the layout of 3D Gaussian Splatting (Inria), which every splat program opens.

Binary little endian; per splat x y z, nx ny nz (zero), f_dc (degree 0 of spherical harmonics, from sRGB),
opacity (logit), scale (log), rot (unit wxyz). World axes stay as they are: x right, y down, z forward.
Reading is strict: the header is bounded, and the file must hold exactly what it promises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from renderer.errors import Refusal
from renderer.formats.checks import reading
from renderer.snapshot import Float32, Posed

SH_C0 = 0.28209479177387814
"""Y_00: a splat's colour is 0.5 + SH_C0 * f_dc."""
FIELDS = (
    "x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
    "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3",
)  # fmt: skip
MAX_HEADER = 65536
_TYPES = {"float": "<f4", "float32": "<f4", "double": "<f8", "uchar": "u1", "uint8": "u1", "int": "<i4", "uint": "<u4"}


def write_ply(file: IO[bytes], splats: Posed, comments: Sequence[str] = ()) -> None:
    """Write splats, with one-line comments in the header."""
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {' '.join(comment.split())}" for comment in comments]
    lines += [f"element vertex {len(splats.means)}", *(f"property float {name}" for name in FIELDS), "end_header"]
    file.write(("\n".join(lines) + "\n").encode("ascii", "replace"))
    file.write(_table(splats).tobytes())


def _table(splats: Posed) -> npt.NDArray[np.float32]:
    """[N, 17] in the order of FIELDS."""
    alpha = np.clip(splats.opacities.astype(np.float64), 1e-6, 1 - 1e-6)
    columns = [
        splats.means,
        np.zeros_like(splats.means),
        (splats.rgb - 0.5) / SH_C0,
        np.log(alpha / (1 - alpha))[:, None],
        np.log(np.maximum(splats.scales, 1e-12)),
        splats.quats / np.maximum(np.linalg.norm(splats.quats, axis=1, keepdims=True), 1e-12),
    ]
    return np.ascontiguousarray(np.concatenate(columns, axis=1), dtype="<f4")


def read_ply(path: Path) -> Posed:
    """Read splats; bands above degree 0 are passed over. Raises `Refusal` for anything else than such a file."""
    with reading(path, "a splat PLY"), path.open("rb") as file:
        header = read_header(file)
        missing = [name for name in FIELDS if not name.startswith("n") and name not in (header.dtype.names or ())]
        if missing:
            raise ValueError(f"it lacks {missing[0]}")
        if not header.is_binary:
            raise ValueError("it is not a binary little-endian PLY")
        if header.count * header.dtype.itemsize > path.stat().st_size - file.tell():
            raise ValueError("it is cut off")
        rows = header.rows(file)
    return _splats(path, rows)


@dataclass(frozen=True)
class Header:
    """What a PLY file says of its first element, the vertices: how many, of which fields, in which coding."""

    count: int
    dtype: np.dtype[np.void]
    is_binary: bool

    def rows(self, file: IO[bytes]) -> npt.NDArray[np.void]:
        """The vertices, from where the header ended; the caller has held the count against the file's size."""
        if self.is_binary:
            return np.frombuffer(file.read(self.count * self.dtype.itemsize), self.dtype)
        columns = len(self.dtype.names or ())
        lines = [line.split() for line in file.read().splitlines()[: self.count]]
        if len(lines) < self.count or any(len(line) != columns for line in lines):
            raise ValueError("it is cut off")
        table = np.array(lines, np.float64).reshape(self.count, columns)
        rows = np.zeros(self.count, [(name, "<f8") for name in self.dtype.names or ()])
        for column, name in enumerate(self.dtype.names or ()):
            rows[name] = table[:, column]
        return rows


def read_header(file: IO[bytes]) -> Header:
    """The header, bounded; raises ValueError for one that is not a PLY file of plain vertices."""
    head = b""
    while not head.endswith(b"end_header\n"):
        line = file.readline(MAX_HEADER)
        head += line.replace(b"\r\n", b"\n")
        if not line or len(head) > MAX_HEADER:
            raise ValueError("it has no PLY header")
    lines = [line.strip() for line in head.decode("ascii", "replace").split("\n")]
    is_binary = "format binary_little_endian 1.0" in lines
    if lines[0] != "ply" or not (is_binary or "format ascii 1.0" in lines):
        raise ValueError("it is neither an ASCII nor a binary little-endian PLY")
    elements = [i for i, line in enumerate(lines) if line.startswith("element ")]
    found = re.fullmatch(r"element vertex (\d{1,10})", lines[elements[0]]) if elements else None
    if found is None:
        raise ValueError("its first element is not vertex")
    end = elements[1] if len(elements) > 1 else len(lines)
    properties = [line.split()[1:] for line in lines[elements[0] : end] if line.startswith("property ")]
    if any(len(parts) != 2 or parts[0] not in _TYPES for parts in properties):
        raise ValueError("a property is not a plain number")
    return Header(int(found.group(1)), np.dtype([(name, _TYPES[kind]) for kind, name in properties]), is_binary)


def _splats(path: Path, rows: npt.NDArray[np.void]) -> Posed:
    def columns(*names: str) -> Float32:
        return np.stack([rows[name].astype(np.float32) for name in names], axis=1)

    quats = columns("rot_0", "rot_1", "rot_2", "rot_3")
    with np.errstate(over="ignore"):
        splats = Posed(
            columns("x", "y", "z"),
            quats / np.maximum(np.linalg.norm(quats, axis=1, keepdims=True), 1e-12),
            np.exp(columns("scale_0", "scale_1", "scale_2")),
            (1 / (1 + np.exp(-columns("opacity")[:, 0]))).astype(np.float32),
            (0.5 + SH_C0 * columns("f_dc_0", "f_dc_1", "f_dc_2")).astype(np.float32),
        )
    if not all(np.isfinite(part).all() for part in (splats.means, splats.quats, splats.scales, splats.rgb)):
        raise Refusal(f"{path} holds numbers that are not finite; it was not read.")
    return splats
