"""The preview of a take in the making: one small file a job, gone with it, swept up where a job was killed.

A lock beside the file says that its job lives; the system lets go of it when the job is killed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock, Timeout

from pipeline.generate.provider import Frames
from pipeline.project.atomic import atomic_file
from pipeline.project.project_file import PREVIEWS

SIDE = 192
"""Pixels of the longer side of a preview, at most twice that."""


class Preview:
    """The preview of a job on a project in `home`, as a context. Nothing is made until something is shown."""

    def __init__(self, home: Path, name: str) -> None:
        self._home, self._fresh = home, not home.exists()
        self._path = home / PREVIEWS / f"{name}.npy"
        self._lock = FileLock(self._path.with_suffix(".lock"))

    def __enter__(self) -> Preview:
        sweep(self._home)
        return self

    def show(self, frames: Frames) -> Path:
        """Keep frames [T, H, W, 3], made small; where they are."""
        stride = max(1, -(-max(frames.shape[1:3]) // SIDE))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout):  # the same job is done twice at once: they share the file
            if not self._lock.is_locked:
                self._lock.acquire(timeout=0)
        with atomic_file(self._path) as file:
            np.save(file, np.ascontiguousarray(frames[:, ::stride, ::stride]))
        return self._path

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the file away, and the folder of a project that did not come to be."""
        if self._lock.is_locked:
            self._lock.release()
        sweep(self._home)
        if self._fresh:
            with suppress(OSError):  # something was made, so it stays
                self._home.rmdir()


def sweep(home: Path) -> None:
    """Remove the previews of jobs that are over, killed ones too."""
    folder = home / PREVIEWS
    with suppress(OSError):
        for path in list(folder.iterdir()):
            lock = FileLock(folder / f"{path.name.lstrip('.').partition('.')[0]}.lock")
            with suppress(Timeout), lock.acquire(timeout=0):
                path.unlink(missing_ok=True)
                Path(lock.lock_file).unlink(missing_ok=True)
        folder.rmdir()
