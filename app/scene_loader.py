"""Reads snapshot files on a thread of its own, the newest request only, so that the window never waits for a disk."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from renderer.errors import Refusal
from renderer.gl.navigation import scene_pivot
from renderer.look import Ranges, deformation_by_frame
from renderer.marks import Marks
from renderer.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Scene:
    """A snapshot, its file, which the tile renderer's process reads for itself, what its ramps span, its marks.

    `bent`: how far each freeze-time frame is bent, mean |dx| over the distance to the scene, by source frame.
    """

    snapshot: Snapshot
    path: Path
    ranges: Ranges = field(default_factory=Ranges)
    marks: Marks = field(default_factory=Marks)
    bent: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Scene:
        """Read a file and look at it once; for a thread. Raises `Refusal` as `Snapshot.load` does."""
        snapshot = Snapshot.load(path)
        marks = Marks.of(snapshot, scene_pivot(snapshot))
        bent = {frame: dx / marks.reach for frame, dx in deformation_by_frame(snapshot).items()}
        return cls(snapshot, path, Ranges.of(snapshot), marks, bent)


class SceneLoader(QObject):
    """Answers `load` with `loaded(Scene)` or `failed(Path, sentence)` on the window's thread."""

    loaded = Signal(object)
    failed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._wanted: Path | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="scene-loader", daemon=True)
        self._thread.start()

    def load(self, path: Path) -> None:
        """Ask for a file; one asked for before and not begun is skipped."""
        with self._wake:
            self._wanted = path
            self._wake.notify()

    def forget(self) -> None:
        """Drop a request that has not been begun."""
        with self._wake:
            self._wanted = None

    def close(self) -> None:
        """End the thread; nothing is announced afterwards."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._wanted is not None)
                path, self._wanted = self._wanted, None
                if self._closed or path is None:
                    return
            try:
                scene = Scene.read(path)
            except Refusal as refusal:
                self._say(self.failed, path, str(refusal))
            else:
                self._say(self.loaded, scene)

    def _say(self, signal: object, *values: object) -> None:
        with self._wake:
            if not self._closed:
                signal.emit(*values)  # type: ignore[attr-defined]
