"""Videos: known colours through every tag, rotation, pixel aspect, variable rates, exact round trips."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.project import media
from pipeline.project.clip import Clip

Planes = npt.NDArray[np.uint8]
WEIGHTS = {"601": (0.299, 0.114), "709": (0.2126, 0.0722)}
UNTAGGED, BT709, BT601 = 2, 1, 6


def yuv_blocks() -> Planes:
    """[3, 48, 64] Y, U, V: twelve flat blocks of colours that lie inside RGB under both matrices."""
    rng = np.random.default_rng(4)
    blocks = np.stack([rng.integers(90, 170, (3, 4)), *rng.integers(105, 150, (2, 3, 4))]).astype(np.uint8)
    return np.kron(blocks, np.ones((16, 16), np.uint8))


def expected_rgb(planes: Planes, matrix: str, full: bool) -> npt.NDArray[np.float64]:
    """The textbook conversion (H.273), in float."""
    kr, kb = WEIGHTS[matrix]
    y, u, v = planes.astype(float)
    y, u, v = (
        (y / 255, (u - 128) / 255, (v - 128) / 255) if full else ((y - 16) / 219, (u - 128) / 224, (v - 128) / 224)
    )
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.asarray(np.clip(255 * np.stack([r, g, b], -1), 0, 255), np.float64)


def write_raw(
    path: Path,
    pixels: str,
    frames: list[VideoFrame],
    setup: Callable[[VideoStream], None] | None = None,
    pts: list[int] | None = None,
) -> None:
    """Lossless H.264 of given frames, tagged by `setup` only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, pixels
        stream.codec_context.options = {"qp": "0"}
        stream.codec_context.time_base = Fraction(1, 100)
        if setup:
            setup(stream)
        for index, frame in enumerate(frames):
            frame.pts = pts[index] if pts else 10 * index
            frame.time_base = Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def tagged(colorspace: int, colour_range: int) -> Callable[[VideoStream], None]:
    def setup(stream: VideoStream) -> None:
        stream.codec_context.colorspace = colorspace
        stream.codec_context.color_range = colour_range

    return setup


@pytest.mark.parametrize("pixels", ["yuv444p", "yuv420p"])
@pytest.mark.parametrize(
    ("colorspace", "colour_range", "matrix", "full"),
    [(UNTAGGED, 0, "601", False), (BT601, 1, "601", False), (BT709, 1, "709", False), (BT709, 2, "709", True),
     (UNTAGGED, 2, "601", True)],
)  # fmt: skip
def test_colours_follow_the_tags(
    tmp_path: Path, pixels: str, colorspace: int, colour_range: int, matrix: str, full: bool
) -> None:
    planes = yuv_blocks()
    frame = VideoFrame.from_ndarray(planes, format="yuv444p")
    if pixels == "yuv420p":
        flat = np.concatenate([planes[0].ravel(), planes[1, ::2, ::2].ravel(), planes[2, ::2, ::2].ravel()])
        frame = VideoFrame.from_ndarray(flat.reshape(72, 64), format="yuv420p")
    path = tmp_path / "blocks.mp4"
    write_raw(path, pixels, [frame], tagged(colorspace, colour_range))
    centres = (slice(8, None, 16), slice(8, None, 16))
    difference = np.abs(media.read_frames(path)[0] - expected_rgb(planes, matrix, full))[centres]
    assert difference.max() <= 1.5
    other = expected_rgb(planes, "709" if matrix == "601" else "601", full)
    assert np.abs(media.read_frames(path)[0] - other)[centres].max() > 3, "the blocks must tell the matrices apart"


def test_full_range_pixels_are_taken_as_such(tmp_path: Path) -> None:
    planes = yuv_blocks()
    path = tmp_path / "jpeg.mkv"
    write_raw(path, "yuvj444p", [VideoFrame.from_ndarray(planes, format="yuvj444p")])
    assert np.abs(media.read_frames(path)[0] - expected_rgb(planes, "601", True)).max() <= 1.5


