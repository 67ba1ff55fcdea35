"""The Shot workspace: connects the camera path of the cut, its panel and the viewport; holds no truth itself.

Every gesture is one undo step. While the film is followed the view is the film's; a hand on the view lets go of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from app import path_files
from app.document import Document
from app.panels.shot_panel import ShotPanel
from app.player import Player
from app.shot_state import ShotState
from app.theme import icon
from app.view_state import ViewState
from app.viewport import Viewport
from app.workspaces import BOTTOM, Panel
from pipeline.project import edits
from pipeline.project.shot import Shot, ShotKey
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.gl.moment import Mode
from renderer.shots import Stand, preset

STEP = 2.0  # seconds to a key that is added after the last one
CLOSING = 2.0  # seconds back to the first key, when a film is made to loop
NERFSTUDIO, OURS = "nerfstudio camera path (*.json)", "Splatime camera path, loses nothing (*.json)"
COLMAP = "COLMAP text model, a folder (*)"
KEY_ACTIONS = ("update_key", "remove_key")
PATH_ACTIONS = ("previous_key", "next_key", "shot_loop", "export_path")
SCENE_ACTIONS = ("add_key", "import_path")


class Shooting(QObject):
    """`refused(str)`: why something was not done."""

    refused = Signal(str)

    def __init__(
        self, document: Document, view: ViewState, viewport: Viewport, actions: dict[str, QAction], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document, self._view, self._viewport, self._actions = document, view, viewport, actions
        self.state = ShotState(self)
        self._player = Player(self.state, self)
        self.panel = ShotPanel(self.state, actions)
        self._moving_view = False
        viewport.overlay.path = self.state
        for name in ("add_key", "remove_key"):  # Return presses a focused button elsewhere
            viewport.addAction(actions[name])
            self.panel.timeline.addAction(actions[name])
        self._connect()
        self._show_document()

    def panels(self) -> list[Panel]:
        """The docks of this workspace."""
        return [Panel("shot", "Camera path", self.panel, BOTTOM, ("shot",), size=235)]

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of a camera path do."""
        return {
            "add_key": self.add_key, "update_key": self.update_key, "remove_key": self.remove_key,
            "previous_key": lambda: self.state.step_key(-1), "next_key": lambda: self.state.step_key(1),
            "import_path": self.import_path, "export_path": self.export_path,
        }  # fmt: skip

    def refresh(self) -> None:
        """What can be done now."""
        scene, keys = self._view.snapshot is not None, bool(self.state.shot.keys)
        for names, possible in (
            (SCENE_ACTIONS, scene), (PATH_ACTIONS, keys), (KEY_ACTIONS, scene and self.state.selected is not None),
        ):  # fmt: skip
            for name in names:
                self._actions[name].setEnabled(possible)
        self.panel.presets.setEnabled(scene)

    # -- keys ----------------------------------------------------------------------------------------------------

    def add_key(self) -> None:
        """A key of the present view at the head; after the last key when the head stands there."""
        camera, shot, state = self._view.camera, self.state.shot, self.state
        if camera is None:
            return
        if not shot.keys:
            self._do("Add a camera key", replace(shot, size=_film_size(camera)).with_key(self._key(0.0, camera)), 0)
            return
        at, last = state.seconds, shot.keys[-1].seconds
        if at >= last - 0.5 / shot.fps and not state.following:
            at = last + STEP
        made = shot.with_key(self._key(at, camera))
        index = min(range(len(made.keys)), key=lambda i: abs(made.keys[i].seconds - at))
        self._do("Add a camera key", made, index)

    def update_key(self) -> None:
        """The present view for the selected key."""
        index, camera = self.state.selected, self._view.camera
        if index is not None and camera is not None:
            old = self.state.shot.keys[index]
            made = ShotKey.at(old.seconds, camera, old.time, old.easing)
            self._do("Set the camera key", self.state.shot.changed(index, pose=made.pose, fov_y=made.fov_y), index)

    def remove_key(self) -> None:
        """Without the selected key."""
        if self.state.selected is not None:
            self._do("Remove a camera key", self.state.shot.without(self.state.selected), None)

    def lay(self, name: str) -> None:
        """A ready-made path from the present view."""
        orbit, snapshot = self._view.orbit, self._view.snapshot
        if orbit is None or snapshot is None:
            return
        keys, closes = preset(name, Stand.of(orbit, snapshot, self._view.fps))
        gap = keys[1].seconds - keys[0].seconds if closes else 0.0
        made = tuple(ShotKey.of(key, self._view.time) for key in keys)
        shot = replace(self.state.shot, keys=made, closes=gap, size=_film_size(orbit.camera))
        self._do(f"Lay the preset {name}", shot, None)
        self.state.scrub(0.0)

    def set_loop(self, on: bool) -> None:
        """Whether the camera goes back to its first key."""
        words = "Close the path" if on else "Open the path"
        self._do(words, replace(self.state.shot, closes=CLOSING if on else 0.0), self.state.selected)

    # -- files ---------------------------------------------------------------------------------------------------

    def export_path(self, path: Path | None = None, kind: str = NERFSTUDIO) -> None:
        """Write the path to a file, or as COLMAP to a folder; asks where when it is not told."""
        trajectory = self.state.shot.trajectory()
        if path is None:
            name, kind = QFileDialog.getSaveFileName(
                self.panel, "Export the camera path", "camera_path.json", ";;".join((NERFSTUDIO, OURS, COLMAP))
            )
            path = Path(name) if name else None
        if path is None or trajectory is None:
            return
        try:
            if kind == COLMAP:
                path_files.write_colmap(path.with_suffix(""), trajectory)
            else:
                path_files.write_path(path, trajectory, self._view.time_range, ours=kind == OURS)
        except Refusal as refusal:
            self.refused.emit(str(refusal))

    def import_path(self, path: Path | None = None) -> None:
        """Take the keys of a file; the images.txt of a COLMAP model stands for its folder."""
        if path is None:
            kinds = "Camera paths (*.json images.txt);;All files (*)"
            name, _ = QFileDialog.getOpenFileName(self.panel, "Import a camera path", "", kinds)
            path = Path(name) if name else None
        if path is None:
            return
        try:
            place = path.parent if path.name in ("images.txt", "cameras.txt") else path
            shot = path_files.read_path(place, self._view.time_range, self._shared_time())
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        self._do("Import a camera path", shot, None)
        self.state.scrub(0.0)

    # -- what moves ----------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        state, panel, viewport = self.state, self.panel, self._viewport
        self._document.changed.connect(self._show_document)
        state.head_changed.connect(self._follow)
        state.shot_changed.connect(self._follow)
        state.playing_changed.connect(lambda: self._actions["play"].setIcon(icon("pause" if state.rate else "play")))
        self._view.camera_changed.connect(self._view_moved)
        self._view.moment_changed.connect(self._view_moved)
        self._view.scene_changed.connect(lambda: panel.show_times(self._view.time_range))
        panel.preset_chosen.connect(self.lay)
        panel.key_changed.connect(self._change_key)
        panel.film_changed.connect(self._change_film)
        panel.timeline.scrubbed.connect(state.go_to_seconds)
        panel.timeline.picked.connect(state.select)
        panel.timeline.dragged.connect(self._drag_on_timeline)
        viewport.key_taken.connect(state.select)
        viewport.key_dragged.connect(self._drag_in_view)

    def _show_document(self) -> None:
        self.state.show(self._document.project.cut.shot)

    def _follow(self) -> None:
        """Let the view be the film's, and draw the path anew."""
        view = self.state.view
        if self.state.following and view is not None and self._view.snapshot is not None:
            self._moving_view = True
            self._view.put(view.camera)
            if view.time is not None:
                self._view.set_time(view.time)
            self._moving_view = False
        self._viewport.overlay.update()
        self.refresh()

    def _view_moved(self) -> None:
        if not self._moving_view:
            self.state.let_go()

    def _drag_on_timeline(self, index: int, seconds: float, done: bool) -> None:
        moved = self._document.project.cut.shot.moved(index, seconds)
        self._preview_or_do("Move a camera key in time", moved, index, done)

    def _drag_in_view(self, index: int, place: QPointF, done: bool) -> None:
        """Slide a key in the plane that faces the view, under the pointer."""
        camera, shot = self._viewport.overlay.camera(), self._document.project.cut.shot
        if camera is None or index >= len(shot.keys):
            return
        pose = np.array(shot.keys[index].pose).reshape(4, 4)
        local = camera.camera_from_world @ np.append(pose[:3, 3], 1.0)
        ray = np.linalg.solve(camera.K, np.array([place.x(), place.y(), 1.0])) * local[2]
        pose[:3, 3] = camera.world_from_camera[:3, :3] @ ray + camera.centre
        moved = shot.changed(index, pose=tuple(pose.ravel().tolist()))
        self._preview_or_do("Move a camera key", moved, index, done)

    def _preview_or_do(self, words: str, shot: Shot, index: int, done: bool) -> None:
        self.state.selected = index
        if done:
            self._do(words, shot, index)
        else:
            self.state.show(shot)

    def _change_key(self, field: str, value: Any) -> None:
        index = self.state.selected
        if index is not None:
            shot = self.state.shot.changed(index, **{field: value})
            self._do("Change a camera key", shot, index, f"{field} of key {index}")

    def _change_film(self, field: str, value: Any) -> None:
        self._do("Change the film", replace(self.state.shot, **{field: value}), self.state.selected, f"{field} of film")

    def _do(self, words: str, shot: Shot, select: int | None, gesture: str = "") -> None:
        """One undo step, or one with others of its `gesture`; the key `select` is picked afterwards."""
        try:
            self._document.do(words, lambda project: edits.set_shot(project, shot), gesture)
        except (Refusal, OSError) as fault:
            self.refused.emit(str(fault))
            self._show_document()
            return
        self.state.show(shot)
        self.state.selected = select
        if select is not None and not self.state.rate:
            self.state.go_to_seconds(shot.keys[select].seconds)
        self.state.head_changed.emit()

    def _key(self, seconds: float, camera: Camera) -> ShotKey:
        time = self._view.time if self._view.mode is Mode.TEMPORAL else self._shared_time()
        return ShotKey.at(seconds, camera, time)

    def _shared_time(self) -> float:
        snapshot = self._view.snapshot
        shared = None if snapshot is None else snapshot.info.get("canonical_reference_frame")
        return float(shared) if isinstance(shared, int | float) else self._view.time


def _film_size(camera: Camera) -> tuple[int, int]:
    """540 rows in the shape of the camera's picture, with even sides for the encoders."""
    height, width = camera.size
    return 540, 2 * max(8, round(270 * width / height))
