"""How takes are looked at: which one, beside which other, where in time. Not in the project, never undone."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from PySide6.QtCore import QObject, Signal

from app.playing import Playing
from pipeline.project.clip import FrameSelection
from pipeline.project.project import Project
from pipeline.project.take import Take


class Compare(Enum):
    """How two takes are shown."""

    OFF = "off"
    SIDE_BY_SIDE = "side by side"
    WIPE = "wipe"
    DIFFERENCE = "difference"


class ReviewState(Playing):
    """One take under review, another one to compare it with. Time counts source frames of the first.

    `take_changed`: another take, or another value of it. `moment_changed`: time, compare mode or wipe.
    `frames_changed`: other frames of the take are selected; edits of frames act on them, or on the one that is shown.
    """

    take_changed = Signal()
    frames_changed = Signal()
    moment_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.take: Take | None = None
        self.other: Take | None = None
        self.compare = Compare.OFF
        self.wipe = 0.5
        self.frames: frozenset[int] = frozenset()
        self._selection: FrameSelection | None = None

    @property
    def index(self) -> int:
        """The source frame that is shown."""
        return int(self.time + 1e-6)

    @property
    def meant(self) -> frozenset[int]:
        """The frames that an edit acts on."""
        return self.frames or frozenset({self.index})

    @property
    def other_index(self) -> int:
        """The other take's frame at the same time; a shorter one stands at its end."""
        return 0 if self.other is None else min(self.index, self.other.clip.n_frames - 1)

    @property
    def time_range(self) -> tuple[float, float]:
        return (0.0, 0.0) if self.take is None else (0.0, float(self.take.clip.n_frames - 1))

    @property
    def loop(self) -> tuple[float, float]:
        """The trim, as long as it is looked at from inside."""
        if self.take is None:
            return 0.0, 0.0
        chosen = self._selection or FrameSelection.whole(self.take.clip)
        inside = chosen.start <= self.index < chosen.stop
        return (float(chosen.start), float(chosen.stop)) if inside else (0.0, float(self.take.clip.n_frames))

    @property
    def fps(self) -> float:
        return 24.0 if self.take is None else self.take.clip.fps

    def set_time(self, time: float) -> None:
        """Go to a source frame; between frames while playing."""
        _first, last = self.time_range
        time = max(0.0, min(last + (0.999 if self.rate else 0.0), float(time)))
        if time != self.time:
            before, self.time = self.index, time
            if self.index != before:
                self.moment_changed.emit()

    def step(self, frames: int) -> None:
        """Pause and go so many frames on: from a frame that is shown, whatever part of it has passed."""
        self.pause()
        self.select(())
        self.set_time(float(self.index + frames))

    def select(self, frames: Iterable[int]) -> None:
        """Mean these frames of the take."""
        some = frozenset(index for index in frames if 0 <= index <= self.time_range[1])
        if some != self.frames:
            self.frames = some
            self.frames_changed.emit()

    def follow(self, project: Project) -> None:
        """Keep to the takes that are looked at in a newer project; those that are gone are let go."""
        known = {take.id: take for take in project.takes}
        take = known.get(self.take.id) if self.take is not None else None
        if take is None and known:
            take = known.get(project.cut.reference or "", next(iter(known.values())))
        self.other = known.get(self.other.id) if self.other is not None else None
        first = self.take is None
        self._selection = None if take is None else project.cut.opinion(take.id).frames
        self._show(take)
        if first and self._selection is not None:
            self.set_time(float(self._selection.indices()[0]))

    def show(self, take: Take | None) -> None:
        """Review another take from where the present one stands, as far as it reaches."""
        self._selection = None
        self._show(take)

    def _show(self, take: Take | None) -> None:
        if take is None or self.take is None or take.id != self.take.id:
            self.pause()
            self.frames = frozenset()
        if take is not None and self.other is not None and self.other.id == take.id:
            self.other = self.take if self.take is not None and self.take.id != take.id else None
        self.take = take
        if self.other is None:
            self.compare = Compare.OFF
        self.set_time(self.time)
        self.take_changed.emit()

    def compare_with(self, other: Take | None, how: Compare = Compare.SIDE_BY_SIDE) -> None:
        """Show another take beside the one under review; None ends it."""
        if other is not None and self.take is not None and other.id == self.take.id:
            return
        self.other, self.compare = other, Compare.OFF if other is None else how
        self.take_changed.emit()

    def next_compare(self) -> None:
        """The next way of comparing, round and round, while there are two takes."""
        if self.other is not None:
            ways = [Compare.SIDE_BY_SIDE, Compare.WIPE, Compare.DIFFERENCE]
            at = ways.index(self.compare) if self.compare in ways else -1
            self.set_compare(ways[(at + 1) % len(ways)])

    def set_compare(self, how: Compare) -> None:
        """Show two takes another way, or only the one under review."""
        if how is not self.compare and (self.other is not None or how is Compare.OFF):
            self.compare = how
            self.moment_changed.emit()

    def swap(self) -> None:
        """Review the other take and compare it with this one."""
        if self.take is not None and self.other is not None:
            self.take, self.other = self.other, self.take
            self.set_time(self.time)
            self.take_changed.emit()

    def set_wipe(self, share: float) -> None:
        """Where the wipe stands, 0 left to 1 right."""
        share = max(0.0, min(1.0, share))
        if share != self.wipe:
            self.wipe = share
            self.moment_changed.emit()
