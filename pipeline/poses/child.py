"""Run a child of the solver (COLMAP's, or the one with torch): its progress read, cancelled within a second,
killed with everything it started.

The child stands in a session of its own, so that Ctrl-C in a terminal reaches the parent alone and the whole group
can be killed at once. Its stdin is a pipe that closes when the parent dies, however it dies.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from renderer.errors import Refusal

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.1
GRACE_SECONDS = 0.5


class PosesCancelled(Exception):
    """Solving was cancelled on request; nothing is wrong."""


def run_child(
    spec: Path, log: Path, cancelled: Callable[[], bool], module: str = "colmap_child"
) -> Iterator[dict[str, Any]]:
    """Start the child `module` on `spec` and yield its messages until it ends well.

    Raises `PosesCancelled` when `cancelled()` turns true, and `Refusal` when the child crashes. Closing the
    generator early kills the child too.
    """
    with log.open("ab") as chatter:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"pipeline.poses.{module}", str(spec.resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=chatter,
            cwd=spec.parent,
            env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT), "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"},
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        yield from _messages(process.stdout, cancelled)
        code = process.wait()
    finally:
        kill(process)
    if code != 0:
        name = {"colmap_child": "COLMAP", "learned_child": "The learned matcher"}[module]
        raise Refusal(f"{name} stopped unexpectedly (code {code}) while solving the cameras; its log is {log}.")


def _messages(stdout: IO[bytes], cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def pump() -> None:
        for line in stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    while True:
        if cancelled():
            raise PosesCancelled
        with suppress(queue.Empty):
            line = lines.get(timeout=POLL_SECONDS)
            if line is None:
                return
            with suppress(ValueError):  # a library's stray line is no message
                message = json.loads(line)
                if isinstance(message, dict):
                    yield message


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and its group now; harmless when it has ended."""
    if process.poll() is None:
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