def corners() -> Planes:
    """[48, 64, 3] with a red, green, blue and white corner, all different."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32], image[:24, 32:] = (220, 30, 30), (30, 200, 30)
    image[24:, :32], image[24:, 32:] = (30, 30, 220), (230, 230, 230)
    return image


def with_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Rewrite the display matrix in an mp4's track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [((0, 1, -1, 0), lambda x: np.rot90(x, -1)), ((-1, 0, 0, -1), lambda x: np.rot90(x, 2)),
     ((0, -1, 1, 0), lambda x: np.rot90(x, 1)), ((-1, 0, 0, 1), lambda x: x[:, ::-1]),
     ((1, 0, 0, -1), lambda x: x[::-1]), ((0, 1, 1, 0), lambda x: x.transpose(1, 0, 2))],
)  # fmt: skip
def test_rotation_metadata_is_honoured(
    tmp_path: Path, matrix: tuple[int, int, int, int], turn: Callable[[Planes], Planes]
) -> None:
    path = tmp_path / "phone.mp4"
    media.write_video(path, corners()[None], 10, crf=4, full_chroma=True)
    with_matrix(path, *matrix)
    shown = turn(corners())
    assert media.probe(path).size == shown.shape[:2]
    assert np.abs(media.read_frames(path)[0].astype(int) - shown)[8:-8:8, 8:-8:8].max() <= 12


@pytest.mark.parametrize(("sar", "size"), [(Fraction(4, 3), (48, 85)), (Fraction(1, 2), (96, 64))])
def test_pixels_become_square(tmp_path: Path, sar: Fraction, size: tuple[int, int]) -> None:
    path = tmp_path / "anamorphic.mp4"

    def setup(stream: VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = sar

    frame = VideoFrame.from_ndarray(corners(), format="rgb24").reformat(format="yuv444p")
    write_raw(path, "yuv444p", [frame], setup)
    assert media.probe(path).size == size
    picture = media.read_frames(path)[0].astype(int)
    assert picture.shape[:2] == size
    assert np.abs(picture[size[0] // 4, size[1] // 4] - (220, 30, 30)).max() <= 3
    assert np.abs(picture[size[0] // 4, 3 * size[1] // 4] - (30, 200, 30)).max() <= 3


def grey_levels(count: int, size: tuple[int, int] = (32, 48)) -> Planes:
    """Frames whose level tells their index: 10, 20, 30, ..."""
    return np.stack([np.full((*size, 3), 10 * (index + 1), np.uint8) for index in range(count)])


def test_a_variable_rate_is_read_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "variable.mp4"
    frames = [VideoFrame.from_ndarray(f, format="rgb24").reformat(format="yuv444p") for f in grey_levels(6)]
    write_raw(path, "yuv444p", frames, pts=[0, 3, 40, 41, 90, 400])
    assert media.probe(path).n_frames == 6
    assert np.abs(media.read_frames(path)[:, 16, 24, 0].astype(int) - np.arange(10, 70, 10)).max() <= 1


def test_indices_in_any_order_and_twice(tmp_path: Path) -> None:
    path = tmp_path / "levels.mkv"
    media.write_lossless(path, grey_levels(6), 10)
    assert media.read_frames(path, [4, 1, 4, 0])[:, 0, 0, 0].tolist() == [50, 20, 50, 10]


def test_max_size_shrinks_and_never_enlarges(tmp_path: Path) -> None:
    path = tmp_path / "levels.mkv"
    media.write_lossless(path, grey_levels(2), 10)
    assert media.read_frames(path, max_size=24).shape == (2, 16, 24, 3)
    assert media.read_frames(path, max_size=480).shape == (2, 32, 48, 3)


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (1, 1)])
def test_lossless_video_is_bit_exact(tmp_path: Path, size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, *size, 3), dtype=np.uint8)
    path = tmp_path / "exact.mkv"
    media.write_lossless(path, frames, 12.5)
    np.testing.assert_array_equal(media.read_frames(path), frames)
    clip = media.probe(path)
    assert (clip.n_frames, clip.size, clip.fps) == (5, size, 12.5)


def smooth_picture(size: tuple[int, int]) -> Planes:
    y, x = np.mgrid[: size[0], : size[1]]
    phases = [np.sin(x / 11 + k) * np.cos(y / 9 - k) for k in range(3)]
    return np.round(128 + 100 * np.stack(phases, -1)).astype(np.uint8)


def test_mp4_is_tagged_and_converted_as_bt709(tmp_path: Path) -> None:
    path = tmp_path / "people.mp4"
    picture = smooth_picture((64, 96))
    media.write_video(path, np.stack([picture] * 4), 24)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
        luma = next(container.decode(video=0)).to_ndarray()[:64, :96].astype(float)
    true_luma = 16 + 219 * (picture / 255.0) @ np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(luma - true_luma).mean() < 1.5
    error = media.read_frames(path).astype(float) - picture
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 36


def test_odd_sizes_are_padded_by_repeating_the_edge(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    picture = smooth_picture((33, 47))
    media.write_video(path, picture[None], 24, crf=4)
    back = media.read_frames(path)[0].astype(int)
    assert back.shape == (34, 48, 3)
    assert np.abs(back[33] - back[32]).mean() < 3
    assert np.abs(back[:33, :47] - picture).mean() < 3


def test_fractional_rates_survive(tmp_path: Path) -> None:
    path = tmp_path / "ntsc.mp4"
    media.write_video(path, grey_levels(4), 30000 / 1001)
    assert media.probe(path).fps == pytest.approx(30000 / 1001, rel=1e-9)


def test_gif_and_webm_are_read(tmp_path: Path) -> None:
    for name, codec, pixels in (("a.gif", "gif", "rgb8"), ("a.webm", "libvpx-vp9", "yuv420p")):
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=10)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for index in range(3):
                frame = VideoFrame.from_ndarray(corners(), format="rgb24").reformat(format=pixels)
                frame.pts = index
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        clip = media.probe(path)
        assert (clip.n_frames, clip.size) == (3, (48, 64))
        assert np.abs(media.read_frames(path)[2].astype(int) - corners())[8::8, 8::8].mean() < 25


def test_probe_names_what_it_saw(tmp_path: Path) -> None:
    path = tmp_path / "levels.mkv"
    media.write_lossless(path, grey_levels(3), 8)
    clip = media.probe(str(path))
    assert isinstance(clip, Clip)
    assert clip.path == str(path)
    again = tmp_path / "copy.mkv"
    again.write_bytes(path.read_bytes())
    assert media.probe(again).digest == clip.digest
    media.write_lossless(path, grey_levels(4), 8)
    assert media.probe(path).digest != clip.digest
    assert media.probe(path).n_frames == 4


def test_a_stream_of_frames_can_be_written_without_holding_it(tmp_path: Path) -> None:
    path = tmp_path / "stream.mkv"
    media.write_lossless(path, (frame for frame in grey_levels(4)), 8)
    assert media.probe(path).n_frames == 4
