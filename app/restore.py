"""A picture or film of ours that comes back: what it says of itself is read off-thread, checked, put in place.

Its note is only data from a file: the run must be one that a known project has, the job must decode, the camera must
parse. Nothing in it names a place on disk.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.dialogs import ask
from app.document import Document
from app.making import Making
from app.view_state import ViewState
from pipeline.jobs.spec import RUNS, SNAPSHOT, RenderJob
from pipeline.project.codec import decode
from pipeline.project.project import RUN_NAME
from pipeline.project.project_file import is_project
from renderer.errors import Refusal
from renderer.formats.camera_path import parse_camera_path


@dataclass(frozen=True)
class Made:
    """How a file was made: the render, its run, its first and last time, and its camera path as JSON, if it had one."""

    path: Path
    run: str
    job: RenderJob
    times: tuple[float, ...]
    camera_path: str | None


def made_from(note: dict[str, Any] | None, path: Path) -> Made | None:
    """What a note says, every part checked; None for a note that is not a render's."""
    if note is None or note.get("kind") != "render" or not isinstance(note.get("job"), dict):
        return None
    try:
        job = decode(RenderJob, {**note["job"], "folder": "", "out": path.name}, "note")
    except Refusal:
        return None
    times, camera_path = note.get("times"), note.get("camera_path")
    if job.run is None or not RUN_NAME.fullmatch(job.run) or not isinstance(times, list):
        return None
    if not all(isinstance(time, int | float) and math.isfinite(time) for time in times):
        return None
    text = camera_path if isinstance(camera_path, str) else None
    return Made(path, job.run, job, tuple(float(time) for time in times), text)


def home_of(made: Made, known: list[Path]) -> Path | None:
    """The project that has the run: the one that the file lies in, else one of those known."""
    for folder in (*made.path.resolve().parents, *known):
        if is_project(folder) and (folder / RUNS / made.run / SNAPSHOT).is_file():
            return folder
    return None


class Restorer(QObject):
    """`look` at a dropped file; `other(object)` hands back what was given with it where the file says nothing."""

    other = Signal(object)
    refused = Signal(str)
    _read = Signal(object, object)

    def __init__(
        self,
        parts: tuple[Document, Making, ViewState],
        open_project: Callable[[Path], bool],
        recent: Callable[[], tuple[str, ...]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document, self._making, self._view = parts
        self._open, self._recent, self._window = open_project, recent, parent
        self._read.connect(self._decide)
        self._making.shown.connect(self._apply)
        self._wanted: Made | None = None

    def look(self, path: Path, drop: object) -> None:
        """Read a file's note off-thread; `drop` is what to do with it as a plain file."""

        def read() -> None:
            from pipeline.project.media_notes import read_note

            self._read.emit(made_from(read_note(path), path), drop)

        threading.Thread(target=read, daemon=True, name="note").start()

    def _decide(self, made: Made | None, drop: object) -> None:
        if made is None:
            self.other.emit(drop)
            return
        text = f"{made.path.name} was rendered by Splatime. Restore the scene, view and settings that it was made with?"
        box = ask(self._window, "A render of ours", text, "Restore", "Bring it in as a take")
        box.setObjectName("restore")
        box.accepted.connect(lambda: self.restore(made))
        box.rejected.connect(lambda: self.other.emit(drop))

    def restore(self, made: Made) -> None:
        """Open its project, show its run from where it was seen, and fill the render dialog."""
        here = [] if self._document.folder is None else [self._document.folder]
        home = home_of(made, [*here, *(Path(name) for name in self._recent())])
        if home is None:
            self.refused.emit(f"No known project has the run that {made.path.name} shows; open its project first.")
            return
        if home.resolve() != self._document.folder and not self._open(home):
            return
        self._wanted = made
        self._making.look.emit(home.resolve() / RUNS / made.run / SNAPSHOT)

    def _apply(self) -> None:
        made, view = self._wanted, self._view
        if made is None or view.snapshot is None or self._making.shown_run is None:
            return
        if self._making.shown_run.name != made.run:
            return
        self._wanted = None
        kind, _, number = made.job.camera.partition(":")
        if kind == "freeze" and number.isdecimal():
            view.go_to(int(number))
        elif made.job.camera == "reference":
            view.reset()
        job = made.job
        if made.camera_path is not None:
            try:
                path = parse_camera_path(json.loads(made.camera_path), view.time_range)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
                path = None
            if path is not None:
                view.stand_at(path.views()[0].camera)
                job = self._making.exports.with_path(job, made.camera_path)
        if made.times:
            view.scrub(made.times[0])
        self._making.exports.ask(job)
