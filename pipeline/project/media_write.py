"""Writing films: for people in the codecs of `media_codecs`, and FFV1 for what must stay exact. Always atomic.

Films for people are limited range, converted with the BT.709 matrix and tagged BT.709, so that players show the
colours that were rendered. The lossless file is FFV1 with RGB pixels (bgr0) in Matroska: decoding gives the same bytes.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream
from PIL import Image

from pipeline.project.atomic import atomic_file
from pipeline.project.media_codecs import CONTAINERS, codec_for
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]

# H.273 code points, as written into the file.
_BT709 = 1
_LIMITED = 1
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ACCURATE = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@dataclass(frozen=True)
class _Coding:
    container: str
    codec: str
    pixels: str
    options: tuple[tuple[str, str], ...]
    note: str = ""
    channels: int = 3

    @property
    def is_yuv(self) -> bool:
        return self.pixels.startswith("yuv")

    @property
    def is_subsampled(self) -> bool:
        return "420" in self.pixels


def write_film(
    path: Path, frames: Iterable[Frames], fps: float, codec: str | None = None, note: str = "", *, alpha: bool = False
) -> None:
    """Write a film for people, coded as its name's ending or `codec` says (a key of `media_codecs.CODECS`).

    `frames` are uint8 sRGB [H, W, 3], or with `alpha` [H, W, 4], straight; any iterable of one size. Odd sizes are
    padded by one row or column where the codec needs even ones. `note` is kept as the file's comment. Raises `Refusal`
    for a codec that does not fit the name or cannot keep alpha, and when the disk refuses.
    """
    row = codec_for(path, codec)
    if alpha and not row.alpha:
        raise Refusal(f"{row.words} keeps no transparency; choose prores, vp9 or a folder of frames.")
    if row.name == "gif":
        _write_gif(path, frames, fps, note)
        return
    remaining = iter(frames)
    first = next(remaining, None)
    if first is not None and min(first.shape[:2]) < row.least:
        raise Refusal(
            f"{row.words} needs pictures of at least {row.least} pixels a side; choose a larger size or h264."
        )
    pixels = row.alpha if alpha else row.pixels
    options = (*row.options, *((("profile", "4" if alpha else "3"),) if row.name == "prores" else ()))
    container = CONTAINERS[path.suffix.lower()]
    every = remaining if first is None else chain([first], remaining)
    _write(path, every, fps, _Coding(container, row.encoder, pixels, options, note, 4 if alpha else 3))


def write_video(path: Path, frames: Iterable[Frames], fps: float, *, crf: int = 16, full_chroma: bool = False) -> None:
    """Write an H.264 mp4 for people to watch.

    `frames` are uint8 [H, W, 3] sRGB, an array [F, H, W, 3] or any iterable of one size; odd sizes are padded by one
    row or column (edge repeated), because 4:2:0 needs even ones. `crf` 0 to 51, smaller is better. `full_chroma`
    keeps colour at full resolution (4:4:4), which many players cannot show. Raises `Refusal` when the disk refuses.
    """
    options = (("crf", str(crf)), ("preset", "medium"))
    _write(path, frames, fps, _Coding("mp4", "libx264", "yuv444p" if full_chroma else "yuv420p", options))


def write_lossless(path: Path, frames: Iterable[Frames], fps: float) -> None:
    """Write FFV1 in Matroska that decodes to exactly these bytes; `frames` as in `write_video`, any size."""
    if path.suffix.lower() != ".mkv":
        raise ValueError(f"lossless video is Matroska, named .mkv, not {path.name}")
    _write(path, frames, fps, _Coding("matroska", "ffv1", "bgr0", (("level", "3"), ("slicecrc", "1"))))


def _write(path: Path, frames: Iterable[Frames], fps: float, coding: _Coding) -> None:
    if not (math.isfinite(fps) and 0 < fps <= 1000):
        raise ValueError(f"fps must be in (0, 1000], got {fps}")
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise Refusal(f"{path} was not written because there is no frame to write; select at least one.")
    with (
        atomic_file(path) as file,
        _disk_faults(),
        av.open(file, "w", format=coding.container, options=_muxer(coding)) as container,
    ):
        if coding.note:
            container.metadata["comment"] = coding.note
        stream = container.add_stream(coding.codec, rate=Fraction(fps).limit_denominator(1001))
        assert isinstance(stream, VideoStream)
        _configure(stream, first, coding)
        for index, picture in enumerate(chain([first], remaining)):
            if picture.shape != first.shape:
                raise ValueError(f"frame {index} is {picture.shape}, the first was {first.shape}")
            frame = _frame(picture, coding)
            frame.pts = index
            frame.time_base = 1 / Fraction(stream.average_rate or 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_gif(path: Path, frames: Iterable[Frames], fps: float, note: str) -> None:
    """A looping GIF, every frame with the 256 colours that suit it; its clock counts hundredths of a second."""
    pictures = (Image.fromarray(frame).quantize(256) for frame in frames)
    first = next(pictures, None)
    if first is None:
        raise Refusal(f"{path} was not written because there is no frame to write; select at least one.")
    pause = 10 * max(2, round(100 / fps))
    with atomic_file(path) as file:
        first.save(
            file, format="GIF", save_all=True, append_images=pictures, duration=pause, loop=0, comment=note.encode()
        )


@contextmanager
def _disk_faults() -> Iterator[None]:
    """What the disk refused under FFmpeg's own fault, which does not always show it."""
    try:
        yield
    except av.error.FFmpegError as fault:
        seen: BaseException | None = fault
        while seen is not None and not (isinstance(seen, OSError) and seen.errno in _DISK):
            seen = seen.__cause__ or seen.__context__
        if seen is None:
            raise
        raise seen from fault


def _muxer(coding: _Coding) -> dict[str, str]:
    return {"movflags": "+faststart"} if coding.container in ("mp4", "mov") else {}


def _configure(stream: VideoStream, first: Frames, coding: _Coding) -> None:
    height, width = _padded_size(first, coding)
    stream.width, stream.height, stream.pix_fmt = width, height, coding.pixels
    context = stream.codec_context
    context.options = dict(coding.options)
    if coding.codec == "libx265":
        context.codec_tag = "hvc1"  # Apple's players know no other name for it
    if coding.is_yuv:
        context.color_range, context.colorspace = _LIMITED, _BT709
        context.color_primaries, context.color_trc = _BT709, _BT709


def _padded_size(picture: Frames, coding: _Coding) -> tuple[int, int]:
    if picture.ndim != 3 or picture.shape[2] != coding.channels or picture.dtype != np.uint8:
        raise ValueError(f"a frame is uint8 [H, W, {coding.channels}], got {picture.dtype} {picture.shape}")
    height, width = picture.shape[:2]
    return (height + height % 2, width + width % 2) if coding.is_subsampled else (height, width)


def _frame(picture: Frames, coding: _Coding) -> VideoFrame:
    height, width = _padded_size(picture, coding)
    if (height, width) != picture.shape[:2]:
        picture = np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)), mode="edge")
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgba" if coding.channels == 4 else "rgb24")
    if not coding.is_yuv:
        return frame.reformat(format=coding.pixels)
    converted = frame.reformat(
        format=coding.pixels,
        interpolation=_ACCURATE,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    converted.colorspace, converted.color_range = _BT709, _LIMITED
    return converted
