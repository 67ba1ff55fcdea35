"""Networks from anywhere: what is let through to ncnn, and what is not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate import ncnn_files
from renderer.errors import Refusal
from tests.fakes.ncnn_network import LAYERS, network, write


def test_a_network_is_followed_from_its_input_to_its_output(tmp_path: Path) -> None:
    known = ncnn_files.read(network(tmp_path))
    assert (known.entry, known.exit, known.scale) == ("data", "output", 2)
    half = ncnn_files.read(network(tmp_path, half=True))
    assert half.scale == 2 and half.weights.stat().st_size < 1000


def changed(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (changed("7767517", "7767518"), "no network of ncnn"),
        (changed("7 8", "9 8"), "number of layers"),
        (changed("7 8", "7 900000000"), "number of blobs"),
        (changed("PReLU", "Reshape"), "a layer Reshape"),
        (changed("6=324", "6=3240"), "not as large as its inputs"),
        (changed("0=12 1=3", "0=999999999 1=3"), "not as large as its inputs"),
        (changed("1=3 4=1", "1=3 3=2 4=1"), "a convolution as no"),
        (changed("1=3 4=1", "1=3 11=1 4=1"), "a convolution as no"),
        (changed("1=3 4=1", "1=3 4=0"), "a convolution as no"),
        (changed("PReLU p 1 1 a b 0=12", "PReLU p 1 1 a b 0=12000"), "a layer PReLU"),
        (changed("0=2\nInterp", "0=3\nInterp"), "a layer PixelShuffle"),
        (changed("1=2.0 2=2.0", "1=nan 2=nan"), "can't be used"),
        (changed("1=2.0 2=2.0", "1=1.0 2=1.0"), "a layer BinaryOp"),
        (changed("2 1 c d output 0=0", "2 1 c c output 0=0"), "read twice"),
        (changed("2 1 c d output 0=0", "2 1 c nothing output 0=0"), "nothing"),
        (changed("1 1 b c", "1 1 b d"), "can't be used"),
        (changed("2 1 c d output 0=0", "2 1 c d"), "cut off"),
        (changed("0 1 data", "-1 1 data"), "cut off"),
        (changed("6=324", "6=324 -23310=1000000000,0.1"), "parameters of conv"),
        (changed("6=324", "6=324 90=1"), "parameters of conv"),
        (changed("0=12 1=3", "zero=12 1=3"), "can't be used"),
    ],
)
def test_what_no_enlarging_network_has_is_refused(tmp_path: Path, change: Callable[[str], str], why: str) -> None:
    path = network(tmp_path)
    path.write_text(change(path.read_text()))
    with pytest.raises(Refusal, match=why):
        ncnn_files.read(path)


@pytest.mark.parametrize(
    "change", [lambda data: data[:-4], lambda data: data + b"0000", lambda data: b"", lambda data: b"\1" + data[1:]]
)
def test_weights_of_another_length_or_kind_are_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = network(tmp_path)
    weights = path.with_suffix(".bin")
    weights.write_bytes(change(weights.read_bytes()))
    with pytest.raises(Refusal, match="can't be used"):
        ncnn_files.read(path)


def test_files_that_are_not_there_or_too_long_are_refused(tmp_path: Path) -> None:
    path = network(tmp_path)
    path.with_suffix(".bin").unlink()
    with pytest.raises(Refusal, match="can't be used"):
        ncnn_files.read(path)
    network(tmp_path)
    path.write_text(path.read_text() + "\n" * (ncnn_files.LONGEST_TEXT + 1))
    with pytest.raises(Refusal, match="too large"):
        ncnn_files.read(path)


@given(noise=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from("0123456789 =.-\nxP")), min_size=1, max_size=4))
def test_a_description_with_noise_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, noise: list[tuple[int, str]]
) -> None:
    path = network(tmp_path_factory.getbasetemp())
    text = list(path.read_text())
    for place, letter in noise:
        text[place % len(text)] = letter
    path.write_text("".join(text))
    try:
        ncnn_files.read(path)
    except Refusal as refusal:
        assert "can't be used" in str(refusal)


def test_a_network_that_ends_in_something_else_than_a_larger_picture_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path / "a.param",
        [LAYERS[0], LAYERS[1].replace("data1", "data")],
        struct.pack("<I", 0) + np.zeros(324 + 12, "<f4").tobytes(),
    )
    with pytest.raises(Refusal, match="one picture, two to eight times as large"):
        ncnn_files.read(tmp_path / "a.param")
