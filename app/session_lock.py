"""One window a project: the first one holds a lock as long as it lives, others look at it read-only.

The operating system lets go of the lock with the process, however that ends, so a crash leaves none behind.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.project.project_file import SESSION_LOCK

ELSEWHERE = "This project is open in another window of Splatime, so it is shown here without being changed."
NOT_YOURS = "This project's folder may not be written by you, so it is shown without being changed."


class SessionLock:
    """`take` a project's lock; `reason` says why it could not be had, and then nothing may be changed."""

    def __init__(self) -> None:
        self._lock: FileLock | None = None
        self.reason = ""

    def take(self, folder: Path | None) -> None:
        """Let go of the lock that is held, and hold this project's one."""
        self.release()
        self.reason = ""
        if folder is None:
            return
        lock = FileLock(folder / SESSION_LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self.reason = ELSEWHERE
        except OSError:
            self.reason = NOT_YOURS
        else:
            self._lock = lock

    def release(self) -> None:
        """Let go."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
