"""What a run has said so far, as curves and stages: a frozen value, fed by messages or read from its log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.messages import Message, Progress, StageStarted, parse
from renderer.errors import Refusal

MAX_LOG_BYTES = 32 << 20
MAX_POINTS = 4000
"""Beyond it every second point is left out: a plot is some hundred pixels wide."""


@dataclass(frozen=True)
class Point:
    """Loss and PSNR in dB after `step` steps of the whole lift; None where not known."""

    step: int
    loss: float | None
    psnr: float | None


@dataclass(frozen=True)
class Track:
    """Stages in the order they came, and points along all their steps."""

    stages: tuple[StageStarted, ...] = ()
    points: tuple[Point, ...] = ()

    def after(self, message: Message) -> Track:
        """The track once `message` is known; a lift that goes on says its stages again."""
        if isinstance(message, StageStarted):
            kept = tuple(stage for stage in self.stages if stage.index < message.index)
            return replace(self, stages=(*kept, message))
        if isinstance(message, Progress) and self.stages and message.loss is not None:
            at = self._before() + message.step
            known = self.points
            if known and known[-1].step >= at:
                known = tuple(point for point in known if point.step < at)
            thinned = known[::2] if len(known) >= MAX_POINTS else known
            return replace(self, points=(*thinned, Point(at, message.loss, message.psnr)))
        return self

    def _before(self) -> int:
        return sum(stage.steps for stage in self.stages[:-1])


def read_track(log: Path) -> Track:
    """The track in a run's messages.jsonl; lines that are no messages are passed over."""
    track = Track()
    try:
        if log.stat().st_size > MAX_LOG_BYTES:
            return track
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return track
    for line in lines:
        try:
            track = track.after(parse(line))
        except Refusal:
            continue
    return track
