"""A network for ncnn made by hand: the bones of Real-ESRGAN's small one, doubling a picture."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

LAYERS = (
    "Input in 0 1 data",
    "Convolution conv 1 1 data1 a 0=12 1=3 4=1 5=1 6=324",
    "PReLU p 1 1 a b 0=12",
    "PixelShuffle shuffle 1 1 b c 0=2",
    "Interp nearest 1 1 data0 d 0=1 1=2.0 2=2.0",
    "BinaryOp add 2 1 c d output 0=0",
)


def weights(seed: int = 0) -> tuple[npt.NDArray[np.float32], ...]:
    """The convolution's kernel [12, 3, 3, 3] and bias [12], and PReLU's slopes [12], all small."""
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(0.0, 0.02, shape).astype(np.float32) for shape in ((12, 3, 3, 3), (12,), (12,)))


def network(folder: Path, *, half: bool = False, name: str = "tiny") -> Path:
    """Write it as `name`.param and `name`.bin; the path of the first."""
    kernel, bias, slopes = weights()
    tag, data = (0x01306B47, kernel.astype("<f2").tobytes()) if half else (0, kernel.tobytes())
    layers = [LAYERS[0], "Split split 1 2 data data0 data1", *LAYERS[1:]]
    write(folder / f"{name}.param", layers, struct.pack("<I", tag) + data + bias.tobytes() + slopes.tobytes())
    return folder / f"{name}.param"


def write(path: Path, layers: Sequence[str], data: bytes) -> None:
    """Both files of these lines and weights."""
    blobs = {word for line in layers for word in line.split()[4:] if "=" not in word}
    path.write_text(f"7767517\n{len(layers)} {len(blobs)}\n" + "\n".join(layers) + "\n")
    path.with_suffix(".bin").write_bytes(data)
