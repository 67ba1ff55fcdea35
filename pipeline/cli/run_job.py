"""Running a job in this process for a person or a script: messages out, Ctrl-C in, an exit code back."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pipeline.cli.console import complain, reporter
from pipeline.jobs.control import Control
from pipeline.jobs.keeping import keep
from pipeline.jobs.spec import Job
from pipeline.messages import Failed, Finished, Message, Produced

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130


@contextlib.contextmanager
def interruptible(control: Control) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the job to stop where it can go on later; a second Ctrl-C breaks off at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if control.stopping:
            raise KeyboardInterrupt
        control.tell("stop")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_job(job: Job, *, as_json: bool, attended: bool = False) -> tuple[int, Finished | None]:
    """Do a job; the exit code, and the end of a job that went well.

    `attended`: another program holds our standard input and says words there, whose end means stop.
    """
    from pipeline.jobs.steps import run

    control = Control()
    if attended:
        control.listen(sys.stdin)
    last: Message | None = None
    with interruptible(control), reporter(as_json=as_json) as out:
        for last in run(job, control):
            if isinstance(last, Produced):
                keep(Path(job.folder), last)
            out.hear(last)
    if isinstance(last, Finished):
        return DONE, last
    assert isinstance(last, Failed)
    complain(last.sentence)
    return (CANCELLED if last.cancelled else FAILED), None
