"""What every reader of camera files asks of a number, a pose, a name and a file before believing it.

Checks raise ValueError and its like; `reading` turns those into one sentence about the file.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.errors import Refusal

Array = npt.NDArray[np.float64]

MAX_SIDE = 16384
MAX_JSON_BYTES = 64 << 20
MAX_FRAMES = 100_000
OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""OpenGL cameras have y up and look along -z; its own inverse."""
_FAULTS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError, struct.error)


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn any fault of parsing `path` into a `Refusal` that calls the file not `what`."""
    try:
        yield
    except OSError as fault:
        raise Refusal(f"{path} can't be read ({fault.strerror}); check the name.") from fault
    except _FAULTS as fault:
        said = f"it lacks {fault}" if isinstance(fault, KeyError) else str(fault)
        raise Refusal(f"{path} is not {what} that Splatime reads ({said}).") from fault


def load_json(path: Path) -> Any:
    """Parsed JSON of a file of sane size; raises ValueError and OSError."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ValueError(f"it is larger than {MAX_JSON_BYTES >> 20} MB")
    return json.loads(path.read_text(encoding="utf-8"))


def finite(value: Any) -> float:
    """A number that is not NaN, infinite or astronomical."""
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e12:
        raise ValueError(f"{value!r} is not a usable number")
    return number


def finite_array(values: Any, shape: tuple[int, ...], what: str) -> Array:
    """float64 of this shape, every number usable."""
    array = np.asarray(values, np.float64).reshape(shape)
    if not (np.isfinite(array).all() and (np.abs(array) < 1e12).all()):
        raise ValueError(f"{what} holds numbers that are not usable")
    return array


def side(value: Any) -> int:
    """Pixels of one side of an image."""
    number = finite(value)
    if not (1 <= number <= MAX_SIDE and number == int(number)):
        raise ValueError(f"{value!r} is not a side of 1 to {MAX_SIDE} whole pixels")
    return int(number)


def rigid(values: Any, *, scaled: bool = False) -> Array:
    """A [4, 4] pose from nested or flat row-major numbers; with `scaled`, uniform scale is taken out, not refused."""
    pose = finite_array(values, (4, 4), "a camera's matrix").copy()
    if not np.allclose(pose[3], [0, 0, 0, 1], atol=1e-6):
        raise ValueError("a matrix is not a camera pose: its last row is not 0 0 0 1")
    scale = np.cbrt(np.linalg.det(pose[:3, :3]))
    if scale < 1e-9:
        raise ValueError("a matrix mirrors or flattens the scene")
    if scaled:
        pose[:3, :3] /= scale
    pose[:3, :3] = _orthonormal(pose[:3, :3])
    return pose


def _orthonormal(rotation: Array) -> Array:
    """The nearest exact rotation, for one that is off by rounding; raises ValueError for anything else."""
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3):
        raise ValueError("a matrix is not a rotation and a position")
    u, _, vt = np.linalg.svd(rotation)
    nearest: Array = u @ vt
    return nearest


def safe_name(text: Any) -> str:
    """A relative path of an image, without leading ./ ; raises ValueError for one that leads out of its folder."""
    if not isinstance(text, str) or not text:
        raise ValueError("an image has no name")
    path = PurePosixPath(text)
    windows = PureWindowsPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text or "\0" in text or windows.drive or not path.parts:
        raise ValueError(f"an image is named {text[:80]!r}, which does not lie inside the folder")
    return path.as_posix()


def natural(name: str) -> list[tuple[bool, str]]:
    """A key that sorts frame2 before frame10."""
    return [(part.isdigit(), part.zfill(12)) for part in re.split(r"(\d+)", name)]


def rate(value: Any) -> float:
    """Frames a second."""
    fps = finite(value)
    if not 0.1 <= fps <= 1000:
        raise ValueError(f"{value!r} frames a second")
    return fps


def fov(value: Any) -> float:
    """A field of view in radians."""
    angle = finite(value)
    if not 1e-3 < angle < math.pi - 1e-3:
        raise ValueError(f"a field of view of {math.degrees(angle):.3g} degrees")
    return angle


def count(value: Any) -> int:
    """A number of frames."""
    if not 1 <= int(value) <= MAX_FRAMES:
        raise ValueError(f"{value!r} is outside 1 to {MAX_FRAMES} frames")
    return int(value)
