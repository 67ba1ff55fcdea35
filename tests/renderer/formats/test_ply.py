"""Splat PLY: other programs' reader opens it, ours reads it back, and bad files are refused before memory is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plyfile
import pytest

from renderer.errors import Refusal
from renderer.formats.ply import FIELDS, SH_C0, read_ply, write_ply
from renderer.snapshot import Posed


def splats(count: int, seed: int = 0) -> Posed:
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    return Posed(
        rng.normal(size=(count, 3)).astype(np.float32),
        (quats / np.linalg.norm(quats, axis=1, keepdims=True)).astype(np.float32),
        np.exp(rng.normal(-4, 1, (count, 3))).astype(np.float32),
        rng.uniform(0.01, 0.99, count).astype(np.float32),
        rng.uniform(-0.1, 1.1, (count, 3)).astype(np.float32),
    )


def write(path: Path, posed: Posed) -> Path:
    with path.open("wb") as file:
        write_ply(file, posed, ["time: 3", "two\nlines"])
    return path


@pytest.mark.parametrize("count", [0, 1, 257])
def test_what_is_written_is_read_back(tmp_path: Path, count: int) -> None:
    posed = splats(count)
    again = read_ply(write(tmp_path / "a.ply", posed))
    for name in ("means", "quats", "scales", "opacities", "rgb"):
        np.testing.assert_allclose(getattr(again, name), getattr(posed, name), rtol=2e-5, atol=2e-6)


def test_plyfile_opens_it_with_the_fields_of_3dgs(tmp_path: Path) -> None:
    posed = splats(40)
    vertex = plyfile.PlyData.read(str(write(tmp_path / "a.ply", posed)))["vertex"]
    assert tuple(p.name for p in vertex.properties) == FIELDS
    np.testing.assert_allclose(np.stack([vertex[n] for n in "xyz"], 1), posed.means)
    np.testing.assert_allclose(0.5 + SH_C0 * vertex["f_dc_1"], posed.rgb[:, 1], atol=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-vertex["opacity"])), posed.opacities, atol=1e-6)
    np.testing.assert_allclose(np.exp(vertex["scale_2"]), posed.scales[:, 2], rtol=1e-5)
    np.testing.assert_allclose(vertex["rot_0"], posed.quats[:, 0], atol=1e-6)


def test_a_file_with_higher_bands_is_read(tmp_path: Path) -> None:
    names = [*FIELDS[:9], "f_rest_0", *FIELDS[9:]]
    rows = np.zeros(3, [(name, "<f4") for name in names])
    rows["rot_0"] = 2.0
    plyfile.PlyData([plyfile.PlyElement.describe(rows, "vertex")]).write(str(tmp_path / "a.ply"))
    again = read_ply(tmp_path / "a.ply")
    np.testing.assert_allclose(again.rgb, 0.5)
    np.testing.assert_allclose(again.quats[:, 0], 1.0)


def test_extreme_opacity_and_scale_stay_finite(tmp_path: Path) -> None:
    posed = splats(3)
    posed.opacities[:] = [0.0, 1.0, 0.5]
    posed.scales[0] = 0.0
    again = read_ply(write(tmp_path / "a.ply", posed))
    assert np.isfinite(again.scales).all()
    np.testing.assert_allclose(again.opacities, [0, 1, 0.5], atol=1e-5)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.ply", splats(10)).read_bytes()
    huge = whole.replace(b"element vertex 10", b"element vertex 9999999999")
    ascii_ = whole.replace(b"binary_little_endian", b"ascii")
    lists = whole.replace(b"property float x", b"property list uchar int x")
    lacking = whole.replace(b"property float opacity", b"property float opaque")
    wrong = (b"", b"ply\n", b"x" * 100_000, whole[:-1], whole[:200], huge, ascii_, lists, lacking)
    for index, data in enumerate(wrong):
        path = tmp_path / f"{index}.ply"
        path.write_bytes(data)
        with pytest.raises(Refusal):
            read_ply(path)
    with pytest.raises(Refusal):
        read_ply(tmp_path / "absent.ply")


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    posed = splats(4)
    posed.means[2, 1] = np.nan
    with pytest.raises(Refusal, match="not finite"):
        read_ply(write(tmp_path / "a.ply", posed))
