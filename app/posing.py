"""Posing: the cameras of the chosen freeze-time take, solved as a job of the queue, and their report, frame by frame.

Holds no truth: which cameras are meant follows from the cut, and their report lies in the project.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from app.document import Document
from app.job_queue import JobQueue
from app.panels.camera_map import Stand, placed
from app.panels.poses_panel import PosesPanel
from app.pose_report import PoseReport, read_report
from app.verb_process import VerbProcess
from app.view_state import ViewState
from app.workspaces import RIGHT, Panel
from pipeline.jobs.spec import CamerasJob
from pipeline.messages import CamerasPlaced, Message
from pipeline.project import edits
from pipeline.project.project import SolveSettings
from pipeline.project.project_file import load
from renderer.errors import Refusal

UNSOLVED = "The cameras of these frames are not reported yet. Solving takes a minute or so; a lift finds them then."


class Posing(QObject):
    """`refused(str)`: why something was not done. `said(str)`: what is going on."""

    refused = Signal(str)
    said = Signal(str)

    def __init__(
        self, document: Document, jobs: JobQueue, view: ViewState, actions: dict[str, QAction], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._view, self._actions = document, jobs, view, actions
        self.panel = PosesPanel(actions)
        self._read: tuple[Path, int] | None = None
        self._report: PoseReport | None = None
        self.panel.frame_picked.connect(self._look)
        self.panel.solve_wanted.connect(self._choose)
        self.panel.masks_wanted.connect(self._ask_masks)
        self.panel.selection_changed.connect(self._offer_drop)
        for signal in (view.camera_changed, view.scene_changed):
            signal.connect(self._mark)
        for signal in (jobs.changed, jobs.ended):
            signal.connect(self.refresh)
        self._importing = VerbProcess(self)
        self._importing.answered.connect(self._imported)
        self._importing.failed.connect(self._not_imported)
        jobs.message.connect(self._hear)
        jobs.ended.connect(lambda *_: self._show_live(()))

    def panels(self) -> tuple[Panel, ...]:
        """The docks of this workspace."""
        return (Panel("poses_panel", "Cameras", self.panel, RIGHT, ("poses",), size=392),)

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of this file do."""
        return {
            "solve_cameras": self.solve, "drop_lost": self.drop, "import_cameras": self._ask_import,
            "solve_instead": self._solve_instead,
        }  # fmt: skip

    def close(self) -> None:
        """For the end of the program."""
        self._importing.end()

    def refresh(self) -> None:
        """Bring panel and commands in line with cut, queue and what lies in the project."""
        job, reason = self._job()
        self._show_report(job)
        entry = next((entry for entry in self._jobs.queue.entries if not entry.over and entry.job == job), None)
        words, possible = reason, job is not None and not reason and entry is None and self._report is None
        if entry is not None:
            running = self._jobs.current is not None and self._jobs.current.id == entry.id
            words = f"{self._jobs.progress}…" if running else "Waits in the queue."
        elif possible:
            words = UNSOLVED
        self._actions["solve_cameras"].setEnabled(possible)
        cut, held = self._document.project.cut, self._document.read_only or self._document.folder is None
        self.panel.show_solve(cut.solve, self._settled(), imported=cut.poses is not None)
        self._actions["solve_instead"].setEnabled(cut.poses is not None and not held)
        self._actions["import_cameras"].setEnabled(bool(job is not None and not reason and not self._importing.running))
        self.panel.show_status(words, solvable=self._report is None)
        self._offer_drop()

    def solve(self) -> None:
        """Put the solve into the queue."""
        job, reason = self._job()
        if job is not None and not reason:
            self._jobs.add(job)

    def drop(self) -> None:
        """Drop the selected frames of the freeze-time take: the lift goes without them."""
        take, frames = self._document.project.cut.freeze_time, self.panel.selected()
        if take is not None and frames:
            try:
                self._document.do("Drop frames", lambda project: edits.drop_frames(project, take, frames))
            except Refusal as refusal:
                self.refused.emit(str(refusal))

    def bring(self, place: Path, what: str = "cameras") -> None:
        """Use the cameras of another program that lie in a folder, or "masks", for the chosen take."""
        folder = self._document.folder
        if folder is not None and not self._importing.running:
            self._document.saver.finish()  # the child reads choices and trims from the file
            option = "--masks" if what == "masks" else "--poses"
            self._importing.ask(["import", str(folder), f"{option}={place}"])
            self.said.emit(f"Reading {what} from {place.name}…")
            self.refresh()

    def _ask_import(self) -> None:
        name = QFileDialog.getExistingDirectory(self.panel, "A folder with cameras of another program")
        if name:
            self.bring(Path(name))

    def _ask_masks(self) -> None:
        name = QFileDialog.getExistingDirectory(self.panel, "A folder with masks over the freeze-time frames")
        if name:
            self.bring(Path(name), "masks")
        self.refresh()  # whatever was picked in the box, it shows what is chosen

    def _imported(self, told: dict[str, Any]) -> None:
        """The child chose them in the file; here that becomes one step, beside whatever was edited meanwhile."""
        folder, summary = self._document.folder, told.get("summary") or {}
        if folder is None:
            return
        try:
            theirs = load(folder).cut
            if "masks" in summary:
                self._document.do("Use masks", lambda project: edits.set_solve(project, theirs.solve))
            else:
                self._document.reload_library()
                self._document.do("Use cameras of another program", lambda project: edits.with_chosen(project, theirs))
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        self.said.emit(str(summary.get("masks") or summary.get("poses") or ""))
        self.refresh()

    def _not_imported(self, sentence: str) -> None:
        self.said.emit("")
        self.refused.emit(sentence)
        self.refresh()

    def _solve_instead(self) -> None:
        self._document.do("Solve the cameras", lambda project: edits.use_poses(project, None))

    def _settled(self) -> str:
        """Why another way of solving can't be chosen; empty when it can."""
        if self._document.folder is None:
            return "Open a project first, or bring two videos in."
        if self._document.project.cut.poses is not None:
            return "These cameras come from another program; nothing is solved."
        return self._document.read_only

    def _choose(self, settings: SolveSettings) -> None:
        self._document.do("Change how cameras are solved", lambda project: edits.set_solve(project, settings))

    def _job(self) -> tuple[CamerasJob | None, str]:
        """The solve that the cut asks for, and why it can't be begun; the second is empty when it can."""
        folder = self._document.folder
        if folder is None:
            return None, "Open a project first, or bring two videos in."
        try:
            job = CamerasJob.from_project(self._document.project, folder)
        except Refusal as refusal:
            return None, str(refusal)
        return job, self._document.read_only

    def _show_report(self, job: CamerasJob | None) -> None:
        path = None if job is None else job.report_path
        try:
            now = None if path is None else (path, path.stat().st_mtime_ns)
        except OSError:
            now = None
        if now != self._read:
            self._read = now
            self._report = None if now is None else read_report(now[0])
        self.panel.show_report(self._report, self._view.snapshot is not None)
        self._mark()

    def _hear(self, message: Message) -> None:
        """Show cameras while they are placed, of whichever job."""
        if isinstance(message, CamerasPlaced) and self._report is None:
            self._show_live(placed(message.frames, message.poses))

    def _show_live(self, stands: tuple[Stand, ...]) -> None:
        if self._report is None:
            self.panel.show_live(stands)

    def _mark(self) -> None:
        station = self._view.station
        if self._view.snapshot is not None:
            self.panel.show_frame(station if isinstance(station, int) else None)

    def _look(self, frame: int) -> None:
        if frame in self._view.freeze_frames:
            self._view.go_to(frame)

    def _offer_drop(self) -> None:
        possible = bool(self.panel.selected()) and self._report is not None and not self._document.read_only
        self._actions["drop_lost"].setEnabled(possible)
