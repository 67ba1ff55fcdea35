"""Pictures for a ComfyUI server: lossless up, judged by their headers down."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from pipeline.generate.comfyui import pictures
from pipeline.generate.provider import Known
from renderer.errors import Refusal


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.sets(st.integers(0, 5), min_size=1), st.booleans(), st.integers(0, 99))
def test_a_video_comes_through_an_animated_png_frame_by_frame(
    n_frames: int, places: set[int], flat: bool, seed: int
) -> None:
    """`flat`: equal frames must not become one."""
    positions = tuple(sorted({place % n_frames for place in places}))
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (len(positions), 9, 16, 3), np.uint8)
    frames[:] = 80 if flat else frames
    known = Known(frames, positions, tuple(0.5 if i else 1.0 for i in range(len(positions))))
    stored = BytesIO(pictures.animated(known, n_frames))
    read = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(Image.open(stored))]
    assert len(read) == n_frames
    for index, picture in enumerate(read):
        if index not in positions:
            assert (picture == (127, 127, 127, 0)).all()
            continue
        at = positions.index(index)
        assert np.array_equal(picture[..., :3], frames[at]) and (picture[..., 3] == (128 if at else 255)).all()


def test_pictures_are_taken_only_at_their_size() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    assert np.array_equal(pictures.decoded(pictures.png(frame), (9, 16)), frame)
    with pytest.raises(Refusal, match="16x9 where 16x10 was"):
        pictures.decoded(pictures.png(frame), (10, 16))
    for data in (b"", b"no picture", pictures.png(frame)[:60], b"GIF89a" + bytes(40), bomb(60_000, 60_000)):
        with pytest.raises(Refusal):
            pictures.decoded(data, (9, 16))
        assert pictures.preview(data) is None
    shown = pictures.preview(pictures.png(frame))
    assert shown is not None and shown.shape == (1, 9, 16, 3)
    assert pictures.preview(bomb(5000, 20)) is None
