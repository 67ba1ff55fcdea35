"""Still images: PNG, JPEG, WebP, BMP and TIFF through imageio (Pillow plugin) as sRGB, EXR as linear float.

Headers are read and judged before any pixels are allocated. EXR goes through the OpenEXR project's own wheel:
imageio has no EXR reader of its own that installs with pip alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.project.atomic import atomic_file, writing_to
from pipeline.project.clip import MAX_FRAMES, MAX_SIDE
from pipeline.project.media_notes import NAME, png_note
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]
Linear = npt.NDArray[np.float32]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".exr"})
_DEEP_MODES = frozenset({"I", "I;16", "I;16B", "I;16L"})
_EXIF_ORIENTATION = 0x0112
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


def linear_from_srgb(rgb: npt.ArrayLike) -> Linear:
    """The inverse of the sRGB transfer curve; [0, 1] to [0, 1]."""
    x = np.asarray(rgb, np.float32)
    return np.where(x <= 0.04045, x / 12.92, ((np.maximum(x, 0.04045) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(rgb: npt.ArrayLike) -> Linear:
    """The sRGB transfer curve; negative light is cut at 0, light above 1 stays above 1."""
    x = np.maximum(np.asarray(rgb, np.float32), 0)
    curve = 1.055 * np.maximum(x, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(x <= 0.0031308, 12.92 * x, curve).astype(np.float32)


def images_in(folder: Path) -> list[Path]:
    """The folder's images in natural order (frame2 before frame10); other files are passed over."""
    images = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    if not images:
        raise Refusal(f"The folder {folder} holds no images; choose a video or a folder of PNG or JPEG frames.")
    if len(images) > MAX_FRAMES:
        raise Refusal(
            f"{folder} holds {len(images)} images, and at most {MAX_FRAMES} are read; keep the part you need."
        )
    return sorted(images, key=lambda p: [(part.isdigit(), part.zfill(12)) for part in re.split(r"(\d+)", p.name)])


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) as shown, from the header alone. Raises `Refusal`."""
    if path.suffix.lower() == ".exr":
        return _exr_size(path)
    try:
        with Image.open(path) as header:
            width, height = header.size
            # First the sizes: for a PNG, Pillow decodes the pixels to look for EXIF.
            _check_side(path, height, width)
            turned = header.getexif().get(_EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
    except _DAMAGE as fault:
        raise _unreadable(path) from fault
    return (width, height) if turned else (height, width)


def read_image(path: Path) -> Frames:
    """uint8 [H, W, 3] sRGB, upright; alpha is left out, 16 bits become 8, EXR is encoded to sRGB and cut at white."""
    if path.suffix.lower() == ".exr":
        return np.round(255 * np.clip(srgb_from_linear(read_exr(path)), 0, 1)).astype(np.uint8)
    image_size(path)
    try:
        with Image.open(path) as header:
            deep = header.mode in _DEEP_MODES
        if deep:
            grey = iio.imread(path, plugin="pillow", index=0, rotate=True).astype(np.float64)
            levels = np.round(np.clip(grey / 257.0, 0, 255)).astype(np.uint8)
            return np.ascontiguousarray(np.repeat(levels[..., None], 3, -1))
        return np.ascontiguousarray(iio.imread(path, plugin="pillow", index=0, mode="RGB", rotate=True))
    except _DAMAGE as fault:
        raise _unreadable(path) from fault


def write_image(path: Path, rgb: npt.NDArray[np.unsignedinteger] | npt.NDArray[np.floating], note: str = "") -> None:
    """Write one image atomically; the suffix decides.

    `rgb` [H, W, 3], or [H, W, 4] with straight alpha where the format keeps it, is uint8 sRGB, or float linear light.
    `.exr` stores linear float32, `.png` 8-bit sRGB, `.jpg` and `.webp` the same at high quality. [H, W] uint16 is a
    grey PNG. `note` is kept in PNG and EXR (`media_notes`). Raises `Refusal` for other suffixes and when the disk
    refuses.
    """
    grey = rgb.ndim == 2 and rgb.dtype == np.uint16
    if not grey and (rgb.ndim != 3 or rgb.shape[2] not in (3, 4) or rgb.size == 0):
        raise ValueError(f"an image is [H, W, 3] or [H, W, 4], got {rgb.shape}")
    suffix = path.suffix.lower()
    if suffix == ".exr":
        linear = linear_from_srgb(rgb / np.float32(255)) if rgb.dtype == np.uint8 else rgb.astype(np.float32)
        write_channels(path, {name: linear[..., i] for i, name in enumerate("RGBA"[: linear.shape[-1]])}, note)
        return
    if suffix not in (".png", ".jpg", ".jpeg", ".webp"):
        raise Refusal(f"Images are written as .png, .exr, .jpg or .webp; {path.name} is none of them.")
    if not grey and rgb.dtype != np.uint8:
        rgb = np.round(255 * np.clip(srgb_from_linear(rgb), 0, 1)).astype(np.uint8)
    options: dict[str, Any] = {} if suffix == ".png" else {"quality": 95}
    if note and suffix == ".png":
        options["pnginfo"] = png_note(note)
    encoded = BytesIO()
    iio.imwrite(encoded, np.ascontiguousarray(rgb), plugin="pillow", extension=suffix, **options)
    with atomic_file(path) as file:
        file.write(encoded.getbuffer())


def write_sequence(folder: Path, frames: Iterable[npt.NDArray[np.uint8]], suffix: str = ".png") -> list[Path]:
    """frame_00000.png, frame_00001.png, ... in a folder of their own; frames of an earlier sequence are replaced.

    Raises `Refusal` when the folder holds anything else.
    """
    ours = re.compile(r"frame_\d{5}" + re.escape(suffix))
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.iterdir())
    if any(not ours.fullmatch(path.name) for path in before):
        raise Refusal(f"The folder {folder} holds something else; choose an empty one for the frames.")
    written = []
    for index, frame in enumerate(frames):
        written.append(folder / f"frame_{index:05d}{suffix}")
        write_image(written[-1], frame)
    for stale in before - set(written):
        stale.unlink()
    return written


def read_exr(path: Path) -> Linear:
    """float32 [H, W, 3] linear light; grey is repeated, alpha left out. Raises `Refusal`."""
    import OpenEXR

    height, width = _exr_size(path)
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: np.asarray(c.pixels, np.float32) for name, c in file.channels().items()}
    except (RuntimeError, *_DAMAGE) as fault:
        raise _unreadable(path) from fault
    names = ("R", "G", "B") if {"R", "G", "B"} <= channels.keys() else ("Y", "Y", "Y")
    if any(channels.get(name, np.empty(0)).shape != (height, width) for name in names):
        raise Refusal(f"{path} has no plain R, G and B channels; export it as an RGB image.")
    return np.stack([channels[name] for name in names], -1)


def _exr_size(path: Path) -> tuple[int, int]:
    import OpenEXR

    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            low, high = file.header()["dataWindow"]
            height, width = int(high[1]) - int(low[1]) + 1, int(high[0]) - int(low[0]) + 1
    except (RuntimeError, KeyError, *_DAMAGE) as fault:
        raise _unreadable(path) from fault
    _check_side(path, height, width)
    return height, width


def write_channels(path: Path, channels: Mapping[str, Linear], note: str = "") -> None:
    """Write an EXR of named float32 channels [H, W], atomically; R, G and B are linear light, Z is depth.

    Raises `Refusal` when the disk refuses.
    """
    import OpenEXR

    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    if note:
        header[NAME] = note
    planes = {name: np.ascontiguousarray(plane, np.float32) for name, plane in channels.items()}
    with atomic_file(path) as file, OpenEXR.File(header, planes) as image:
        # The wheel writes by name only; the open file keeps the name taken, and flushing it afterwards is harmless.
        try:
            image.write(file.name)
        except RuntimeError as fault:
            raise Refusal(f"{path} could not be written ({fault}); check that the disk has space.") from fault


def _check_side(path: Path, height: int, width: int) -> None:
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise Refusal(
            f"{path} says it is {width}x{height}, outside 1 to {MAX_SIDE} pixels a side; scale it down first."
        )


def _unreadable(path: Path) -> Refusal:
    return Refusal(f"{path} is damaged or not an image that can be read here; export it again as PNG.")
