"""How far the camera of a take goes around, for the dial: measured in a child process, kept while the window lives.

A new solution of its cameras is measured anew, because it is exact where flow is a guess.
"""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.frames_client import FramesClient
from pipeline.project.provenance import Coverage, coverage_in, coverage_of
from pipeline.project.take import Take

Key = tuple[str, int, int]


class Coverages(QObject):
    """`of` answers with what is known and has the rest found out; after `ready` it pays to ask again."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = FramesClient(self, lingers=False)
        self._known: dict[Key, Coverage | None] = {}

    def of(self, take: Take, canonical: int, poses: Path) -> Coverage | None:
        """Coverage around source frame `canonical`; until it is measured, what the take's provider was told."""
        key = take.clip.digest, canonical, _newest(poses)
        if key not in self._known:
            noted = coverage_in(take.provenance)
            self._known[key] = noted if noted is not None and noted.canonical == canonical else None
            asked = {"op": "coverage", "video": take.clip.path, "canonical": canonical, "poses": str(poses)}
            self._client.ask(asked, partial(self._take, key), patient=True)
        return self._known[key]

    def close(self) -> None:
        """For the end of the program."""
        self._client.close()

    def _take(self, key: Key, answer: dict[str, Any]) -> None:
        found = coverage_of(answer.get("coverage"))
        if found is not None:
            self._known[key] = found
            self.ready.emit()


def _newest(poses: Path) -> int:
    """A number that changes when cameras are solved."""
    with contextlib.suppress(OSError):
        return poses.stat().st_mtime_ns
    return 0
