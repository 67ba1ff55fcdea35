"""What the project knows of a video without its pixels, and which of its frames are used.

`Clip` names a video file, a folder of images or a single image and says what is in it; `media` reads the
pixels. `FrameSelection` is the artist's trim. Frame indices always count source frames, whatever is trimmed
or dropped: the time axis of the scene is the reference video's frame index (section 3.1).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderer.errors import Refusal

MAX_SIDE = 16384
"""Pixels a side; more is a damaged or hostile header, and would overflow 32-bit image sizes downstream."""
MAX_FRAMES = 10_000
_HEX = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Clip:
    """A video on disk, by name and content.

    Attributes:
        path: where it lies, as given (a file or a folder of images).
        n_frames: frames that can be decoded, at least 1.
        size: (height, width) as shown, in square pixels: after rotation metadata and sample aspect ratio.
        fps: nominal frames per second, for playing; the time axis is the frame index.
        digest: 64 hex digits, blake2b-256 of the content.
    """

    path: str
    n_frames: int
    size: tuple[int, int]
    fps: float
    digest: str

    def __post_init__(self) -> None:
        height, width = self.size
        if not self.path:
            raise ValueError("a clip needs a path")
        if not 1 <= self.n_frames <= MAX_FRAMES:
            raise ValueError(f"a clip has 1 to {MAX_FRAMES} frames, got {self.n_frames}")
        if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
            raise ValueError(f"a clip is 1 to {MAX_SIDE} pixels a side, got {width}x{height}")
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"a clip's fps is positive, got {self.fps}")
        if not _HEX.fullmatch(self.digest):
            raise ValueError("a clip's digest is 64 hex digits")

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "n_frames": self.n_frames,
            "size": list(self.size),
            "fps": self.fps,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Clip:
        """Read what `to_json` wrote; raises `Refusal` for anything else."""
        try:
            height, width = data["size"]
            size = (int(height), int(width))
            return cls(str(data["path"]), int(data["n_frames"]), size, float(data["fps"]), str(data["digest"]))
        except (KeyError, TypeError, ValueError) as fault:
            raise Refusal(f"This is not a Splatime clip ({fault}); choose the video again.") from fault


@dataclass(frozen=True)
class FrameSelection:
    """Which source frames of a clip are used: the half-open range [start, stop) without the dropped ones.

    `dropped` is kept as given, even outside the range, so that widening a trim brings back what was dropped there.
    """

    start: int
    stop: int
    dropped: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dropped", frozenset(int(index) for index in self.dropped))
        if not 0 <= self.start < self.stop <= MAX_FRAMES:
            raise ValueError(f"a selection needs 0 <= start < stop <= {MAX_FRAMES}, got {self.start}:{self.stop}")
        if any(not 0 <= index < MAX_FRAMES for index in self.dropped):
            raise ValueError("dropped frames are frame indices, counted from 0")
        if not self.indices():
            raise ValueError("a selection keeps at least one frame")

    @classmethod
    def whole(cls, clip: Clip) -> FrameSelection:
        """Every frame of the clip."""
        return cls(0, clip.n_frames)

    def indices(self) -> tuple[int, ...]:
        """The used source frames, rising."""
        return tuple(index for index in range(self.start, self.stop) if index not in self.dropped)

    def fits(self, clip: Clip) -> bool:
        """Whether every used frame exists in the clip."""
        return self.stop <= clip.n_frames

    def trimmed(self, start: int, stop: int) -> FrameSelection:
        """The same drops in another range."""
        return FrameSelection(start, stop, self.dropped)

    def without(self, indices: Iterable[int]) -> FrameSelection:
        """These frames dropped too."""
        return FrameSelection(self.start, self.stop, self.dropped | frozenset(indices))

    def restored(self, indices: Iterable[int]) -> FrameSelection:
        """These frames used again."""
        return FrameSelection(self.start, self.stop, self.dropped - frozenset(indices))

    def to_json(self) -> dict[str, Any]:
        return {"start": self.start, "stop": self.stop, "dropped": sorted(self.dropped)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FrameSelection:
        """Read what `to_json` wrote; raises `Refusal` for anything else."""
        try:
            dropped = frozenset(int(index) for index in data.get("dropped", ()))
            return cls(int(data["start"]), int(data["stop"]), dropped)
        except (AttributeError, KeyError, TypeError, ValueError) as fault:
            raise Refusal(f"This is not a Splatime frame selection ({fault}); trim the clip again.") from fault


def same_aspect(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two sizes (height, width) have the same shape within 1 %, so that one can be resampled to the other."""
    ratio = (a[1] * b[0]) / (a[0] * b[1])
    return abs(ratio - 1) <= 0.01 or abs(1 / ratio - 1) <= 0.01


def digest_of(paths: Iterable[Path]) -> str:
    """blake2b-256 over the files' contents in order, each with its length: names and dates do not count."""
    total = hashlib.blake2b(digest_size=32)
    for path in paths:
        total.update(path.stat().st_size.to_bytes(8, "little"))
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                total.update(block)
    return total.hexdigest()
