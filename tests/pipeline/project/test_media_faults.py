"""Bad input and bad disks end in one sentence that says what to do, and nothing is lost."""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.project import atomic, media, media_video
from renderer.errors import Refusal

FRAMES = np.random.default_rng(2).integers(0, 256, (12, 48, 64, 3), dtype=np.uint8)


def refused(path: Path, words: str) -> None:
    """Both doors refuse, with the file's name and one sentence."""
    for door in (media.probe, media.read_frames):
        with pytest.raises(Refusal, match=words) as caught:
            door(path)
        sentence = str(caught.value)
        assert str(path) in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_a_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "nothing.mp4", "does not exist")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "zero.mp4").touch()
    refused(tmp_path / "zero.mp4", "0 bytes")


@pytest.mark.parametrize("content", [b"once upon a time\n" * 100, bytes(range(256)) * 40, b"\0" * 4096])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a"])
def test_not_a_video(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, "not a video")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.exr", "a.tif", "a.webp", "a.bmp"])
def test_not_an_image(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"once upon a time\n" * 100)
    refused(tmp_path / name, "not an image")


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    media.write_video(tmp_path / "real.mp4", FRAMES, 10)
    concat = tmp_path / "list.ffconcat"
    concat.write_text("ffconcat version 1.0\nfile real.mp4\n")
    with av.open(str(concat)) as container:
        assert container.streams.video, "the trap must be live, else this test proves nothing"
    refused(concat, "not a video")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nreal.mp4\n#EXT-X-ENDLIST\n")
    refused(playlist, "not a video")


def test_sound_is_not_a_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    refused(path, "no video, only sound")


def test_a_video_without_frames(tmp_path: Path) -> None:
    """The header is sound, the pictures are gone: one packet of rubbish."""
    path = tmp_path / "hollow.mkv"
    media.write_lossless(path, FRAMES[:1], 10)
    data = bytearray(path.read_bytes())
    start = data.index(b"\x1f\x43\xb6\x75") + 30
    data[start:] = b"\xff" * (len(data) - start)
    path.write_bytes(data)
    refused(path, "no frame that can be decoded")


@pytest.mark.parametrize("kept", [0.35, 0.7])
def test_a_cut_off_file_gives_what_is_there_and_says_so(
    tmp_path: Path, kept: float, caplog: pytest.LogCaptureFixture
) -> None:
    whole = tmp_path / "whole.mp4"
    media.write_video(whole, FRAMES, 10)
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: int(kept * whole.stat().st_size)])
    with caplog.at_level(logging.WARNING):
        clip = media.probe(path)
    assert 1 <= clip.n_frames < 12
    assert f"{clip.n_frames} of its 12 frames" in caplog.text
    frames = media.read_frames(path)
    assert len(frames) == clip.n_frames
    np.testing.assert_array_equal(frames[0], media.read_frames(whole)[0])


def test_a_cut_off_matroska_gives_what_is_there(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    media.write_lossless(whole, FRAMES, 10)
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = media.read_frames(path)
    assert 3 <= len(frames) == media.probe(path).n_frames < 12
    np.testing.assert_array_equal(frames, FRAMES[: len(frames)])


def test_damage_at_any_place_never_crashes(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    media.write_video(whole, FRAMES[:4], 10)
    data = whole.read_bytes()
    rng = np.random.default_rng(3)
    path = tmp_path / "damaged.mp4"
    for _ in range(60):
        broken = bytearray(data)
        for at in rng.integers(0, len(data), 12):
            broken[at] = rng.integers(0, 256)
        path.write_bytes(broken)
        try:
            assert media.read_frames(path).shape[0] >= 1
        except Refusal as refusal:
            assert str(refusal).endswith(".")


def test_a_giant_image_is_refused_from_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    path = tmp_path / "bomb.png"
    for width, height, words in ((20_000, 10, "20000x10"), (60_000, 60_000, "not an image that can be read")):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b""))
        refused(path, words)


