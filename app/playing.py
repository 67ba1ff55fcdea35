"""What plays: a position in time that runs, steps and is scrubbed. Scenes and takes play by the same keys."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

FASTEST = 8.0
DEFAULT_FPS = 24.0


class Playing(QObject):
    """A base: `set_time`, `time`, `time_range` and `fps` are what a kind of thing that plays says of itself."""

    playing_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.time = 0.0
        self.rate = 0.0

    @property
    def time_range(self) -> tuple[float, float]:
        """First and last position that can be reached."""
        raise NotImplementedError

    @property
    def fps(self) -> float:
        """Positions a second at rate 1."""
        raise NotImplementedError

    def set_time(self, time: float) -> None:
        """Go to a position, clamped."""
        raise NotImplementedError

    @property
    def loop(self) -> tuple[float, float]:
        """Where playback starts over: from the second back to the first."""
        return self.time_range

    def scrub(self, time: float) -> None:
        """Pause and go to a time."""
        self.pause()
        self.set_time(time)

    def step(self, frames: int) -> None:
        """Pause and go to the next whole frame, or the previous one."""
        self.pause()
        near = math.floor(self.time + 1e-6) if frames > 0 else math.ceil(self.time - 1e-6)
        self.set_time(float(near + frames))

    def play(self, rate: float = 1.0) -> None:
        """Run at `rate` times the video's speed, backwards when negative."""
        first, last = self.time_range
        if last > first:
            self.rate = max(-FASTEST, min(FASTEST, rate))
            self.set_time(self.time)
            self.playing_changed.emit()

    def faster(self, direction: int) -> None:
        """J and L: play that way, twice as fast each time."""
        self.play(2.0 * self.rate if self.rate * direction > 0 else float(direction))

    def pause(self) -> None:
        """Stop where it is."""
        if self.rate:
            self.rate = 0.0
            self.playing_changed.emit()

    def toggle(self) -> None:
        """Space."""
        self.pause() if self.rate else self.play()

    def advance(self, seconds: float) -> None:
        """Let playing time pass; it loops."""
        first, last = self.loop
        if self.rate and last > first:
            self.set_time(first + (self.time - first + seconds * self.fps * self.rate) % (last - first))

    def _clamped(self, time: float) -> float:
        first, last = self.time_range
        return max(first, min(last, float(time)))


def play_deeds(clock: Callable[[], Playing]) -> dict[str, Callable[[], object]]:
    """What the commands of time do to whatever `clock` names at that moment."""
    return {
        "play": lambda: clock().toggle(), "pause": lambda: clock().pause(),
        "backward": lambda: clock().faster(-1), "forward": lambda: clock().faster(1),
        "previous_frame": lambda: clock().step(-1), "next_frame": lambda: clock().step(1),
        "back_ten": lambda: clock().step(-10), "forward_ten": lambda: clock().step(10),
        "first_frame": lambda: clock().scrub(clock().time_range[0]),
        "last_frame": lambda: clock().scrub(clock().time_range[1]),
    }  # fmt: skip
