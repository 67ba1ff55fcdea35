"""Networks in ncnn's two files, `X.param` (layers, as text) and `X.bin` (weights), checked before ncnn reads them.

ncnn believes its files, and both may come from anywhere. So only layers that enlarging networks such as Real-ESRGAN are
made of are let through, channels and sizes are followed from the input to the output, and the weights are exactly as
long as those layers need. The format is that of ncnn's documentation ("param and model file structure").
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import BinaryIO

from renderer.errors import Refusal

MAGIC, FP16 = "7767517", 0x01306B47
LONGEST_TEXT, MOST_LAYERS, MOST_CHANNELS, LARGEST_WEIGHTS = 1 << 20, 4096, 2048, 1 << 28
SCALES = range(2, 9)


@dataclass(frozen=True)
class Blob:
    """What flows between layers: channels, and its size as a multiple of the input's."""

    channels: int
    scale: Fraction


@dataclass(frozen=True)
class Layer:
    """One line: its type, the blobs that it reads and makes, and its numbered parameters as text."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    told: Mapping[int, str]

    def whole(self, key: int, default: int = 0) -> int:
        """A parameter that is an integer."""
        return int(self.told.get(key, default))


@dataclass(frozen=True)
class Network:
    """A checked pair of files: pictures go in at `entry`, and come out at `exit` `scale` times as large."""

    param: Path
    weights: Path
    entry: str
    exit: str
    scale: int


def read(param: Path) -> Network:
    """The network in `param` and the `.bin` beside it. Raises `Refusal` when it isn't one that enlarges pictures."""
    weights = param.with_suffix(".bin")
    try:
        if param.stat().st_size > LONGEST_TEXT or weights.stat().st_size > LARGEST_WEIGHTS:
            raise ValueError("it is too large")
        layers = _layers(param.read_text(encoding="ascii"))
        entry, end, scale = _followed(layers)
        with weights.open("rb") as file:
            _check_weights(file, layers, weights.stat().st_size)
    except (OSError, ValueError, ArithmeticError, KeyError, struct.error) as fault:
        raise Refusal(
            f"The upsampler {param} can't be used ({fault}); take the files of a Real-ESRGAN for ncnn."
        ) from fault
    return Network(param, weights, entry, end, scale)


def _layers(text: str) -> list[Layer]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or lines[0] != [MAGIC] or len(lines[1]) != 2:
        raise ValueError("it is no network of ncnn")
    if len(lines) - 2 != int(lines[1][0]) or len(lines) - 2 > MOST_LAYERS:
        raise ValueError("it has another number of layers than it says")
    layers = [_layer(line) for line in lines[2:]]
    if len({name for layer in layers for name in layer.outputs}) != int(lines[1][1]):
        raise ValueError("it has another number of blobs than it says")
    return layers


def _layer(words: list[str]) -> Layer:
    kind, _, reads, makes = words[:4]
    ends = 4 + int(reads), 4 + int(reads) + int(makes)
    names, pairs = words[4 : ends[1]], [word.split("=", 1) for word in words[ends[1] :]]
    if int(reads) < 0 or int(makes) < 1 or len(names) != int(reads) + int(makes):
        raise ValueError(f"{words[1]} is cut off")
    told = {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2}
    if len(told) != len(pairs) or not all(_sound(key, value) for key, value in told.items()):
        raise ValueError(f"the parameters of {words[1]} can't be read")
    return Layer(kind, tuple(words[4 : ends[0]]), tuple(words[ends[0] : ends[1]]), told)


def _sound(key: int, value: str) -> bool:
    """Whether a parameter is a number with one of ncnn's 32 places, or an array as long as it says."""
    if key in range(32):
        return "," not in value
    count, *numbers = value.split(",")
    return -23300 - key in range(32) and int(count) == len(numbers)


