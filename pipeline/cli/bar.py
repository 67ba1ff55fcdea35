"""The live bar of a terminal, drawn by rich on stderr."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from pipeline.cli.console import figures
from pipeline.messages import Failed, Message, Note, Progress, StageStarted


class LiveBar:
    """One bar a stage: name, how far, steps a second, time left of the whole job, figures."""

    def __init__(self, screen: Console | None = None) -> None:
        columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self._bar = Bar(*columns, TextColumn("{task.fields[figures]}"), console=screen or Console(stderr=True))
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def hear(self, message: Message) -> None:
        if isinstance(message, StageStarted):
            name = f"{message.index + 1}/{message.count} {message.name}"
            self._task = self._bar.add_task(name, total=message.steps or None, figures="")
        elif isinstance(message, Progress) and self._task is not None:
            total = message.steps or None
            self._bar.update(self._task, completed=message.step, total=total, figures=figures(message))
        elif isinstance(message, Note):
            self._bar.console.print(message.text, markup=False, highlight=False)
        elif isinstance(message, Failed) and self._task is not None:
            self._bar.stop_task(self._task)
