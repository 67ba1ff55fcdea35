"""All image and video input and output, by path: probe, read, write, resize.

The one door to files of pixels: everything that comes out is uint8 sRGB [F, H, W, 3], upright, in square pixels;
everything that goes in is written atomically. Input is hostile until proven otherwise: sizes are judged from headers
before memory is taken. Never imported in a process that imports pycolmap: the two abort together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.project.clip import Clip, digest_of, same_aspect
from pipeline.project.media_images import (
    IMAGE_SUFFIXES,
    image_size,
    images_in,
    linear_from_srgb,
    read_exr,
    read_image,
    srgb_from_linear,
    write_channels,
    write_image,
    write_sequence,
)
from pipeline.project.media_notes import dump_note, read_note
from pipeline.project.media_video import FALLBACK_FPS, survey, video_frames
from pipeline.project.media_write import write_film, write_lossless, write_video
from renderer.errors import Refusal

__all__ = [
    "FALLBACK_FPS",
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "Frames",
    "dump_note",
    "image_size",
    "images_in",
    "linear_from_srgb",
    "names_of",
    "probe",
    "read_exr",
    "read_frames",
    "read_image",
    "read_note",
    "resize",
    "same_aspect",
    "srgb_from_linear",
    "stream",
    "write_channels",
    "write_film",
    "write_image",
    "write_lossless",
    "write_sequence",
    "write_video",
]

Frames = npt.NDArray[np.uint8]

MAX_BYTES = 4 << 30
"""Decoded pixels held at once; more would swap a laptop to a halt, and no lift uses them."""


def probe(path: str | Path) -> Clip:
    """What is in a video file, a folder of images or an image file. Raises `Refusal` when it is not usable.

    A video is decoded once (and remembered), because headers lie about frame counts.
    """
    place = _existing(path)
    if place.is_dir():
        images = images_in(place)
        return Clip(str(path), len(images), _common_size(images), FALLBACK_FPS, digest_of(images))
    if _is_image(place):
        return Clip(str(path), 1, image_size(place), FALLBACK_FPS, digest_of([place]))
    found = survey(place)
    return Clip(str(path), found.n_frames, found.size, found.fps, digest_of([place]))


def names_of(path: str | Path) -> tuple[str, ...] | None:
    """File names of the frames of a folder of images, in their order; None for a video or one image."""
    place = _existing(path)
    return tuple(image.name for image in images_in(place)) if place.is_dir() else None


def read_frames(path: str | Path, indices: Sequence[int] | None = None, max_size: int | None = None) -> Frames:
    """Frames as uint8 [F, H, W, 3] sRGB.

    `indices` are source frames in any order (None: all); `max_size` shrinks the longer side to at most so many pixels,
    never enlarges. Raises `Refusal` for unusable files, for frames that do not exist and for more than `MAX_BYTES`.
    """
    if indices is not None and (len(indices) == 0 or min(indices) < 0):
        raise ValueError("indices are source frames, at least one, counted from 0")
    place = _existing(path)
    if place.is_dir() or _is_image(place):
        images = images_in(place) if place.is_dir() else [place]
        size, count = _common_size(images), len(images)
    else:
        found = survey(place)
        images, size, count = [], found.size, found.n_frames
    wanted = list(range(count)) if indices is None else list(indices)
    if max(wanted) >= count:
        raise Refusal(
            f"{path} has {count} frames, so there is no frame {max(wanted)}; choose one from 0 to {count - 1}."
        )
    target = _shrunk(size, max_size)
    _check_budget(path, len(wanted), target)
    pictures = (read_image(images[i]) for i in sorted(set(wanted))) if images else _sifted(place, set(wanted))
    return _gathered(pictures, wanted, target)


def stream(path: str | Path) -> tuple[int, tuple[int, int], Iterable[Frames]]:
    """How many frames, their size (height, width), and the frames one by one, each uint8 [H, W, 3] sRGB.

    For what would not fit into memory at once. Raises `Refusal` for unusable files.
    """
    place = _existing(path)
    if place.is_dir() or _is_image(place):
        images = images_in(place) if place.is_dir() else [place]
        return len(images), _common_size(images), map(read_image, images)
    found = survey(place)
    return found.n_frames, found.size, video_frames(place, found.n_frames)


def _sifted(path: Path, wanted: set[int]) -> Iterable[Frames]:
    return video_frames(path, max(wanted) + 1, wanted)


def _gathered(pictures: Iterable[Frames], wanted: list[int], size: tuple[int, int]) -> Frames:
    """Put pictures that come in rising source order into the places that asked for them."""
    out = np.empty((len(wanted), *size, 3), np.uint8)
    places: dict[int, list[int]] = {}
    for position, index in enumerate(wanted):
        places.setdefault(index, []).append(position)
    for index, picture in zip(sorted(places), pictures, strict=True):
        out[places[index]] = resize(picture[None], size)[0]
    return out


def resize(frames: Frames, size: tuple[int, int]) -> Frames:
    """[F, H, W, 3] to `size` (height, width) by Lanczos, which averages over area when it shrinks."""
    if frames.shape[1:3] == tuple(size):
        return frames
    height, width = size
    return np.stack([np.asarray(Image.fromarray(f).resize((width, height), Image.Resampling.LANCZOS)) for f in frames])


def _existing(path: str | Path) -> Path:
    place = Path(path)
    try:
        if not place.exists():
            raise Refusal(f"{path} does not exist; check the name.")
        if place.is_dir():
            return place
        if not place.is_file():
            raise Refusal(f"{path} is not a file; choose a video, an image or a folder of images.")
        if place.stat().st_size == 0:
            raise Refusal(f"{path} is empty (0 bytes); copy or export it again.")
        with place.open("rb"):
            return place
    except (OSError, ValueError) as fault:
        raise Refusal(f"{path} cannot be opened; check its name and its permissions.") from fault


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def _common_size(images: list[Path]) -> tuple[int, int]:
    size = image_size(images[0])
    for image in images[1:]:
        other = image_size(image)
        if other != size:
            raise Refusal(
                f"The images in {image.parent} differ in size ({images[0].name} is {size[1]}x{size[0]}, "
                f"{image.name} is {other[1]}x{other[0]}); bring them to one size."
            )
    return size


def _shrunk(size: tuple[int, int], max_size: int | None) -> tuple[int, int]:
    longest = max(size)
    if max_size is None or longest <= max_size:
        return size
    return max(1, round(size[0] * max_size / longest)), max(1, round(size[1] * max_size / longest))


def _check_budget(path: str | Path, count: int, size: tuple[int, int]) -> None:
    if count * size[0] * size[1] * 3 > MAX_BYTES:
        raise Refusal(
            f"{count} frames of {size[1]}x{size[0]} from {path} need more than {MAX_BYTES >> 30} GB of memory; "
            "trim the clip or scale it down."
        )
