"""Pictures of a lift that are kept to look back at: one at the end of every row, and those that a person asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from pipeline.jobs.run_dir import second_name
from pipeline.jobs.spec import SNAPSHOT, SNAPSHOTS
from pipeline.messages import Message, Progress, SnapshotReady, StageStarted


class Album:
    """Listens to a lift and asks it, through its control, for the pictures that are worth keeping."""

    def __init__(self, run_dir: Path, control: Callable[[], str | None]) -> None:
        self._run_dir, self._control = run_dir, control
        self._row, self._keep = 0, False
        self._wanted = False

    def control(self) -> str | None:
        """The next word for the lift: what it was told, or `snapshot` at the end of a row."""
        word = self._control()
        if word == "snapshot" or (word is None and self._wanted):
            self._keep, word = True, "snapshot"
        self._wanted = False
        return word

    def hear(self, message: Message) -> None:
        """Note where the lift is, and keep the picture that was asked for."""
        if isinstance(message, StageStarted):
            self._row = message.index
        elif isinstance(message, Progress):
            self._wanted = message.step >= message.steps > 0
        elif isinstance(message, SnapshotReady) and self._keep:
            self._keep = False
            name = f"{self._row:02d}_{message.step:06d}.safetensors"
            with contextlib.suppress(OSError):  # looking back is a comfort; a full disk shows where it matters
                second_name(self._run_dir / SNAPSHOT, self._run_dir / SNAPSHOTS / name)
