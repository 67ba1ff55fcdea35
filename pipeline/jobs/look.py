"""Looking at one video: what it is worth as a freeze-time video, and as a reference video; and stabilising it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.poses.check import Check, check, chosen_frames
from pipeline.poses.still import SIDE, Stillness, stabilised, stillness
from pipeline.project import media
from pipeline.project.clip import Clip
from renderer.errors import Refusal


@dataclass(frozen=True, eq=False)
class Look:
    """Both verdicts on a video, which does not say what it is for."""

    clip: Clip
    freeze_time: Check
    reference: Stillness

    def to_json(self) -> dict[str, Any]:
        height, width = self.clip.size
        return {
            "video": self.clip.path,
            "frames": self.clip.n_frames,
            "width": width,
            "height": height,
            "score": self.freeze_time.liftability.score,
            "freeze_time": self.freeze_time.to_json(),
            "reference": self.reference.to_json(),
        }

    def text(self) -> str:
        height, width = self.clip.size
        head, *reasons = self.freeze_time.liftability.lines()
        travel = f", about {self.freeze_time.coverage:.0f} degrees of travel" if self.freeze_time.coverage else ""
        lines = [
            f"{self.clip.path}: {self.clip.n_frames} frames of {width}x{height}",
            f"as a freeze-time video: {head}{travel}",
            *reasons,
        ]
        if self.clip.n_frames > 1:
            lines.append(f"as a reference video: {self.reference.sentence()}")
        return "\n".join(lines)


def look(path: Path, used: Sequence[int] | None = None, poll: Callable[[], None] = lambda: None) -> Look:
    """Judge a video in seconds, by its frames `used` or by all; raises `Refusal` for a file that is none.

    `poll` is called between frames, and may raise.
    """
    clip = media.probe(path)
    frames_used = tuple(range(clip.n_frames)) if used is None else tuple(used)
    indices = tuple(frames_used[place] for place in chosen_frames(len(frames_used)))
    frames = media.read_frames(path, indices, max_size=SIDE)
    reference = stillness(frames, scale=clip.size[1] / frames.shape[2], poll=poll)
    return Look(clip, check(frames, indices, len(frames_used), reference, poll), reference)


def stabilise(path: Path, out: Path, anchor: int | None = None) -> Stillness:
    """Write the video moved onto its anchor frame: .mkv exactly, .mp4 for watching. What was measured is returned.

    Raises `Refusal` when the camera is meant to move, when too little can be followed, and for other endings.
    """
    suffix = out.suffix.lower()
    if suffix not in (".mkv", ".mp4"):
        raise Refusal(f"{out} ends in {suffix or 'nothing'}; name a .mkv, which keeps every pixel, or a .mp4.")
    if out.resolve() == path.resolve():
        raise Refusal(f"{out} is the video itself; name another file.")
    clip = media.probe(path)
    if anchor is not None and anchor >= clip.n_frames:
        raise Refusal(f"{path} has {clip.n_frames} frames, so there is no frame {anchor} to hold it to.")
    frames = media.read_frames(path)
    measured = stillness(frames, anchor)
    if not measured.is_sure or not measured.is_shake:
        raise Refusal(f"{path} cannot be stabilised: {measured.sentence()}")
    moved = stabilised(frames, measured)
    if suffix == ".mkv":
        media.write_lossless(out, moved, clip.fps)
    else:
        media.write_video(out, moved, clip.fps)
    return measured
