"""The worker process: one job, JSON lines out, words in.

Started as `python -P -m pipeline.jobs.worker /whole/path/spec.json`, so that a folder named `pipeline` in the
current directory is never run; `-` instead of the path takes the job from the first line of standard input.
Standard output carries one message a line and nothing else; standard error is
the log. Standard input takes stop, pause, resume, snapshot, one a line; its end means checkpoint and exit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from pipeline.jobs.control import Control
from pipeline.jobs.keeping import keep
from pipeline.jobs.memory import resident_bytes
from pipeline.jobs.spec import job_from_json
from pipeline.messages import Failed, Heartbeat, Message, Paused, Produced
from renderer.errors import Refusal

MAX_SPEC_BYTES = 16 << 20
HEARTBEAT_SECONDS = 2.0


def main(arguments: list[str]) -> int:
    """Do the job of a spec file; the exit code is 0 finished, 1 failed, 2 usage, 130 stopped."""
    if len(arguments) != 1 or not (arguments[0] == "-" or Path(arguments[0]).is_absolute()):
        sys.stderr.write("usage: python -P -m pipeline.jobs.worker /whole/path/spec.json, or - for a job on stdin\n")
        return 2
    text = sys.stdin.readline(MAX_SPEC_BYTES) if arguments[0] == "-" else None
    with _own_stdout() as out:
        voice = Voice(out)
        control = Control(lambda paused: voice.say(Paused(paused)))
        signal.signal(signal.SIGINT, lambda *_: control.tell("stop"))
        signal.signal(signal.SIGTERM, lambda *_: control.tell("stop"))
        control.listen(sys.stdin)
        with voice.beating():
            return work(lambda: text or read_spec(Path(arguments[0])), control, voice)


class Voice:
    """Says messages, one line each, from any thread."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._lock = threading.Lock()

    def say(self, message: Message) -> None:
        """One message, at once."""
        with self._lock:
            self._out.write(message.to_json() + "\n")
            self._out.flush()

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """A heartbeat now and then while the block lasts, so that a silent worker is known for a dead one."""
        over = threading.Event()

        def beat() -> None:
            with contextlib.suppress(OSError, ValueError):  # nobody listens any more: the job finds that out itself
                while not over.wait(HEARTBEAT_SECONDS):
                    self.say(Heartbeat(resident_bytes()))

        thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def read_spec(path: Path) -> str:
    """The text of a spec file; raises `Refusal` for one that is too large."""
    if path.stat().st_size > MAX_SPEC_BYTES:
        raise Refusal(f"{path} is too large to be a job.")
    return path.read_text(encoding="utf-8")


def work(spec: Callable[[], str], control: Control, voice: Voice) -> int:
    """Do the job that `spec` reads, one JSON line a message; what it makes is noted in its project."""
    last: Message | None = None
    try:
        job = job_from_json(spec())
        from pipeline.jobs.steps import run

        for last in run(job, control):
            if isinstance(last, Produced):
                keep(Path(job.folder), last)
            voice.say(last)
    except BrokenPipeError:
        return 130  # the one who listened is gone; the checkpoint before stands
    except (Refusal, OSError, UnicodeDecodeError) as fault:
        last = Failed(str(fault))
        voice.say(last)
    except Exception as fault:  # noqa: BLE001  the traceback is for the log, the sentence for people
        traceback.print_exc()
        last = Failed(
            f"Splatime itself failed ({type(fault).__name__}: {fault}). What was finished is kept: start the job "
            "again; if it fails again, report it with the log.",
            kind="fault",
        )
        voice.say(last)
    if isinstance(last, Failed):
        return 130 if last.cancelled else 1
    return 0


@contextlib.contextmanager
def _own_stdout() -> Iterator[IO[str]]:
    """The real standard output for messages; anything else that prints, C libraries included, goes to the log."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
