"""What moves at 60 Hz: camera, time, mode, playing. Not in the project, never undone.

Panels and the viewport show it and call its methods; it knows no widget. A view either stands at one of
the scene's solved cameras (its `station`) or is free; a newer snapshot of the same lift keeps a free view as
it is and moves a standing one along with its camera.
"""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.playing import DEFAULT_FPS, Playing
from renderer.camera import Camera
from renderer.gl.moment import Mode, Moment
from renderer.gl.navigation import Array, OrbitCamera
from renderer.look import Paint
from renderer.snapshot import Snapshot

REFERENCE = "reference"
FREE = "free"
SOURCES = ("off", "blend", "wipe", "difference")
QUARTER = math.pi / 2
AXES = {"front": (0.0, 0.0), "right": (-QUARTER, 0.0), "top": (0.0, QUARTER)}
Station = str | int


class ViewState(Playing):
    """How the scene is looked at now."""

    camera_changed = Signal()
    moment_changed = Signal()
    marks_changed = Signal()
    scene_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.snapshot: Snapshot | None = None
        self.orbit: OrbitCamera | None = None
        self._home: OrbitCamera | None = None
        self.station: Station = REFERENCE
        self.mode = Mode.TEMPORAL
        self.paint = Paint.COLOUR
        self.freeze_frame = 0
        self.flying = False
        self.marks = frozenset({"cameras"})
        self.source, self.wipe, self.opacity = "off", 0.5, 0.5

    @property
    def camera(self) -> Camera | None:
        """The camera on its own pixel grid; the viewport fits it to its size."""
        return None if self.orbit is None else self.orbit.camera

    @property
    def moment(self) -> Moment:
        """Mode and position, as the renderer takes them."""
        return Moment(self.mode, float(self.freeze_frame) if self.mode is Mode.PER_FRAME else self.time)

    @property
    def time_range(self) -> tuple[float, float]:
        """First and last reference frame of the scene."""
        return (0.0, 0.0) if self.snapshot is None else self.snapshot.time_range

    @property
    def freeze_frames(self) -> tuple[int, ...]:
        """Source indices of the freeze-time frames with a solved camera."""
        return () if self.snapshot is None else tuple(sorted(self.snapshot.freeze_cameras))

    @property
    def fps(self) -> float:
        """Frames a second of the reference video."""
        value = 0.0 if self.snapshot is None else self.snapshot.info.get("fps", 0.0)
        return float(value) if isinstance(value, int | float) and 0 < value <= 1000 else DEFAULT_FPS

    def show(self, snapshot: Snapshot | None, keep_view: bool = False) -> None:
        """Look at another scene from its reference camera, or at a newer snapshot of the same one as before."""
        keep = keep_view and self.orbit is not None and snapshot is not None
        self.snapshot = snapshot
        self._home = None if snapshot is None else OrbitCamera.home(snapshot)
        if snapshot is None:
            self.orbit, self.station = None, REFERENCE
            self.pause()
        elif not keep:
            self.orbit, self.station = self._home, REFERENCE
            self.mode, self.time = Mode.TEMPORAL, snapshot.time_range[0]
            canonical = snapshot.info.get("canonical_freeze_frame")
            frames = self.freeze_frames
            self.freeze_frame = canonical if canonical in frames else (frames[0] if frames else 0)
        elif self.station != FREE:
            self.go_to(self.station)
        self.time = self._clamped(self.time)
        self.scene_changed.emit()
        self.camera_changed.emit()
        self.moment_changed.emit()

    def stand_at(self, camera: Camera) -> None:
        """Look from any camera, freely from there on."""
        if self.orbit is not None:
            self._free(self.orbit.jumped(camera))

    def go_to(self, station: Station) -> None:
        """Stand at the reference camera or at a freeze-time frame's; an unknown one is the reference camera."""
        if self.snapshot is None or self._home is None or station == FREE:
            return
        camera = self.snapshot.freeze_cameras.get(station) if isinstance(station, int) else None
        if camera is None or not isinstance(station, int):
            self.orbit, self.station = self._home, REFERENCE
        else:
            self.orbit, self.station = self._home.jumped(camera), station
            if self.freeze_frame != station:
                self.freeze_frame = station
                self.moment_changed.emit()
        self.camera_changed.emit()

    def step_station(self, by: int) -> None:
        """To the next or previous freeze-time camera; the canonical end of the row from elsewhere."""
        frames = self.freeze_frames
        if frames:
            at = frames.index(self.freeze_frame) if self.freeze_frame in frames else 0
            at = at if self.station == REFERENCE else at + by
            self.go_to(frames[max(0, min(len(frames) - 1, at))])

    def reset(self) -> None:
        """Exactly the reference camera again."""
        self.go_to(REFERENCE)

    def turn(self, yaw: float, pitch: float) -> None:
        """Orbit by radians."""
        if self.orbit is not None:
            self._free(self.orbit.orbited(yaw, pitch))

    def pan(self, dx: float, dy: float) -> None:
        """Slide by pixels of the camera's own grid."""
        if self.orbit is not None:
            self._free(self.orbit.panned(dx, dy))

    def dolly(self, factor: float) -> None:
        """Multiply the distance to the pivot."""
        if self.orbit is not None:
            self._free(self.orbit.dollied(factor))

    def look(self, yaw: float, pitch: float) -> None:
        """Turn where the camera stands, radians."""
        if self.orbit is not None:
            self._free(self.orbit.looked(yaw, pitch))

    def fly(self, right: float, up: float, ahead: float) -> None:
        """Move along the camera's axes, by shares of the home distance."""
        if self.orbit is not None:
            self._free(self.orbit.flown(right, up, ahead))

    def set_flying(self, on: bool) -> None:
        """Whether a left drag looks around (fly) or turns about the pivot (orbit)."""
        if on != self.flying:
            self.flying = on
            self.marks_changed.emit()

    @property
    def flat(self) -> bool:
        """Whether the view is all but without perspective."""
        return self.orbit is not None and self.orbit.lens != 1.0

    def set_flat(self, on: bool) -> None:
        """Look without perspective, or with it again."""
        if self.orbit is not None and on != self.flat:
            self._free(self.orbit.flattened(on))

    def from_axis(self, name: str) -> None:
        """Look at the present pivot along an axis of `AXES`, from the home distance."""
        if self.orbit is not None and self._home is not None:
            moved = self._home.orbited(*AXES[name])
            shift = self.orbit.pivot - moved.pivot
            pose = moved.camera.world_from_camera.copy()
            pose[:3, 3] += shift
            seen = replace(moved, camera=moved.camera.posed(pose), pivot=self.orbit.pivot)
            self._free(seen.flattened(self.flat))

    def put(self, camera: Camera) -> None:
        """Stand freely at any camera."""
        if self.orbit is not None:
            self._free(self.orbit.jumped(camera))

    def set_mark(self, name: str, on: bool) -> None:
        """Show or hide grid, cameras, trails."""
        marks = self.marks | {name} if on else self.marks - {name}
        if marks != self.marks:
            self.marks = marks
            self.marks_changed.emit()

    def set_source(self, how: str, share: float | None = None) -> None:
        """Lay the source frame over the picture: one of `SOURCES`; `share` is the opacity or where the wipe stands."""
        if share is not None:
            share = max(0.0, min(1.0, share))
            self.wipe, self.opacity = (share, self.opacity) if how == "wipe" else (self.wipe, share)
        self.source = how
        self.marks_changed.emit()

    def next_source(self) -> None:
        """The next way of laying the source over, round and round."""
        self.set_source(SOURCES[(SOURCES.index(self.source) + 1) % len(SOURCES)])

    def focus(self, point: Array) -> None:
        """Look at a point and turn about it from now on."""
        if self.orbit is not None:
            self._free(self.orbit.focused(point))

    def frame_scene(self) -> None:
        """Look at the scene's middle from the home distance, along the present direction."""
        if self.orbit is not None and self._home is not None:
            self._free(self.orbit.framed(self._home.pivot))

    def set_time(self, time: float) -> None:
        """Go to a reference time; touching time means to watch it, so the mode becomes temporal."""
        time = self._clamped(time)
        if (time, self.mode) != (self.time, Mode.TEMPORAL):
            self.time, self.mode = time, Mode.TEMPORAL
            self.moment_changed.emit()

    def set_mode(self, mode: Mode) -> None:
        """Canonical, per frame or temporal; the first two stand still, so they pause."""
        if mode is not Mode.TEMPORAL:
            self.pause()
        if mode is not self.mode:
            self.mode = mode
            self.moment_changed.emit()

    def set_paint(self, paint: Paint) -> None:
        """Colours, centres, depth or deformation."""
        if paint is not self.paint:
            self.paint = paint
            self.moment_changed.emit()

    def _free(self, orbit: OrbitCamera) -> None:
        self.orbit, self.station = orbit, FREE
        self.camera_changed.emit()
