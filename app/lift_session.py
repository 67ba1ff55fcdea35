"""The lift that the window shows: its own one, or one that a terminal runs in the same project; one status for both."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.job_runner import JobRunner
from app.lift_status import LiftStatus
from app.run_watcher import RunWatcher
from pipeline.jobs.spec import SPEC, LiftJob, job_to_json
from pipeline.messages import Failed, Message, Produced
from pipeline.project.atomic import atomic_file
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
        self.runner = JobRunner(self)
        self._watcher = RunWatcher(self)
        self._own: LiftStatus | None = None
        self._announced = False
        self._watcher.picture_ready.connect(self.picture_ready)
        self._watcher.status_changed.connect(self.status_changed)
        self._watcher.run_ended.connect(self._other_ended)
        self.runner.message.connect(self._hear)
        self.runner.ended.connect(self._own_ended)

    @property
    def status(self) -> LiftStatus:
        """What the newest lift of the project is doing."""
        return self._watcher.status if self._own is None else self._own

    @property
    def running_here(self) -> bool:
        """Whether this window runs it, and so can stop it."""
        return self.runner.running

    def watch(self, folder: Path | None) -> None:
        """Follow another project; the one that is followed already stays as it is, a job in it included."""
        if folder is not None and folder == self.folder:
            return
        self.folder = folder
        if not self.runner.running:
            self._own = None
        self._watcher.watch(folder)
        self.status_changed.emit()

    def start(self, arguments: list[str], folder: Path) -> None:
        """Run a lift into `folder` and follow it; raises `Refusal` while another one runs here."""
        self.runner.start(arguments)
        self._own, self._announced = LiftStatus("running"), False
        self.folder = None
        self.watch(folder)

    def resume(self, project: Project, folder: Path) -> None:
        """Go on with the lift that the project's cut asks for; raises `Refusal` where that is not possible."""
        job = LiftJob.from_project(project, folder, resume=True)
        spec = job.run_dir / SPEC
        with atomic_file(spec) as file:
            file.write(job_to_json(job).encode())
        self.start(["-P", "-m", "pipeline.jobs.worker", str(spec)], folder)

    def stop(self) -> None:
        """Ask the job that runs here to write a checkpoint and end."""
        if self.runner.running:
            self.runner.stop()
            if self._own is not None:
                self._own = self._own.stopping()
            self.status_changed.emit()

    def shut_down(self) -> None:
        """For the end of the program."""
        self._watcher.watch(None)
        self.runner.shut_down()

    def _hear(self, message: Message) -> None:
        if self._own is not None:
            self._own = self._own.after(message)
        if isinstance(message, Produced):
            self.produced.emit(message)
        if not self._announced and self.folder is not None and is_project(self.folder):
            self._announced = True
            self.project_made.emit(self.folder)
        self.status_changed.emit()

    def _own_ended(self, last: Message) -> None:
        self._watcher.look()
        self.status_changed.emit()
        self.ended.emit(last.sentence if isinstance(last, Failed) and not last.cancelled else "")

    def _other_ended(self) -> None:
        if self._own is None:
            self.ended.emit("")
