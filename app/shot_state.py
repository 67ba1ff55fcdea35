"""Where the film of the camera path is: its head, the selected key, the path as it is dragged. Not saved, never undone.

The path itself is `Cut.shot`; a drag is shown as a preview and becomes one undo step when the hand lets go. Positions
are frames of the film. While `following`, the view is the film's.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.playing import Playing
from pipeline.project.shot import Shot
from renderer.camera import Camera
from renderer.marks import Array
from renderer.trajectory import CameraTrajectory, View, camera_from_fov_y

LINE_POINTS = 240  # of the drawn path


class ShotState(Playing):
    """`shot_changed`: another path, or a preview of one; `head_changed`: another moment, or another selection."""

    shot_changed = Signal()
    head_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shot = Shot()
        self.selected: int | None = None
        self.visible = False
        self.following = False
        self._trajectory: CameraTrajectory | None = None
        self._line: Array = np.zeros((0, 3))

    @property
    def time_range(self) -> tuple[float, float]:
        return 0.0, float(self.shot.n_frames - 1) if self.shot.keys else 0.0

    @property
    def loop(self) -> tuple[float, float]:
        return 0.0, float(self.shot.n_frames) if self.shot.keys else 0.0

    @property
    def fps(self) -> float:
        return self.shot.fps

    @property
    def seconds(self) -> float:
        """Where the head stands on the timeline of keys, that is at speed 1."""
        start = self.shot.keys[0].seconds if self.shot.keys else 0.0
        return start + self.time / self.shot.fps * self.shot.speed

    @property
    def view(self) -> View | None:
        """What the film shows at its head."""
        return None if self._trajectory is None else self._trajectory.view(self.time / self.shot.fps)

    @property
    def line(self) -> Array:
        """[P, 3] the way of the camera's centre."""
        return self._line

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The keys' cameras."""
        keys = () if self._trajectory is None else self._trajectory.keys
        return tuple(camera_from_fov_y(key.world_from_camera, key.fov_y, self.shot.size) for key in keys)

    @property
    def head(self) -> Camera | None:
        """The film's camera, when the view is not its own."""
        view = None if self.following else self.view
        return None if view is None else view.camera

    def show(self, shot: Shot) -> None:
        """Another path; the head stays as far in as it can."""
        if shot == self.shot:
            return
        self.shot, self._trajectory = shot, shot.trajectory()
        self._line = self._drawn()
        if self.selected is not None and self.selected >= len(shot.keys):
            self.selected = len(shot.keys) - 1 if shot.keys else None
        if not shot.keys:
            self.pause()
        self.time = self._clamped(self.time)
        self.shot_changed.emit()
        self.head_changed.emit()

    def set_time(self, time: float) -> None:
        """Go to a frame of the film, or between two; the view goes along."""
        first, last = self.time_range
        most = last + 1.0 if self.rate else last  # a film that loops also shows what follows its last frame
        time = max(first, min(most, float(time)))
        if time != self.time or not self.following:
            self.time, self.following = time, bool(self.shot.keys)
            self.head_changed.emit()

    def go_to_seconds(self, seconds: float) -> None:
        """Go to a moment of the timeline of keys."""
        start = self.shot.keys[0].seconds if self.shot.keys else 0.0
        self.scrub((seconds - start) / self.shot.speed * self.shot.fps)

    def select(self, index: int | None) -> None:
        """Pick a key, or none, and go to it."""
        self.selected = index
        if index is not None:
            self.go_to_seconds(self.shot.keys[index].seconds)
        self.head_changed.emit()

    def step_key(self, by: int) -> None:
        """To the next or previous key, by where the head is."""
        at = self.seconds
        keys = [(i, key.seconds) for i, key in enumerate(self.shot.keys)]
        ahead = [i for i, seconds in keys if (seconds > at + 1e-3 if by > 0 else seconds < at - 1e-3)]
        if ahead:
            self.select(ahead[0] if by > 0 else ahead[-1])

    def set_visible(self, on: bool) -> None:
        """Whether the path is drawn in the viewport."""
        if on != self.visible:
            self.visible = on
            self.head_changed.emit()

    def let_go(self) -> None:
        """The view has gone its own way."""
        if self.following:
            self.following = False
            self.pause()
            self.head_changed.emit()

    def _drawn(self) -> Array:
        if self._trajectory is None:
            return np.zeros((0, 3))
        moments = np.linspace(0.0, self.shot.seconds, LINE_POINTS if len(self.shot.keys) > 1 else 1)
        return np.stack([self._trajectory.view(float(at)).camera.centre for at in moments])
