"""Reading videos: every frame once, upright, in square pixels and in sRGB, whatever the file's maker left to guess.

Spoken through `av`, the library under imageio's pyav plugin, because the plugin hides what matters here: colour tags,
rotation, sample aspect ratio, and which demuxers may open a file. Untagged video is BT.601 limited range, as
ffmpeg's swscale reads it; tagged video goes by its tags. The time axis is the frame index: a variable rate is not
resampled.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Container, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from pipeline.project.clip import MAX_FRAMES, MAX_SIDE
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]

FALLBACK_FPS = 24.0
"""Playing speed of what carries none: folders of images, broken headers."""

_OPTIONS = {
    # Playlists and concat scripts name other files and addresses: they are not videos here.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,ogg,flv,asf,h264,hevc,m4v",
    "protocol_whitelist": "file",
}
# Accurate rounding and full chroma: swscale's defaults are off by several levels on saturated edges.
_ACCURATE = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Survey:
    """What one whole decoding pass found: frames that can be decoded, size (h, w) as shown, frames per second."""

    n_frames: int
    size: tuple[int, int]
    fps: float


def survey(path: Path) -> Survey:
    """Decode the file once, without keeping pixels. Raises `Refusal`; says on the log when the file is damaged."""
    status = path.stat()
    return _survey(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _survey(name: str, mtime_ns: int, n_bytes: int) -> Survey:  # noqa: ARG001  the last two make the cache honest
    path = Path(name)
    with _opened(path) as (container, stream):
        fps, declared, sar = _fps(stream), stream.frames, _pixel_aspect(stream)
        count, size, first = 0, (0, 0), None
        for frame in _decoded(container, stream, path):
            if first is None:
                first = (frame.height, frame.width)
                size = _shown_size(first, _orientation(frame), sar)
                _check_side(path, size)
            count += 1
            if count > MAX_FRAMES:
                raise _too_many(path, f"more than {MAX_FRAMES}")
    if count == 0:
        raise Refusal(f"{path} holds no frame that can be decoded; export the video again.")
    if declared > count:
        _log.warning("%s is damaged or cut off: %d of its %d frames could be read.", path, count, declared)
    return Survey(count, size, fps)


def video_frames(path: Path, stop: int | None = None, only: Container[int] | None = None) -> Iterator[Frames]:
    """Each frame in order as uint8 [H, W, 3] sRGB, upright, in square pixels.

    `stop` ends the decoding early; frames outside `only` are decoded but neither converted nor given.
    """
    with _opened(path) as (container, stream):
        sar, first = _pixel_aspect(stream), None
        for index, frame in enumerate(_decoded(container, stream, path)):
            if index == stop:
                return
            first = first or (frame.height, frame.width)
            if (frame.height, frame.width) != first:
                raise Refusal(f"{path} changes its picture size at frame {index}; export it again at one size.")
            if only is None or index in only:
                yield _upright(frame, sar)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        # "file:" keeps a name such as "http:x.mp4" from being read as an address.
        container = av.open(f"file:{path.absolute()}", options=_OPTIONS, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        raise Refusal(f"{path} is not a video that can be read here; export it as mp4 (H.264).") from fault
    with closing(container):
        if not container.streams.video:
            raise Refusal(f"{path} holds no video, only sound or data; choose another file.")
        stream = container.streams.video[0]
        context = stream.codec_context
        if context is None:
            raise Refusal(f"{path} is coded in a way that cannot be decoded here; export it as mp4 (H.264).")
        _check_side(path, (context.height, context.width))
        if stream.frames > MAX_FRAMES:
            raise _too_many(path, str(stream.frames))
        # The picture size in the bitstream may differ from the header's; the decoder checks this one by itself.
        context.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
        yield container, stream


def _too_many(path: Path, count: str) -> Refusal:
    return Refusal(f"{path} has {count} frames, and at most {MAX_FRAMES} are read; cut out the part you need.")


def _check_side(path: Path, size: tuple[int, int]) -> None:
    if max(size) > MAX_SIDE:
        raise Refusal(
            f"{path} says it is {size[1]}x{size[0]}, more than {MAX_SIDE} pixels a side; scale it down first."
        )


def _decoded(container: InputContainer, stream: VideoStream, path: Path) -> Iterator[VideoFrame]:
    """Every sound frame in order of display; damaged packets are passed over, a cut-off end ends the iteration."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
        except (av.error.FFmpegError, OSError):
            _log.debug("%s: the container ends early", path)
            return
        try:
            frames: list[Any] = list(packet.decode())
        except (av.error.FFmpegError, OSError):
            _log.debug("%s: a damaged packet was passed over", path)
            continue
        yield from (frame for frame in frames if not frame.is_corrupt)


def _fps(stream: VideoStream) -> float:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and math.isfinite(rate) and 0 < float(rate) <= 1000:
            return float(rate)
    return FALLBACK_FPS


def _pixel_aspect(stream: VideoStream) -> float:
    ratio = float(stream.sample_aspect_ratio or 1)
    # Beyond 4:1 it is a damaged header, not an anamorphic lens.
    return ratio if 0.25 <= ratio <= 4 else 1.0


def _orientation(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """(transpose, flip vertically, flip horizontally), in that order, from the display matrix."""
    items: list[Any] = list(frame.side_data)
    raw = next((bytes(item) for item in items if item.type == SideData.DISPLAYMATRIX), b"")
    if len(raw) != 36:
        return False, False, False
    a, b, _, c, d = (int(x) for x in np.frombuffer(raw, "<i4")[:5])
    # A point (x, y) is shown at (a x + c y, b x + d y); angles between the quarters are not a camera's doing.
    if abs(b) > abs(a):
        return True, b < 0, c < 0
    return False, d < 0, a < 0


def _shown_size(size: tuple[int, int], orientation: tuple[bool, bool, bool], sar: float) -> tuple[int, int]:
    height, width = _square_size(size, sar)
    return (width, height) if orientation[0] else (height, width)


def _square_size(size: tuple[int, int], sar: float) -> tuple[int, int]:
    """Square pixels by enlarging the coarser axis, so that no detail is lost."""
    height, width = size
    return (height, round(width * sar)) if sar >= 1 else (round(height / sar), width)


def _upright(frame: VideoFrame, sar: float) -> Frames:
    height, width = _square_size((frame.height, frame.width), sar)
    # Colour matrix and range come from the frame's own tags; swscale takes unspecified for BT.601 limited.
    converted = frame.reformat(width=width, height=height, format="rgb24", interpolation=_ACCURATE)
    picture = np.asarray(converted.to_ndarray(), np.uint8)
    transpose, flip_v, flip_h = _orientation(frame)
    if transpose:
        picture = picture.transpose(1, 0, 2)
    if flip_v:
        picture = picture[::-1]
    if flip_h:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
