"""The worker process: one job, JSON lines out, words in.

Started as `python -P -m pipeline.jobs.worker /whole/path/spec.json`, so that a folder named `pipeline` in the
current directory is never run. Standard output carries one message a line and nothing else; standard error is
the log. Standard input takes stop, pause, resume, snapshot, one a line; its end means checkpoint and exit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pipeline.jobs.control import Control
from pipeline.jobs.spec import job_from_json
from pipeline.messages import Failed, Message
from renderer.errors import Refusal

MAX_SPEC_BYTES = 16 << 20


def main(arguments: list[str]) -> int:
    """Do the job of a spec file; the exit code is 0 finished, 1 failed, 2 usage, 130 stopped."""
    if len(arguments) != 1 or not Path(arguments[0]).is_absolute():
        sys.stderr.write("usage: python -P -m pipeline.jobs.worker /whole/path/spec.json\n")
        return 2
    control = Control()
    signal.signal(signal.SIGINT, lambda *_: control.tell("stop"))
    signal.signal(signal.SIGTERM, lambda *_: control.tell("stop"))
    control.listen(sys.stdin)
    with _own_stdout() as out:
        return work(Path(arguments[0]), control, out)


def work(spec: Path, control: Control, out: IO[str]) -> int:
    """Do the job in a spec file, one JSON line a message."""
    last: Message | None = None
    try:
        if spec.stat().st_size > MAX_SPEC_BYTES:
            raise Refusal(f"{spec} is too large to be a job.")
        job = job_from_json(spec.read_text(encoding="utf-8"))
        from pipeline.jobs.steps import run

        for last in run(job, control):
            say(last, out)
    except BrokenPipeError:
        return 130  # the one who listened is gone; the checkpoint before stands
    except (Refusal, OSError, UnicodeDecodeError) as fault:
        last = Failed(str(fault))
        say(last, out)
    if isinstance(last, Failed):
        return 130 if last.cancelled else 1
    return 0


def say(message: Message, out: IO[str]) -> None:
    """One message, at once."""
    out.write(message.to_json() + "\n")
    out.flush()


@contextlib.contextmanager
def _own_stdout() -> Iterator[IO[str]]:
    """The real standard output for messages; anything else that prints, C libraries included, goes to the log."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