def _followed(layers: list[Layer]) -> tuple[str, str, int]:
    """The names of the input and of the output, and how many times as large the output is."""
    first, blobs, used = layers[0], dict[str, Blob](), set[str]()
    if first.kind != "Input" or first.inputs or len(first.outputs) != 1:
        raise ValueError("it doesn't begin with one picture")
    blobs[first.outputs[0]] = Blob(3, Fraction(1))
    for layer in layers[1:]:
        if len(set(layer.inputs)) != len(layer.inputs) or used & set(layer.inputs):
            raise ValueError("a blob is read twice")  # ncnn splits them first
        made = _made(layer, [blobs[name] for name in layer.inputs])
        if made.channels > MOST_CHANNELS or set(layer.outputs) & blobs.keys():
            raise ValueError(f"{layer.outputs[0]} is too wide or made twice")
        used |= set(layer.inputs)
        blobs |= dict.fromkeys(layer.outputs, made)
    ends = [name for name in blobs if name not in used]
    if len(ends) != 1 or blobs[ends[0]].channels != 3 or blobs[ends[0]].scale not in SCALES:
        raise ValueError("it doesn't end with one picture, two to eight times as large")
    return first.outputs[0], ends[0], int(blobs[ends[0]].scale)


def _made(layer: Layer, given: list[Blob]) -> Blob:
    """What a layer makes of its inputs; raises ValueError for what it doesn't do with them."""
    kind, alike = layer.kind, len(set(given)) == 1
    if kind not in ("Concat", "Eltwise", "BinaryOp") and len(given) != 1:
        raise ValueError(f"{kind} with {len(given)} inputs")
    if kind != "Split" and len(layer.outputs) != 1:
        raise ValueError(f"{kind} with {len(layer.outputs)} outputs")
    if kind in ("Split", "ReLU"):
        return given[0]
    if kind == "Convolution":
        return Blob(_convolved(layer, given[0].channels), given[0].scale)
    if kind == "PReLU" and layer.whole(0) in (1, given[0].channels):
        return given[0]
    if kind == "Concat" and given and len({blob.scale for blob in given}) == 1 and layer.whole(0) == 0:
        return Blob(sum(blob.channels for blob in given), given[0].scale)
    if kind in ("Eltwise", "BinaryOp") and alike and len(given) == (1 if layer.whole(1) and kind == "BinaryOp" else 2):
        return given[0]
    if kind == "PixelShuffle" and (side := layer.whole(0, 1)) in SCALES and given[0].channels % side**2 == 0:
        return Blob(given[0].channels // side**2, given[0].scale * side)
    if kind == "Interp" and layer.whole(0) in (1, 2) and layer.whole(3) == layer.whole(4) == 0:
        factors = [Fraction(float(layer.told[key])) for key in (1, 2)]
        if factors[0] == factors[1] and Fraction(1, 8) <= factors[0] <= 8:
            return Blob(given[0].channels, given[0].scale * factors[0])
    raise ValueError(f"it has a layer {kind} as no Real-ESRGAN has")


def _convolved(layer: Layer, channels: int) -> int:
    """The channels that a convolution makes, which keeps the size of its input."""
    width = layer.whole(1)
    sides, out = (width, layer.whole(11, width)), layer.whole(0)
    plain = all(layer.whole(key, 1) == 1 for key in (2, 3, 12, 13)) and layer.whole(7, 1) == 1 and layer.whole(8) == 0
    padding = [layer.whole(key, layer.whole(4)) for key in (4, 14, 15, 16)]
    if (
        not plain
        or width not in (1, 3, 5, 7)
        or sides[0] != sides[1]
        or padding != [width // 2] * 4
        or layer.whole(9) > 2
    ):
        raise ValueError("it has a convolution as no Real-ESRGAN has")
    if not 1 <= out <= MOST_CHANNELS or layer.whole(6) != prod(sides) * channels * out:
        raise ValueError("a convolution is not as large as its inputs and outputs need")
    return out


def _check_weights(file: BinaryIO, layers: list[Layer], size: int) -> None:
    """The weights are all there and no more: half or single precision, as each convolution's tag says."""
    for layer in layers:
        if layer.kind == "PReLU":
            file.seek(4 * layer.whole(0), 1)
        elif layer.kind == "Convolution":
            (tag,) = struct.unpack("<I", file.read(4))
            count = layer.whole(6)
            if tag not in (0, FP16):
                raise ValueError("its weights are of another precision")
            file.seek((-(-2 * count // 4) if tag else count) * 4 + (4 * layer.whole(0) if layer.whole(5) else 0), 1)
        if file.tell() > size:
            break
    if file.tell() != size:
        raise ValueError("its weights are not as long as its layers need")
