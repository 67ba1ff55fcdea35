"""Making: the lift panel, the queue and exports, connected to document, session and view. It asks, others decide.

Holds no truth but what is looked back at: which run's pictures and curves are shown.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QWidget

from app.dialogs import ask
from app.document import Document
from app.exporting import Exporting
from app.job_queue import JobQueue
from app.lift_session import LiftSession
from app.lift_status import BUSY, READY, LiftStatus
from app.panels.jobs_panel import JobsPanel
from app.panels.lift_panel import LiftPanel
from app.panels.run_list import RunRow, run_words, runs_of
from app.panels.snapshot_bar import kept_in
from app.run_track import Track, read_track
from app.view_state import ViewState
from app.workspaces import BOTTOM, RIGHT, Panel
from pipeline.cli.words import command_line
from pipeline.jobs.forking import forked
from pipeline.jobs.plan import stages_of
from pipeline.jobs.run_names import job_in
from pipeline.jobs.spec import MESSAGES, SNAPSHOT, LiftJob
from pipeline.messages import Message, Produced
from pipeline.project import edits
from pipeline.project.project import LiftSettings
from renderer.errors import Refusal

WHY_LOCKED = "The lift that runs keeps its settings; stop it first, or fork a run with others"


class Making(QObject):
    """`look(Path)`: a snapshot file to show. `refused(str)`, `said(str)`: sentences. `changed`: what can be done."""

    look = Signal(object)
    refused = Signal(str)
    said = Signal(str)
    changed = Signal()
    shown = Signal()

    def __init__(
        self, document: Document, session: LiftSession, view: ViewState, actions: dict[str, QAction], window: QWidget
    ) -> None:
        super().__init__(window)
        self._document, self._session, self._view = document, session, view
        self._actions, self._window = actions, window
        self._fork_tip = actions["fork_run"].toolTip()
        self.jobs: JobQueue = session.queue
        self.lift, self.queue = LiftPanel(actions), JobsPanel(self.jobs, actions)
        self.shown_run: Path | None = None
        self._track, self._track_of = Track(), Path()
        self._discard: Path | None = None
        self._rows: tuple[RunRow, ...] = ()
        self.exports = Exporting(document, view, lambda: self.shown_run, window, self)
        self._connect()

    def panels(self) -> tuple[Panel, ...]:
        """The docks of lifting."""
        return (
            Panel("lift_panel", "Lift", self.lift, RIGHT, ("lift",), size=340),
            Panel("jobs", "Jobs", self.queue, BOTTOM, ("lift", "curate"), size=168, tabbed_with="filmstrip"),
        )

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of making do."""
        return {
            "start_lift": self._start, "pause_lift": self._session.pause, "keep_snapshot": self._session.snapshot,
            "cancel_lift": self._cancel, "swap_runs": self._swap, "fork_run": self._fork,
            "export": self.exports.ask, "resume": self.resume, "run_queue": self._run_queue,
            "job_up": lambda: self._on_job(lambda job: self.jobs.move(job, -1)),
            "job_down": lambda: self._on_job(lambda job: self.jobs.move(job, 1)),
            "retry_job": lambda: self._on_job(self.jobs.retry),
            "remove_job": lambda: self._on_job(self.jobs.remove),
            "copy_job": self._copy, "clear_jobs": self.jobs.clear_history,
        }  # fmt: skip

    def scene_shown(self, path: Path) -> None:
        """A snapshot file is in the view now."""
        self.shown_run = run_of(path)
        self.refresh()
        self.shown.emit()

    def reason(self) -> str:
        """Why a lift can't be started, in one sentence; empty when it can."""
        folder, project = self._document.folder, self._document.project
        if folder is None:
            return "Open a project first, or bring two videos in."
        if self._document.read_only:
            return self._document.read_only
        held = self._document.read_only or ("A lift runs already." if self._session.running_here else "")
        if held:
            return held
        try:
            job = LiftJob.from_project(project, folder)
        except Refusal as refusal:
            return str(refusal)
        if any(entry.state == "waiting" and entry.job == job for entry in self.jobs.queue.entries):
            return "This lift waits in the queue already."
        if any(run.id == job.digest for run in project.runs):
            return "This is lifted already; change a setting or the frames to lift anew."
        if self._session.status.state not in (READY, "completed", "error"):
            return "Another program lifts in this project now; wait for it."
        return ""

    def refresh(self) -> None:
        """Bring panels and commands in line."""
        status, here = self._session.status, self._session.running_here
        project, folder = self._document.project, self._document.folder
        reason = self.reason()
        act, chosen = self._actions, self.queue.chosen()
        act["start_lift"].setEnabled(not reason)
        for name in ("pause_lift", "keep_snapshot", "cancel_lift"):
            act[name].setEnabled(here and status.state != BUSY)
        act["export"].setEnabled(self.exports.possible)
        act["run_queue"].setEnabled(bool(self.jobs.queue.waiting))
        act["run_queue"].setText("&Start the queue" if self.jobs.held else "&Hold the queue")
        waiting, over = chosen is not None and chosen.state == "waiting", chosen is not None and chosen.over
        for name, on in (("job_up", waiting), ("job_down", waiting), ("retry_job", over),
                         ("remove_job", waiting or over), ("copy_job", chosen is not None)):  # fmt: skip
            act[name].setEnabled(on)
        act["clear_jobs"].setEnabled(any(entry.over for entry in self.jobs.queue.entries))
        picked = self.lift.runs.chosen()
        act["swap_runs"].setEnabled(len(picked) == 2)
        act["fork_run"].setEnabled(len(picked) == 1 and picked[0].settings is not None)
        lost = len(picked) == 1 and picked[0].settings is None
        act["fork_run"].setToolTip("What this run was lifted with can't be read" if lost else self._fork_tip)
        self.lift.show_settings(project.cut.lift, WHY_LOCKED if here else "")
        self.lift.show_state(status, reason, here)
        self._show_progress(status)
        self._rows = runs_of(project, folder)
        self.lift.runs.show_runs(self._rows, self.shown_run)

    def _show_progress(self, status: LiftStatus) -> None:
        run = self._run_looked_at()
        if run is not None and run != self._track_of:
            self._track, self._track_of = read_track(run / MESSAGES), run
        going = not status.over and len(self._track.stages) > 0
        settings = self._session.job.settings if self._session.job else self._settings_of(run)
        plan = stages_of(settings)
        if going and status.count != len(plan):
            plan = self._track.stages
        track = self._track if run is not None else Track()
        self.lift.show_progress(plan, status, kept_in(run), track)

    def _run_looked_at(self) -> Path | None:
        """The run that grows, else the one in the view."""
        return self._session.run if not self._session.status.over else self.shown_run

    def _settings_of(self, run: Path | None) -> LiftSettings:
        row = next((row for row in self._rows if row.folder == run), None)
        return self._document.project.cut.lift if row is None or row.settings is None else row.settings

    def _keep(self, made: Produced) -> None:
        if made.kind in ("run", "render"):
            self.reload()

    def _hear(self, message: Message) -> None:
        if self._session.running_here and self._track_of == self._session.run:
            self._track = self._track.after(message)

    # -- what the person does ----------------------------------------------------------------------------------

    def _start(self) -> None:
        folder = self._document.folder
        if folder is not None and not self.reason():
            self._session.start(LiftJob.from_project(self._document.project, folder, resume=True))

    def _cancel(self) -> None:
        box = ask(
            self._window, "Cancel the lift", "Stop this lift and throw away what it has made so far?",
            "Throw it away", "Keep lifting",
        )  # fmt: skip
        box.setObjectName("cancelLift")
        box.accepted.connect(self._throw_away)

    def _throw_away(self) -> None:
        self._discard = self._session.run
        self._session.stop()

    def _ended(self) -> None:
        run, self._discard = self._discard, None
        if run is not None and run.name not in {known.id for known in self._document.project.runs}:
            shutil.rmtree(run, ignore_errors=True)
        self._track_of = Path()
        self.changed.emit()

    def _choose_settings(self, settings: LiftSettings) -> None:
        try:
            self._document.do("Change the lift's settings", lambda project: edits.set_lift(project, settings))
        except Refusal as refusal:
            self.refused.emit(str(refusal))

    def _swap(self) -> None:
        """Show the other one of the two chosen runs."""
        pair = [row.folder for row in self.lift.runs.chosen()]
        if len(pair) == 2:
            self.look.emit(pair[1 if self.shown_run == pair[0] else 0] / SNAPSHOT)

    def _fork(self) -> None:
        """Take over what a run was lifted from and its settings, in one step, to change something and start."""
        (row,) = self.lift.runs.chosen()
        settings, job = row.settings, job_in(row.folder)
        if settings is None:
            return
        text = f"Forked from {run_words(settings)}: change a setting and start; its cameras serve again."
        try:
            if job is None:
                text = f"Settings of {run_words(settings)} taken over; its folder no longer tells its frames."
                self._document.do("Fork a run", lambda project: edits.set_lift(project, settings))
            else:
                lifted = job
                self._document.do("Fork a run", lambda project: forked(project, lifted))
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        self.lift.more.setChecked(True)
        self.lift.preset.setFocus()
        self.said.emit(text)

    def _run_queue(self) -> None:
        self.jobs.start() if self.jobs.held else self.jobs.hold()

    def _on_job(self, deed: Callable[[str], object]) -> None:
        chosen = self.queue.chosen()
        if chosen is not None:
            deed(chosen.id)

    def _copy(self) -> None:
        chosen = self.queue.chosen()
        if chosen is not None:
            self.copy_text(command_line(chosen.job))

    def copy_text(self, text: str) -> None:
        """Put a command line on the clipboard."""
        QGuiApplication.clipboard().setText(text)
        self.said.emit(f"Copied: {text}")

    # -- what the window is told -------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on with the lift that the cut asks for."""
        folder = self._document.folder
        if folder is not None:
            try:
                self._session.resume(self._document.project, folder)
            except Refusal as refusal:
                self.refused.emit(str(refusal))
            self.changed.emit()

    @property
    def resumable(self) -> bool:
        """Whether the open project knows all that a lift needs and has not come to its end."""
        cut, snapshot = self._document.project.cut, self._view.snapshot
        needs = cut.reference, cut.freeze_time, cut.canonical_reference_frame, cut.canonical_freeze_frame
        finished = snapshot is not None and snapshot.info.get("stage") == "finished"
        idle = self._session.status.over and not self._session.running_here
        return self._document.folder is not None and None not in needs and idle and not finished

    def reload(self) -> None:
        """Read the library again: a worker has noted in it what it made."""
        try:
            self._document.reload_library()
        except Refusal as refusal:
            self.said.emit(str(refusal))

    def _connect(self) -> None:
        self.lift.settings_changed.connect(self._choose_settings)
        self.lift.snapshots.picked.connect(self.look)
        self.lift.snapshots.newest.connect(self._look_at_newest)
        self.lift.runs.picked.connect(lambda run: self.look.emit(run / SNAPSHOT))
        self.lift.runs.selection_changed.connect(self.refresh)
        self.queue.tree.currentItemChanged.connect(lambda *_: self.refresh())
        self.jobs.changed.connect(self.refresh)
        self.jobs.message.connect(self._hear)
        self.jobs.said.connect(self.refused)
        self.exports.wanted.connect(self.jobs.add)
        self.exports.wanted.connect(lambda job: self.said.emit(f"Queued: {Path(job.out).name}"))
        self.exports.copied.connect(self.copy_text)
        self.exports.refused.connect(self.refused)
        self._session.produced.connect(self._keep)
        self._session.ended.connect(lambda _sentence: self._ended())

    def _look_at_newest(self) -> None:
        run = self._run_looked_at()
        if run is not None:
            self.look.emit(run / SNAPSHOT)


def run_of(snapshot: Path) -> Path:
    """The run's folder that a snapshot file belongs to, the newest or a kept one."""
    return snapshot.parent if snapshot.name == SNAPSHOT else snapshot.parent.parent
