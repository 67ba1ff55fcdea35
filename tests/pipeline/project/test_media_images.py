"""Still images, folders of them, EXR, resizing."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from pipeline.project import media
from renderer.errors import Refusal

RNG = np.random.default_rng(1)


def noise(size: tuple[int, int] = (12, 16)) -> media.Frames:
    return RNG.integers(0, 256, (*size, 3), dtype=np.uint8)


def test_png_is_exact(tmp_path: Path) -> None:
    picture = noise()
    media.write_image(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(media.read_image(tmp_path / "a.png"), picture)
    clip = media.probe(tmp_path / "a.png")
    assert (clip.n_frames, clip.size) == (1, (12, 16))
    np.testing.assert_array_equal(media.read_frames(tmp_path / "a.png"), picture[None])


def test_a_folder_is_a_clip_in_natural_order(tmp_path: Path) -> None:
    frames = {index: noise() for index in (10, 2, 1)}
    for index, frame in frames.items():
        media.write_image(tmp_path / f"frame{index}.png", frame)
    (tmp_path / "notes.txt").write_text("not a frame")
    clip = media.probe(tmp_path)
    assert (clip.n_frames, clip.size, clip.fps) == (3, (12, 16), media.FALLBACK_FPS)
    np.testing.assert_array_equal(media.read_frames(tmp_path), np.stack([frames[1], frames[2], frames[10]]))
    np.testing.assert_array_equal(media.read_frames(tmp_path, [2]), frames[10][None])


def test_a_sequence_comes_back_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    long, short = [noise() for _ in range(4)], [noise() for _ in range(2)]
    media.write_sequence(folder, long)
    np.testing.assert_array_equal(media.read_frames(folder), np.stack(long))
    written = media.write_sequence(folder, short)
    assert [path.name for path in written] == ["frame_00000.png", "frame_00001.png"]
    np.testing.assert_array_equal(media.read_frames(folder), np.stack(short))


def test_a_sequence_never_mixes_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(Refusal, match="something else"):
        media.write_sequence(tmp_path, [noise()])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_exr_is_linear_and_exact(tmp_path: Path) -> None:
    linear = RNG.random((7, 9, 3)).astype(np.float32) * 3
    media.write_image(tmp_path / "a.exr", linear)
    np.testing.assert_array_equal(media.read_exr(tmp_path / "a.exr"), linear)
    assert media.probe(tmp_path / "a.exr").size == (7, 9)


def test_exr_of_srgb_bytes_is_decoded_to_light_and_back(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, -1)
    media.write_image(tmp_path / "a.exr", levels)
    light = media.read_exr(tmp_path / "a.exr")
    assert light[8, 0, 0] == pytest.approx(0.2158605, abs=1e-5), "sRGB 128 is 21.6 % of white"
    np.testing.assert_array_equal(media.read_image(tmp_path / "a.exr"), levels)


def test_linear_light_becomes_srgb_in_a_png(tmp_path: Path) -> None:
    media.write_image(tmp_path / "a.png", np.full((2, 2, 3), 0.2158605, np.float32))
    assert media.read_image(tmp_path / "a.png")[0, 0].tolist() == [128, 128, 128]


def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path) -> None:
    grey16 = (np.arange(16, dtype=np.uint16) * 257 * 16).reshape(4, 4)
    iio.imwrite(tmp_path / "deep.png", grey16)
    assert media.read_image(tmp_path / "deep.png")[..., 1].ravel().tolist() == list(range(0, 256, 16))
    rgba = np.dstack([noise((4, 4)), np.full((4, 4), 7, np.uint8)])
    iio.imwrite(tmp_path / "alpha.png", rgba)
    np.testing.assert_array_equal(media.read_image(tmp_path / "alpha.png"), rgba[..., :3])
    Image.fromarray(noise((4, 4))).convert("P").save(tmp_path / "palette.png")
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    assert media.read_image(tmp_path / "palette.png").shape == (4, 4, 3)
    red = media.read_image(tmp_path / "print.jpg")[2, 2]
    assert red[0] > 200 > 60 > red[1]


def test_exif_rotation_is_honoured(tmp_path: Path) -> None:
    picture = np.zeros((16, 32, 3), np.uint8)
    picture[:, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(tmp_path / "phone.jpg", exif=exif, quality=95)
    assert media.probe(tmp_path / "phone.jpg").size == (32, 16)
    upright = media.read_image(tmp_path / "phone.jpg")
    assert upright.shape == (32, 16, 3)
    assert upright[4].min() > 200 > 50 > upright[28].max(), "the left half is shown on top"


def test_resizing_keeps_means_and_colours() -> None:
    frames = np.stack([noise((64, 96)), np.full((64, 96, 3), 77, np.uint8)])
    small = media.resize(frames, (16, 24))
    assert small.shape == (2, 16, 24, 3)
    assert abs(small[0].mean() - frames[0].mean()) < 2
    assert (small[1] == 77).all()
    checkers = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((2, 2)))[None, ..., None].repeat(3, -1)
    averaged = media.resize((255 * checkers).astype(np.uint8), (8, 8))
    assert np.abs(averaged[:, 2:-2, 2:-2].astype(int) - 128).max() < 20, "shrinking averages, it does not pick"
    assert media.resize(frames, (64, 96)) is frames


def test_same_aspect_is_within_one_per_cent_and_symmetric() -> None:
    assert media.same_aspect((288, 512), (144, 256))
    assert media.same_aspect((288, 512), (720, 1290))
    assert not media.same_aspect((288, 512), (256, 512))
    assert not media.same_aspect((288, 512), (512, 288))
    assert media.same_aspect((1000, 1000), (1000, 990)) == media.same_aspect((1000, 990), (1000, 1000))
