"""The lift that the window shows: its own one, or one that a terminal runs in the same project; one status for both.

Its own lifts go through the queue, like every other job.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.job_queue import JobQueue
from app.lift_status import PAUSED, SILENT, STARTING, LiftStatus
from app.run_watcher import RunWatcher
from pipeline.jobs.queue import Entry
from pipeline.jobs.spec import LiftJob, VideosJob
from pipeline.messages import Failed, Message, Produced
from pipeline.project.project import Project
from pipeline.project.project_file import is_project


class LiftSession(QObject):
    """Follows a project folder and at most one job in it.

    Signals: `status_changed`; `picture_ready(Path)` of a snapshot file; `project_made(Path)` once a job that was
    started here has written its project; `produced(Produced)` from a job that runs here; `ended(str)` when a lift
    is over, with the sentence of one that failed.
    """

    status_changed = Signal()
    picture_ready = Signal(object)
    project_made = Signal(object)
    produced = Signal(object)
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.queue = JobQueue(self)
        self._watcher = RunWatcher(self)
        self._own: LiftStatus | None = None
        self._announced = False
        self._watcher.picture_ready.connect(self.picture_ready)
        self._watcher.status_changed.connect(self.status_changed)
        self._watcher.run_ended.connect(self._other_ended)
        self.queue.started.connect(self._started)
        self.queue.message.connect(self._hear)
        self.queue.ended.connect(self._own_ended)
        self.queue.runner.silent.connect(self._silent)

    @property
    def status(self) -> LiftStatus:
        """What the newest lift of the project is doing."""
        return self._watcher.status if self._own is None else self._own

    @property
    def run(self) -> Path | None:
        """The folder of the newest run in the project."""
        return self._watcher.run

    @property
    def job(self) -> LiftJob | VideosJob | None:
        """The lift that runs under this window, and so can be paused and stopped by it."""
        job = None if self.queue.current is None else self.queue.current.job
        return job if isinstance(job, LiftJob | VideosJob) else None

    @property
    def running_here(self) -> bool:
        """Whether this window runs a lift."""
        return self.job is not None

    def watch(self, folder: Path | None) -> None:
        """Follow another project; the one that is followed already stays as it is, a job in it included."""
        if folder is not None and folder == self.folder:
            return
        self.folder = folder
        if not self.running_here:
            self._own = None
        self.queue.watch(folder)
        self._watcher.watch(folder)
        self.status_changed.emit()

    def start(self, job: LiftJob | VideosJob) -> None:
        """Put a lift into its project's queue and follow that project."""
        folder = Path(job.folder)
        if folder != self.folder:
            self.watch(folder)
        self.queue.add(job)
        self.status_changed.emit()

    def resume(self, project: Project, folder: Path) -> None:
        """Go on with the lift that the project's cut asks for; raises `Refusal` where that is not possible."""
        self.start(LiftJob.from_project(project, folder, resume=True))

    def stop(self) -> None:
        """Ask the lift that runs here to write a checkpoint and end."""
        if self.running_here:
            self.queue.stop()
            self._mark("stopping")

    def pause(self) -> None:
        """Let the lift that runs here wait, or go on when it waits."""
        if self.running_here and self._own is not None:
            paused = self._own.state == PAUSED
            self.queue.runner.say("resume" if paused else "pause")
            self._mark("resuming" if paused else "pausing")

    def snapshot(self) -> None:
        """Ask the lift that runs here for a picture now, which is kept."""
        if self.running_here:
            self.queue.runner.say("snapshot")

    def shut_down(self) -> None:
        """For the end of the program."""
        self._watcher.watch(None)
        self.queue.shut_down()

    def _mark(self, what: str) -> None:
        if self._own is not None:
            self._own = self._own.busy(what)
        self.status_changed.emit()

    def _started(self, _entry: Entry) -> None:
        if self.running_here:
            self._own, self._announced = LiftStatus(STARTING), False
        self.status_changed.emit()

    def _silent(self, silent: bool) -> None:
        if self._own is not None and self.running_here:
            self._own = replace(self._own, text=SILENT if silent else "")
        self.status_changed.emit()

    def _hear(self, message: Message) -> None:
        if self._own is not None and self.running_here:
            self._own = self._own.after(message)
        if isinstance(message, Produced):
            self.produced.emit(message)
        if not self._announced and self.folder is not None and is_project(self.folder):
            self._announced = True
            self.queue.note_project()
            self.project_made.emit(self.folder)
        self.status_changed.emit()

    def _own_ended(self, entry: Entry, last: Message) -> None:
        self._watcher.look()
        self.status_changed.emit()
        if isinstance(entry.job, LiftJob | VideosJob):
            self.ended.emit(last.sentence if isinstance(last, Failed) and not last.cancelled else "")

    def _other_ended(self) -> None:
        if self._own is None:
            self.ended.emit("")
