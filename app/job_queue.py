"""Runs the jobs of a project one after the other, each in a worker process of its own.

It holds the queue's value and its file, and at most one running job; it does not know what jobs do. A queue that was
read from disk is held until a person starts it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.job_runner import JobRunner
from pipeline.jobs import queue as q
from pipeline.jobs.queue import Entry, Queue
from pipeline.jobs.spec import Job
from pipeline.messages import Failed, Message, Progress, StageStarted
from renderer.errors import Refusal

WORKER = ("-P", "-m", "pipeline.jobs.worker", "-")
_log = logging.getLogger(__name__)


class JobQueue(QObject):
    """`changed`: entries or what the running one does; `started(Entry)`; `message(Message)` of the running job;
    `ended(Entry, Message)`; `said(str)`: something a person should read.
    """

    changed = Signal()
    started = Signal(object)
    message = Signal(object)
    ended = Signal(object, object)
    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.queue = Queue()
        self.current: Entry | None = None
        self.held = False
        self.progress = ""
        self.fraction = 0.0
        self.runner = JobRunner(self)
        self._home: Path | None = None
        self._closing = False
        self._stage: StageStarted | None = None
        self.runner.message.connect(self._hear)
        self.runner.ended.connect(self._ended)

    @property
    def running(self) -> bool:
        """Whether a job's process lives, of this project or of one that was open before."""
        return self.current is not None

    def watch(self, folder: Path | None) -> None:
        """Show the jobs of another project; one that runs goes on and is noted in its own."""
        if folder == self.folder:
            return
        self.folder, self.held = folder, False
        if folder is not None and folder == self._home:
            self.queue = self._read(folder, running=self.current)
        else:
            self.queue = Queue() if folder is None else self._read(folder)
        self.held = bool(self.queue.waiting)
        self.changed.emit()

    def add(self, job: Job) -> Entry:
        """Put a job at the end; it starts at once when nothing runs and nothing is held."""
        self.queue, entry = q.added(self.queue, job)
        self._keep()
        self._go_on()
        return entry

    def start(self) -> None:
        """Let the queue run."""
        self.held = False
        self._go_on()
        self.changed.emit()

    def hold(self) -> None:
        """Start nothing more after the running job."""
        self.held = True
        self.changed.emit()

    def move(self, entry_id: str, by: int) -> None:
        """Earlier or later among the waiting ones."""
        self._set(q.moved(self.queue, entry_id, by))

    def remove(self, entry_id: str) -> None:
        """Forget a job that waits or is over."""
        self._set(q.without(self.queue, entry_id))

    def retry(self, entry_id: str) -> None:
        """Do a job again that is over; a lift goes on from its checkpoint."""
        self._set(q.retried(self.queue, entry_id))
        self._go_on()

    def clear_history(self) -> None:
        """Forget every job that is over."""
        self._set(q.without(self.queue, *(entry.id for entry in self.queue.entries if entry.over)))

    def stop(self) -> None:
        """Ask the running job to keep what it has and end; nothing else starts after it."""
        if self.running:
            self.held = bool(self.queue.waiting)
            self.skip()

    def skip(self) -> None:
        """Ask the running job to keep what it has and end; the next one starts after it."""
        if self.running:
            self.runner.stop()
            self.changed.emit()

    def shut_down(self) -> None:
        """For the end of the program: stop and wait."""
        self._closing = True
        self.runner.shut_down()

    def note_project(self) -> None:
        """The project of the running job has come to be: keep its queue there."""
        self._keep()

    def _set(self, queue: Queue) -> None:
        if queue != self.queue:
            self.queue = queue
            self._keep()

    def _keep(self) -> None:
        if self.folder is not None:
            self._write(self.folder, self.queue)
        self.changed.emit()

    def _write(self, folder: Path, queue: Queue) -> None:
        try:
            q.save(folder, queue)
        except Refusal as refusal:
            self.said.emit(str(refusal))

    def _read(self, folder: Path, running: Entry | None = None) -> Queue:
        try:
            found = q.load(folder)
        except Refusal as refusal:
            self.said.emit(str(refusal))
            found = Queue()
        if running is not None:  # what runs here was not cut off
            over = tuple(entry for entry in found.entries if entry.over and entry.id != running.id)
            return Queue((*over, running, *found.waiting))
        return found

    def _go_on(self) -> None:
        if self.running or self.held or self._closing or not self.queue.waiting:
            return
        self.queue = q.started(self.queue, self.queue.waiting[0].id)
        self.current, self._home = self.queue.running, self.folder
        assert self.current is not None
        self.progress, self.fraction, self._stage = "Starting", 0.0, None
        self._keep()
        self.runner.start(WORKER, self.current.spec)
        self.started.emit(self.current)

    def _hear(self, message: Message) -> None:
        if isinstance(message, StageStarted):
            self._stage = message
            self.progress, self.fraction = message.name.capitalize(), message.index / max(1, message.count)
        elif isinstance(message, Progress) and message.steps:
            self.fraction = message.step / message.steps
            if self._stage is not None:
                self.fraction = (self._stage.index + self.fraction) / max(1, self._stage.count)
            self.progress = f"{message.stage.capitalize()} {message.step:,} / {message.steps:,}"
        self.message.emit(message)
        self.changed.emit()

    def _ended(self, last: Message) -> None:
        entry, home = self.current, self._home
        assert entry is not None
        self.current, self._home = None, None
        state, sentence = q.DONE, ""
        if isinstance(last, Failed):
            state, sentence = (q.STOPPED if last.cancelled else q.FAILED), last.sentence
            if not last.cancelled and self.runner.log:
                _log.warning("%s\n%s", q.title(entry.job), self.runner.log)
        if home == self.folder:
            self._set(q.ended(self.queue, entry.id, state, sentence))
        elif home is not None:
            found = self._read(home, running=entry)
            self._write(home, q.ended(found, entry.id, state, sentence))
        self.ended.emit(entry, last)
        self._go_on()
        self.changed.emit()
