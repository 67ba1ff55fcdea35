"""Pictures on their way to a ComfyUI server and back: PNG, their sizes judged before any pixel is decoded."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from pipeline.generate.provider import Frames, Known
from renderer.errors import Refusal

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PREVIEW_SIDE = 2048
UNKNOWN = 127
"""Grey where no frame is known: what models that fill in videos are trained on (0.5 of 1)."""
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, *_BOMBS)


def png(frame: Frames) -> bytes:
    """One frame [H, W, 3] as it is."""
    stored = BytesIO()
    Image.fromarray(frame).save(stored, "PNG", compress_level=1)
    return stored.getvalue()


def animated(known: Known, n_frames: int) -> bytes:
    """A video as an animated PNG: known frames where they stand, grey elsewhere; alpha is how firmly one is known.

    ComfyUI's own LoadImage reads it as a batch of `n_frames` images, and one less alpha as the mask of what to make.
    """
    height, width = known.frames.shape[1:3]
    video = np.full((n_frames, height, width, 4), (UNKNOWN, UNKNOWN, UNKNOWN, 0), np.uint8)
    for position, frame, strength in zip(known.positions, known.frames, known.strengths, strict=True):
        video[position, ..., :3] = frame
        video[position, ..., 3] = round(255 * min(1.0, max(0.0, strength)))
    first, *rest = (Image.fromarray(picture) for picture in video)
    stored = BytesIO()
    # Without a duration: Pillow would lay equal frames together into a longer one.
    first.save(stored, "PNG", save_all=True, append_images=rest, blend=0, disposal=0, compress_level=1)
    return stored.getvalue()


def decoded(data: bytes, size: tuple[int, int]) -> Frames:
    """A picture [H, W, 3] of a server. Raises `Refusal` when it is damaged or not of `size` (height, width)."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            if (picture.height, picture.width) != tuple(size):
                raise Refusal(
                    f"The workflow made a picture of {picture.width}x{picture.height} where {size[1]}x{size[0]} was "
                    "asked for; mark the node that takes the size, and say by which number it divides."
                )
            return np.asarray(picture.convert("RGB"))
    except _DAMAGE as fault:
        raise Refusal("The ComfyUI server sent a picture that is damaged; make the video again.") from fault


def preview(data: bytes) -> Frames | None:
    """A preview [1, h, w, 3]; None when it is too large or damaged, since it is only to look at."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            if max(picture.size) > MOST_PREVIEW_SIDE:
                return None
            return np.asarray(picture.convert("RGB"))[None]
    except _DAMAGE:
        return None


def most_bytes(size: tuple[int, int]) -> int:
    """The longest that a file of one picture of `size` may be: 16 bits of four channels, and the workflow in a note."""
    return 8 * size[0] * size[1] + (8 << 20)
