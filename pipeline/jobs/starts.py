"""What the arms of an ablation begin with alike is lifted once: an arm goes on from where the whole method stood.

An arm's table parts from the whole one at some row, and a lift is the same to the bit until there
(`schedule.shared_rows`). The lift writes a checkpoint at the end of every row; those where an arm may part are kept as
a second name for the same bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.jobs.run_dir import second_name
from pipeline.jobs.spec import CHECKPOINT, LiftJob
from pipeline.lift.schedule import Schedule, shared_rows, table_of
from pipeline.messages import Message, Note, StageStarted
from pipeline.project.project import ABLATIONS


@dataclass(frozen=True)
class Starts:
    """States of whole lifts at the ends of rows, kept in `folder` and named by run and row."""

    folder: Path

    def around(self, lift: LiftJob, messages: Iterator[Message]) -> Iterator[Message]:
        """What a lift says, which begins when this is first asked: the whole method leaves states, an arm takes one."""
        if not lift.settings.without:
            messages = self._kept(lift, messages)
        elif (row := self.give(lift)) is not None:
            yield Note(f"Begins where the whole method stood after {row}.")
        yield from messages

    def _kept(self, lift: LiftJob, messages: Iterator[Message]) -> Iterator[Message]:
        parting = {shared_rows(_table(lift), _table(_without(lift, part))) for part in ABLATIONS}
        before = 0
        for message in messages:
            if isinstance(message, StageStarted):
                # Stage 0 finds the cameras. After a resume the first stage that is told began at some other time, and
                # the checkpoint may be of its middle.
                done = message.index - 1
                if before == done and done in parting - {0}:
                    with contextlib.suppress(OSError):  # without a start an arm begins at the beginning
                        second_name(lift.run_dir / CHECKPOINT, self._place(lift, done))
                before = message.index
            yield message

    def give(self, lift: LiftJob) -> str | None:
        """Put the last state that an arm shares with the whole method into its run, unless it has begun.

        Returns the name of the row at whose end it begins; None: at the beginning, or where it was itself.
        """
        whole = replace(lift, settings=replace(lift.settings, without=()))
        place = lift.run_dir / CHECKPOINT
        if place.exists():
            return None
        for rows in range(shared_rows(_table(whole), _table(lift)), 0, -1):
            with contextlib.suppress(OSError):
                second_name(self._place(whole, rows), place)
                return _table(lift).phases[rows - 1].name
        return None

    def _place(self, whole: LiftJob, rows: int) -> Path:
        return self.folder / f"{whole.digest}_{rows:02d}.pt"


def _table(lift: LiftJob) -> Schedule:
    s = lift.settings
    return table_of(s.preset, s.without, s.prior, s.upsampler)


def _without(lift: LiftJob, part: str) -> LiftJob:
    return replace(lift, settings=replace(lift.settings, without=(part,)))
