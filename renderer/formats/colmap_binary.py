"""COLMAP's binary model: cameras.bin, images.bin, points3D.bin, little endian.

Every count is held against the bytes that are left before anything of that length is read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderer.formats.checks import reading
from renderer.formats.colmap import MODELS, ColmapImage, ColmapPoints, lens_of, model_of, posed_images, tables
from renderer.formats.lens import Lens
from renderer.formats.posed_images import MAX_IMAGES, MAX_POINTS, PosedImages

MAX_BYTES = 2 << 30
MAX_NAME = 4096
FILES = ("cameras.bin", "images.bin", "points3D.bin")
_OBSERVATION = np.dtype([("xy", "<f8", 2), ("point", "<i8")])
_ELEMENT = np.dtype([("image", "<u4"), ("place", "<u4")])
_NAMES = {number: name for name, (number, _) in MODELS.items()}


def read_colmap_binary(folder: Path) -> PosedImages:
    """Read a model; points3D.bin may be absent. Raises `Refusal` that names the file and its fault."""
    with reading(folder / FILES[0], "a COLMAP camera file"):
        cameras = _cameras(_Bytes.of(folder / FILES[0]))
    with reading(folder / FILES[1], "a COLMAP image file"):
        images = _images(_Bytes.of(folder / FILES[1]))
    points = None
    if (folder / FILES[2]).exists():
        with reading(folder / FILES[2], "a COLMAP point file"):
            points = _points(_Bytes.of(folder / FILES[2]))
    with reading(folder, "a COLMAP model"):
        return posed_images(cameras, images, points)


def dump_colmap_binary(posed: PosedImages) -> dict[str, bytes]:
    """The three files by name."""
    cameras, images, points = tables(posed)
    return dict(zip(FILES, (_dump_cameras(cameras), _dump_images(images), _dump_points(points)), strict=True))


@dataclass
class _Bytes:
    """A file in memory, read from the front; asking for more than is left raises ValueError."""

    data: memoryview
    at: int = 0

    @classmethod
    def of(cls, path: Path) -> _Bytes:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 30} GB")
        return cls(memoryview(path.read_bytes()))

    def take(self, size: int) -> memoryview:
        if size > len(self.data) - self.at:
            raise ValueError("it is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def unpack(self, form: str) -> tuple[int | float, ...]:
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def count(self, each: int, most: int, what: str) -> int:
        """A count of things of at least `each` bytes, which must be there."""
        (number,) = struct.unpack("<Q", self.take(8))
        if number > most or number * each > len(self.data) - self.at:
            raise ValueError(f"it promises {number} {what} and is too short for them")
        return int(number)

    def name(self) -> str:
        window = bytes(self.data[self.at : self.at + MAX_NAME])
        end = window.find(b"\0")
        if end < 0:
            raise ValueError("an image's name does not end")
        self.at += end + 1
        return window[:end].decode("utf-8")

    def end(self) -> None:
        if self.at != len(self.data):
            raise ValueError(f"it goes on for {len(self.data) - self.at} bytes after its end")


def _cameras(data: _Bytes) -> dict[int, Lens]:
    lenses: dict[int, Lens] = {}
    for _ in range(data.count(24, MAX_IMAGES, "cameras")):
        number, model, width, height = (int(value) for value in data.unpack("<IiQQ"))
        if model not in _NAMES:
            raise ValueError(f"a camera's model is number {model}, and only {', '.join(MODELS)} are read")
        name = _NAMES[model]
        lenses[number] = lens_of(name, (height, width), [*data.unpack(f"<{MODELS[name][1]}d")])
    data.end()
    return lenses


def _images(data: _Bytes) -> list[ColmapImage]:
    images = []
    for _ in range(data.count(73, MAX_IMAGES, "images")):
        number, *pose, camera = data.unpack("<I7dI")
        name = data.name()
        rows = np.frombuffer(
            data.take(data.count(24, MAX_POINTS, "observations") * _OBSERVATION.itemsize), _OBSERVATION
        )
        q, t = np.array(pose[:4]), np.array(pose[4:])
        images.append(ColmapImage(int(number), name, q, t, int(camera), rows["xy"], rows["point"]))
    data.end()
    return images


def _points(data: _Bytes) -> ColmapPoints:
    count = data.count(51, MAX_POINTS, "points")
    numbers, lengths = np.empty(count, np.int64), np.empty(count, np.int64)
    xyz, rgb, errors = np.empty((count, 3)), np.empty((count, 3), np.uint8), np.empty(count)
    tracks = [np.zeros(0, _ELEMENT)]
    for i in range(count):
        values = data.unpack("<Q3d3Bd")
        numbers[i], xyz[i], rgb[i], errors[i] = values[0], values[1:4], values[4:7], values[7]
        lengths[i] = data.count(8, MAX_POINTS, "track elements")
        tracks.append(np.frombuffer(data.take(int(lengths[i]) * _ELEMENT.itemsize), _ELEMENT))
    data.end()
    track = np.concatenate(tracks)
    return ColmapPoints(
        numbers, xyz, rgb, errors, lengths, track["image"].astype(np.int64), track["place"].astype(np.int64)
    )


def _dump_cameras(cameras: Mapping[int, Lens]) -> bytes:
    out = [struct.pack("<Q", len(cameras))]
    for number, lens in cameras.items():
        model, params = model_of(lens)
        out.append(struct.pack(f"<IiQQ{len(params)}d", number, MODELS[model][0], lens.size[1], lens.size[0], *params))
    return b"".join(out)


def _dump_images(images: list[ColmapImage]) -> bytes:
    out = [struct.pack("<Q", len(images))]
    for image in images:
        rows = np.zeros(len(image.xy), _OBSERVATION)
        rows["xy"], rows["point"] = image.xy, image.point_ids
        out += [
            struct.pack("<I7dI", image.number, *image.quaternion, *image.translation, image.camera),
            image.name.encode() + b"\0",
            struct.pack("<Q", len(rows)),
            rows.tobytes(),
        ]
    return b"".join(out)


def _dump_points(points: ColmapPoints) -> bytes:
    track = np.zeros(len(points.track_images), _ELEMENT)
    track["image"], track["place"] = points.track_images, points.track_places
    out, start = [struct.pack("<Q", len(points.numbers))], 0
    for i, length in enumerate(points.lengths.tolist()):
        place = points.xyz[i].tolist()
        out.append(struct.pack("<Q3d3Bd", points.numbers[i], *place, *points.rgb[i].tolist(), points.errors[i]))
        out += [struct.pack("<Q", length), track[start : start + length].tobytes()]
        start += length
    return b"".join(out)
