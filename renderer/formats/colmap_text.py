"""COLMAP's text model: cameras.txt, images.txt, points3D.txt.

Two lines an image: its pose, then its observations, a line that may be empty but must be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from renderer.formats.checks import reading, side
from renderer.formats.colmap import ColmapImage, ColmapPoints, lens_of, model_of, posed_images, tables
from renderer.formats.lens import Lens
from renderer.formats.posed_images import MAX_IMAGES, MAX_POINTS, PosedImages

MAX_BYTES = 1 << 30
FILES = ("cameras.txt", "images.txt", "points3D.txt")


def read_colmap_text(folder: Path) -> PosedImages:
    """Read a model; points3D.txt may be absent. Raises `Refusal` that names the file and its fault."""
    with reading(folder / FILES[0], "a COLMAP camera file"):
        cameras = _cameras(_lines(folder / FILES[0]))
    with reading(folder / FILES[1], "a COLMAP image file"):
        images = _images(_lines(folder / FILES[1]))
    points = None
    if (folder / FILES[2]).exists():
        with reading(folder / FILES[2], "a COLMAP point file"):
            points = _points(_lines(folder / FILES[2]))
    with reading(folder, "a COLMAP model"):
        return posed_images(cameras, images, points)


def dump_colmap_text(posed: PosedImages) -> dict[str, bytes]:
    """The three files by name; numbers are written so that they read back exactly."""
    cameras, images, points = tables(posed)
    texts = _camera_rows(cameras), _image_rows(images), _point_rows(points)
    return {name: ("\n".join(rows) + "\n").encode() for name, rows in zip(FILES, texts, strict=True)}


def _lines(path: Path) -> list[str]:
    """Lines without comments; empty ones stay, because an empty line is an image without observations."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 30} GB")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").split("\n")]
    return [line for line in lines if not line.startswith("#")]


def _cameras(lines: list[str]) -> dict[int, Lens]:
    rows = [line.split() for line in lines if line]
    if len(rows) > MAX_IMAGES:
        raise ValueError(f"it has more than {MAX_IMAGES} cameras")
    return {
        int(row[0]): lens_of(row[1], (side(row[3]), side(row[2])), [float(value) for value in row[4:]]) for row in rows
    }


def _images(lines: list[str]) -> list[ColmapImage]:
    while lines and not lines[0]:
        lines = lines[1:]
    images = []
    for first, second in _pairs(lines):
        row = first.split(maxsplit=9)
        if len(row) != 10:
            raise ValueError(f"the line {first[:60]!r} is not an image's")
        pose = np.array(row[1:8], np.float64)
        seen = np.array(second.split(), np.float64)
        if len(seen) % 3:
            raise ValueError(f"the observations of image {row[9][:60]} are cut off")
        seen = seen.reshape(-1, 3)
        if not np.isfinite(seen).all():
            raise ValueError(f"an observation of image {row[9][:60]} is not a number")
        images.append(
            ColmapImage(int(row[0]), row[9], pose[:4], pose[4:], int(row[8]), seen[:, :2], seen[:, 2].astype(np.int64))
        )
        if len(images) > MAX_IMAGES:
            raise ValueError(f"it has more than {MAX_IMAGES} images")
    return images


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(lines):
        if not lines[at]:  # only blank lines may be left: the end of the file
            if any(lines[at:]):
                raise ValueError("a line is missing or too many: each image has a line of pose and one of observations")
            return
        yield lines[at], lines[at + 1] if at + 1 < len(lines) else ""
        at += 2


def _points(lines: list[str]) -> ColmapPoints:
    rows = [line.split() for line in lines if line]
    if len(rows) > MAX_POINTS:
        raise ValueError(f"it has more than {MAX_POINTS} points")
    if any(len(row) < 8 or len(row) % 2 for row in rows):
        raise ValueError("a point's line is cut off")
    head = np.array([row[:8] for row in rows], np.float64).reshape(-1, 8)
    if not np.isfinite(head[:, :7]).all() or ((head[:, 4:7] < 0) | (head[:, 4:7] > 255)).any():
        raise ValueError("a point's position or colour is not usable")
    track = np.array([value for row in rows for value in row[8:]], np.int64).reshape(-1, 2)
    lengths = np.array([(len(row) - 8) // 2 for row in rows], np.int64)
    numbers = np.array([row[0] for row in rows], np.int64)
    rgb = head[:, 4:7].astype(np.uint8)
    return ColmapPoints(numbers, head[:, 1:4], rgb, head[:, 7], lengths, track[:, 0], track[:, 1])


def _camera_rows(cameras: Mapping[int, Lens]) -> list[str]:
    rows = ["# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]"]
    for number, lens in cameras.items():
        model, params = model_of(lens)
        rows.append(f"{number} {model} {lens.size[1]} {lens.size[0]} {' '.join(map(_exact, params))}")
    return rows


def _image_rows(images: list[ColmapImage]) -> list[str]:
    rows = ["# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME", "# X Y POINT3D_ID ..."]
    for image in images:
        pose = " ".join(_exact(value) for value in (*image.quaternion, *image.translation))
        rows.append(f"{image.number} {pose} {image.camera} {image.name}")
        seen = zip(image.xy.tolist(), image.point_ids.tolist(), strict=True)
        rows.append(" ".join(f"{x!r} {y!r} {point}" for (x, y), point in seen))
    return rows


def _point_rows(points: ColmapPoints) -> list[str]:
    rows, start = ["# POINT3D_ID X Y Z R G B ERROR TRACK[] as (IMAGE_ID, POINT2D_IDX)"], 0
    for i, length in enumerate(points.lengths.tolist()):
        place = " ".join(map(_exact, points.xyz[i]))
        colour = " ".join(map(str, points.rgb[i].tolist()))
        track = zip(
            points.track_images[start : start + length], points.track_places[start : start + length], strict=True
        )
        seen = " ".join(f"{image} {at}" for image, at in track)
        rows.append(f"{points.numbers[i]} {place} {colour} {_exact(points.errors[i])} {seen}".rstrip())
        start += length
    return rows


def _exact(value: float) -> str:
    return repr(float(value))
