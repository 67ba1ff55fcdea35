"""Strips hold every frame small, full arrays hold them as they are, hints find what was put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.project import media, strip_writer
from pipeline.project.hints import Hints, sharpness
from pipeline.project.strip import load_full, load_strip
from renderer.errors import Refusal


def moving_pattern(count: int = 12, size: tuple[int, int] = (72, 128)) -> np.ndarray:
    """Frames of smooth noise that slides by a pixel a frame."""
    rng = np.random.default_rng(3)
    wide = rng.integers(0, 256, (size[0], size[1] + count, 3), np.uint8)
    wide = np.asarray(Image.fromarray(wide).filter(ImageFilter.GaussianBlur(1.5)))
    return np.stack([wide[:, i : i + size[1]] for i in range(count)])


@pytest.fixture
def odd_video(tmp_path: Path) -> Path:
    """Frame 4 is blurred, frame 7 repeats frame 6, the light goes down at 10."""
    frames = moving_pattern()
    frames[4] = np.asarray(Image.fromarray(frames[4]).filter(ImageFilter.GaussianBlur(3)))
    frames[7] = frames[6]
    frames[10:] //= 2
    path = tmp_path / "odd.mkv"
    media.write_lossless(path, frames, 24.0)
    return path


def test_hints_find_the_soft_the_doubled_and_the_jump(odd_video: Path, tmp_path: Path) -> None:
    strip_writer.make_strip(odd_video, tmp_path / "s.npy")
    hints = load_strip(tmp_path / "s.npy").hints
    assert np.flatnonzero(hints.soft).tolist() == [4]
    assert np.flatnonzero(hints.doubled).tolist() == [7]
    assert np.flatnonzero(hints.jumps).tolist() == [10]
    assert hints.words(7) == "repeats the frame before"
    assert hints.words(1) == ""


def test_a_still_video_has_no_jumps_and_a_single_frame_no_hints() -> None:
    still = Hints(np.full(5, 9.0, np.float32), np.zeros(5, np.float32))
    assert not still.jumps.any()
    assert still.doubled.tolist() == [False, True, True, True, True]
    one = Hints(np.zeros(1, np.float32), np.zeros(1, np.float32))
    assert one.words(0) == ""
    assert sharpness(np.zeros((2, 9), np.float32)) == 0.0


def test_full_frames_are_the_frames(odd_video: Path, tmp_path: Path) -> None:
    strip_writer.make_full(odd_video, tmp_path / "f.npy", 4096)
    assert np.array_equal(load_full(tmp_path / "f.npy"), media.read_frames(odd_video))
    strip_writer.make_full(odd_video, tmp_path / "g.npy", 64)
    assert load_full(tmp_path / "g.npy").shape == (12, 36, 64, 3)


def test_too_much_is_shown_smaller(odd_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strip_writer, "MAX_FULL", 12 * 72 * 128 * 3 // 4)
    strip_writer.make_full(odd_video, tmp_path / "f.npy", 4096)
    assert load_full(tmp_path / "f.npy").shape == (12, 36, 64, 3)


def test_what_goes_wrong_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"not a video at all")
    with pytest.raises(Refusal):
        strip_writer.make_strip(tmp_path / "v.mp4", tmp_path / "out" / "s.npy")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("content", [b"", b"junk", b"\x93NUMPY\x01\x00"])
def test_damaged_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.npy").write_bytes(content)
    with pytest.raises(Refusal):
        load_full(tmp_path / "s.npy")


def test_pickles_and_other_shapes_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "q.npy", np.zeros((3, 3), np.uint8))
    for name in ("p.npy", "q.npy"):
        with pytest.raises(Refusal):
            load_full(tmp_path / name)
