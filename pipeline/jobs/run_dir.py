"""A lift's folder: what was asked (spec.json), what happened (messages.jsonl) and the newest scene.

One process at a time works in it, which a lock file guards; readers need no lock, because every file but the
message log is replaced whole and the log only grows.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.jobs.spec import CHECKPOINT, MESSAGES, RUNS, SNAPSHOT, SPEC, LiftJob, job_to_json
from pipeline.messages import Message
from pipeline.project.atomic import atomic_file, writing_to
from pipeline.project.project import RUN_NAME, Project
from pipeline.project.project_file import locked
from renderer.errors import Refusal
from renderer.snapshot import Snapshot


@dataclass(frozen=True)
class RunDir:
    """The folder of one run."""

    path: Path

    @classmethod
    def create(cls, job: LiftJob) -> RunDir:
        """Make the folder and write down what is asked."""
        run = cls(job.run_dir)
        with atomic_file(run.path / SPEC) as file:
            file.write(job_to_json(job).encode())
        return run

    @property
    def spec(self) -> Path:
        return self.path / SPEC

    @property
    def snapshot(self) -> Path:
        return self.path / SNAPSHOT

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Hold the run against a second worker; raises `Refusal` when one is at it."""
        with locked(self.path / ".lock", "run", seconds=0.0):
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a worker that was killed had half written; checkpoints of large scenes are large."""
        for name in (CHECKPOINT, SNAPSHOT):
            for scratch in self.path.glob(f".{name}.*.tmp"):
                scratch.unlink(missing_ok=True)

    def log(self, message: Message) -> None:
        """Append a message to the run's log."""
        path = self.path / MESSAGES
        with writing_to(path), path.open("a", encoding="utf-8") as file:
            file.write(message.to_json() + "\n")

    def is_finished(self) -> bool:
        """Whether the newest scene is the finished one."""
        if not self.snapshot.is_file():
            return False
        try:
            return Snapshot.load(self.snapshot).info.get("stage") == "finished"
        except Refusal:
            return False


def second_name(source: Path, place: Path) -> None:
    """Have the bytes of `source` stand at `place` too; a lift replaces its files whole and never writes into them.

    Raises OSError when the disk refuses.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    try:
        try:
            os.link(source, scratch)
        except OSError:  # not every file system has links
            shutil.copyfile(source, scratch)
        scratch.replace(place)
    finally:
        scratch.unlink(missing_ok=True)


def scene_of(folder: Path, project: Project, run_id: str | None) -> tuple[str, Snapshot]:
    """The id and the scene of a run, finished or not; None is the newest finished one. Raises `Refusal`."""
    if run_id is None:
        return newest_scene(folder, project)
    path = folder / RUNS / run_id / SNAPSHOT
    if not RUN_NAME.fullmatch(run_id) or not path.is_file():
        known = ", ".join(run.id for run in project.runs) or "none yet"
        raise Refusal(f"{folder} has no scene of run {run_id}; its finished runs are: {known}.")
    return run_id, Snapshot.load(path)


def newest_scene(folder: Path, project: Project) -> tuple[str, Snapshot]:
    """The id and the scene of the project's newest finished run; raises `Refusal` when there is none."""
    run = project.newest_run()
    if run is None:
        raise Refusal(f"{folder} holds no finished lift yet; run splatime lift with --out {folder} --resume.")
    path = folder / RUNS / run.id / SNAPSHOT
    if not path.is_file():
        raise Refusal(f"The scene of run {run.id} is missing from {path.parent}; lift again.")
    return run.id, Snapshot.load(path)
