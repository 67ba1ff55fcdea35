"""The jobs of a project that wait, run or are over: a frozen value, pure functions on it, and its file.

It lies in the project as jobs.json. After a restart nothing starts by itself: what ran is marked as cut off, and what
waited waits for a person. A file from elsewhere is hostile: every job in it is checked, and one that names another
folder is made to mean this one.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.jobs.spec import (
    ABLATIONS_FOLDER,
    AblationJob,
    CamerasJob,
    ExportJob,
    GenerateJob,
    Job,
    LiftJob,
    PosesJob,
    VideosJob,
    job_from_json,
    job_to_json,
)
from pipeline.project.atomic import atomic_file
from pipeline.project.codec import decode, encode
from pipeline.project.project_file import is_project
from renderer.errors import Refusal

FILE = "jobs.json"
MAX_BYTES = 16 << 20
HISTORY = 100
WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"
CUT_OFF = "Splatime was closed while this ran. What was finished is kept: retry goes on from there."


@dataclass(frozen=True)
class Entry:
    """One job in the queue: `spec` is the job as JSON, `sentence` how it ended, `seconds` how long it took."""

    id: str
    spec: str
    state: str = WAITING
    sentence: str = ""
    added: float = 0.0
    started: float = 0.0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.state not in (WAITING, RUNNING, DONE, FAILED, STOPPED):
            raise ValueError(f"a job is not {self.state!r}")

    @property
    def job(self) -> Job:
        """The job itself; raises `Refusal` for a spec that is none."""
        return job_from_json(self.spec)

    @property
    def over(self) -> bool:
        """Whether it belongs to the history."""
        return self.state in (DONE, FAILED, STOPPED)


@dataclass(frozen=True)
class Queue:
    """Entries in order: those that are over as they ended, then the running one, then the waiting ones."""

    entries: tuple[Entry, ...] = ()

    @property
    def running(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.state == RUNNING), None)

    @property
    def waiting(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.state == WAITING)

    def entry(self, entry_id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == entry_id), None)


def added(queue: Queue, job: Job) -> tuple[Queue, Entry]:
    """With a job at the end."""
    entry = Entry(secrets.token_hex(6), job_to_json(job), added=time.time())
    return Queue((*queue.entries, entry)), entry


def started(queue: Queue, entry_id: str) -> Queue:
    """With a waiting entry running; it moves before those that wait."""
    entry = queue.entry(entry_id)
    if entry is None or entry.state != WAITING or queue.running is not None:
        return queue
    now = replace(entry, state=RUNNING, started=time.time())
    over = tuple(other for other in queue.entries if other.over)
    return Queue((*over, now, *(other for other in queue.waiting if other.id != entry_id)))


def ended(queue: Queue, entry_id: str, state: str, sentence: str) -> Queue:
    """With the running entry over; the oldest of a long history are forgotten."""
    entry = queue.entry(entry_id)
    if entry is None or entry.state != RUNNING:
        return queue
    seconds = max(0.0, time.time() - entry.started)
    over = [other for other in queue.entries if other.over]
    over.append(replace(entry, state=state, sentence=sentence, seconds=seconds))
    return Queue((*over[-HISTORY:], *queue.waiting))


def moved(queue: Queue, entry_id: str, by: int) -> Queue:
    """With a waiting entry earlier (negative) or later among those that wait."""
    waiting = list(queue.waiting)
    at = next((i for i, entry in enumerate(waiting) if entry.id == entry_id), None)
    if at is None:
        return queue
    entry = waiting.pop(at)
    waiting.insert(max(0, min(len(waiting), at + by)), entry)
    return Queue((*(other for other in queue.entries if other.state != WAITING), *waiting))


def without(queue: Queue, *ids: str) -> Queue:
    """Without these entries; the running one stays."""
    return Queue(tuple(entry for entry in queue.entries if entry.id not in ids or entry.state == RUNNING))


def retried(queue: Queue, entry_id: str) -> Queue:
    """With an entry that is over waiting again, at the end; a lift goes on from its checkpoint."""
    entry = queue.entry(entry_id)
    if entry is None or not entry.over:
        return queue
    job = entry.job
    if isinstance(job, LiftJob | VideosJob):
        job = replace(job, resume=True)
    return added(without(queue, entry_id), job)[0]


def load(folder: Path) -> Queue:
    """The queue of a project as it was left, the job that ran then marked as cut off; empty where there is none.

    Raises `Refusal` for a file that is not a queue.
    """
    path = folder / FILE
    if not path.is_file():
        return Queue()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is too large")
        queue = decode(Queue, json.loads(path.read_text(encoding="utf-8")), FILE)
        entries = tuple(_settled(entry, folder) for entry in queue.entries)
        if len({entry.id for entry in entries}) != len(entries):
            raise ValueError("two jobs have one name")
    except (OSError, ValueError, RecursionError, Refusal) as fault:
        raise Refusal(f"{path} cannot be read ({fault}); the list of jobs begins anew.") from fault
    return Queue(entries)


def _settled(entry: Entry, folder: Path) -> Entry:
    job = entry.job
    job = replace(job, folder=str(_home_of(job, folder.resolve())))
    state, sentence = (STOPPED, CUT_OFF) if entry.state == RUNNING else (entry.state, entry.sentence)
    return replace(entry, spec=job_to_json(job), state=state, sentence=sentence)


def _home_of(job: Job, project: Path) -> Path:
    """Where a job of this project works, wherever its project lay before: in it, an ablation in a folder of its own."""
    if not isinstance(job, AblationJob):
        return project
    name = Path(job.folder).name
    if name in ("", ".."):
        raise ValueError(f"an ablation's folder is not {job.folder!r}")
    return project / ABLATIONS_FOLDER / name


def save(folder: Path, queue: Queue) -> None:
    """Write the queue into its project, atomically; nothing where there is no project yet."""
    if is_project(folder):
        with atomic_file(folder / FILE) as file:
            file.write(json.dumps(encode(queue), indent=1, allow_nan=False).encode())


def title(job: Job) -> str:
    """A job in words: "Lift, draft", "Render film.mp4"."""
    if isinstance(job, LiftJob | VideosJob):
        s = job.settings
        more = [s.preset, *([f"seed {s.seed}"] if s.seed else []), *(f"without {part}" for part in s.without)]
        more += [f"prior {Path(s.prior).name}"] if s.prior != "auto" else []
        more += [f"upsampler {Path(s.upsampler).name}"] if s.upsampler != "none" else []
        return "Lift, " + ", ".join(more)
    if isinstance(job, PosesJob):
        return f"Cameras of {Path(job.video).name}, {job.how}"
    if isinstance(job, AblationJob):
        return f"Ablation of {Path(job.scene).name if job.scene else 'the faulty sample'}, {job.preset}"
    if isinstance(job, GenerateJob):
        kind = "variation" if job.like else job.wish.kind.replace("_", "-").replace("reroll", "re-roll")
        many = f"{job.takes} × " if job.takes > 1 else ""
        return f"Generate {many}{kind}, {job.provider}, seed {job.wish.seed}"
    if isinstance(job, CamerasJob):
        return f"Cameras of {len(job.freeze_time.frames)} frames"
    verb = "Export" if isinstance(job, ExportJob) else "Render"
    return f"{verb} {Path(job.out).name}"
