"""The render and export dialog: what can be rendered from here, asked of the person; the jobs go to the queue.

Camera paths of a render are kept in the project as files named by their content, so that a job in the queue means
the same tomorrow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.document import Document
from app.panels.export_dialog import ExportDialog, Film, Scope
from app.view_state import FREE, ViewState
from pipeline.jobs.spec import STUDY, RenderJob
from pipeline.project.atomic import atomic_file
from renderer.errors import Refusal
from renderer.formats.camera_path import dump_camera_path


class Exporting(QObject):
    """`wanted(job)` is to be queued, `copied(str)` to be put on the clipboard, `refused(str)` a sentence."""

    wanted = Signal(object)
    copied = Signal(str)
    refused = Signal(str)

    def __init__(
        self, document: Document, view: ViewState, run: Callable[[], Path | None], window: QWidget, parent: QObject
    ) -> None:
        """`run` answers with the folder of the run that is shown."""
        super().__init__(parent)
        self._document, self._view, self._run, self._window = document, view, run, window

    @property
    def possible(self) -> bool:
        """Whether there is a scene to render, in a project that may be written."""
        document = self._document
        return document.folder is not None and not document.read_only and self._view.snapshot is not None

    def with_path(self, job: RenderJob, camera_path: str) -> RenderJob:
        """The render along a path, the JSON text of a camera or a film."""
        return replace(job, camera=str(self._camera_file(camera_path)))

    def ask(self, earlier: RenderJob | None = None) -> None:
        """Ask what to render or export; `earlier` fills the fields."""
        try:
            scope = self._scope()
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        if scope is None:
            return
        if earlier is not None and earlier.camera not in [name for name, _ in scope.cameras]:
            scope = replace(scope, cameras=((earlier.camera, "As it was filmed"), *scope.cameras))
        dialog = ExportDialog(scope, self._window)
        if earlier is not None:
            dialog.show_job(earlier)
        dialog.wanted.connect(self.wanted)
        dialog.copied.connect(self.copied)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _scope(self) -> Scope | None:
        folder, scene, camera, run = self._document.folder, self._view.snapshot, self._view.camera, self._run()
        if folder is None or scene is None or camera is None or run is None:
            return None
        cameras = [("reference", "Reference camera")]
        if self._view.station == FREE:
            place = self._camera_file(json.dumps(camera.to_json()))
            cameras.insert(0, (str(place), "The present view"))
        cameras.append((STUDY, "Study: four stops, there and back"))
        cameras += [(f"freeze:{k}", f"Freeze-time camera {k}") for k in self._view.freeze_frames]
        if isinstance(self._view.station, int):
            here = f"freeze:{self._view.station}"
            cameras.sort(key=lambda entry: entry[0] != here)
        film = self._film()
        if film is not None:
            cameras.insert(0, (film.camera, "The camera path"))
        size, view = scene.reference_camera.size, self._view
        return Scope(folder, run.name, scene.time_range, view.time, tuple(cameras), size, view.fps, film)

    def _film(self) -> Film | None:
        """The camera path of the cut, kept as a file; None where none is laid."""
        shot = self._document.project.cut.shot
        trajectory = shot.trajectory()
        if trajectory is None or len(shot.keys) < 2:
            return None
        return Film(str(self._camera_file(dump_camera_path(trajectory))), shot.size, shot.fps, shot.n_frames)

    def _camera_file(self, text: str) -> Path:
        folder = self._document.folder
        assert folder is not None
        place = folder / "cameras" / f"view_{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.json"
        with atomic_file(place) as file:
            file.write(text.encode())
        return place