def test_a_giant_video_is_refused_from_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mp4"
    media.write_video(path, FRAMES, 10)
    monkeypatch.setattr(media_video, "MAX_SIDE", 50)
    media_video._survey.cache_clear()
    refused(path, "64x48, more than 50 pixels a side")
    monkeypatch.undo()
    monkeypatch.setattr(media_video, "MAX_FRAMES", 11)
    refused(path, "has 12 frames")
    media_video._survey.cache_clear()


def test_a_side_that_the_header_hides_is_refused_too(tmp_path: Path) -> None:
    """Square pixels may make a modest picture giant."""
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 8192, 16, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(3)
        frame = av.VideoFrame.from_ndarray(np.zeros((24, 8192), np.uint8), format="yuv420p")
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    refused(path, "24576x16")


def test_more_pixels_than_memory_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mp4"
    media.write_video(path, FRAMES, 10)
    monkeypatch.setattr(media, "MAX_BYTES", 5 * 48 * 64 * 3)
    with pytest.raises(Refusal, match="trim the clip"):
        media.read_frames(path)
    assert len(media.read_frames(path, range(5))) == 5
    assert len(media.read_frames(path, max_size=32)) == 12


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    media.write_video(path, FRAMES, 10)
    with pytest.raises(Refusal, match=r"12 frames.*no frame 12.*0 to 11"):
        media.read_frames(path, [0, 12])


def test_a_folder_of_mixed_sizes_or_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="holds no images"):
        media.probe(tmp_path)
    media.write_image(tmp_path / "a.png", FRAMES[0])
    media.write_image(tmp_path / "b.png", FRAMES[0, :20])
    for door in (media.probe, media.read_frames):
        with pytest.raises(Refusal, match=r"a\.png is 64x48, b\.png is 64x20"):
            door(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root reads and writes everything")
def test_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    media.write_image(path, FRAMES[0])
    path.chmod(0)
    refused(path, "permissions")


WRITERS: list[tuple[str, Callable[[Path], Any]]] = [
    ("a.mp4", lambda path: media.write_video(path, FRAMES, 10)),
    ("a.mkv", lambda path: media.write_lossless(path, FRAMES, 10)),
    ("a.png", lambda path: media.write_image(path, FRAMES[0])),
]


@pytest.mark.parametrize(("name", "write"), WRITERS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_a_sentence_and_keeps_the_old_file(
    tmp_path: Path, name: str, write: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(b"the earlier one")
    plain_open = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if mode == "xb":
            return plain_open(Path("/dev/full"), "wb", *rest, **options)
        return plain_open(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(Refusal, match=r"disk is full.*free some space"):
        write(path)
    monkeypatch.undo()
    assert path.read_bytes() == b"the earlier one"
    assert list(tmp_path.iterdir()) == [path], "no scratch file stays behind"


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_a_folder_that_cannot_be(tmp_path: Path, name: str, write: Callable[[Path], Any]) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refusal, match="a file stands where a folder is needed"):
        write(tmp_path / "file" / name)
    (tmp_path / "sub" / name).mkdir(parents=True)
    with pytest.raises(Refusal, match="is a folder; choose a file name"):
        write(tmp_path / "sub" / name)


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"the earlier one")

    def frames() -> Any:
        yield FRAMES[0]
        raise ArithmeticError("the renderer failed")

    with pytest.raises(ArithmeticError):
        media.write_video(path, frames(), 10)
    with pytest.raises(ValueError, match="the first was"):
        media.write_video(path, [FRAMES[0], FRAMES[0, :20]], 10)
    with pytest.raises(Refusal, match="no frame to write"):
        media.write_video(path, [], 10)
    assert path.read_bytes() == b"the earlier one"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_image_suffix(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"\.png, \.exr"):
        media.write_image(tmp_path / "a.xyz", FRAMES[0])


def test_every_disk_fault_has_a_sentence() -> None:
    for number in (*atomic._SENTENCES, 0, 5, 9999):
        sentence = str(atomic.refusal_for(OSError(number, "words"), Path("here/x.mp4")))
        assert "here/x.mp4" in sentence
        assert sentence.endswith(".")
