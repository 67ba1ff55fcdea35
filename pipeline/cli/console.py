"""How a person and a script are told what happens: a bar and sentences on stderr, JSON lines on stdout."""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self

from pipeline.messages import Message, Note, Progress, StageStarted

PLAIN_SECONDS = 10.0


def complain(sentence: str) -> None:
    """One sentence on stderr, on one line, whatever it holds."""
    print("splatime: " + " ".join(sentence.split()), file=sys.stderr)


def print_json(data: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    print(json.dumps(data, allow_nan=False), flush=True)


class Reporter(Protocol):
    """Hears every message of a job."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def hear(self, message: Message) -> None: ...


def reporter(*, as_json: bool) -> Reporter:
    """JSON lines for a script, a bar for a person at a terminal, a line now and then for a log."""
    if as_json:
        return JsonLines()
    if not sys.stderr.isatty():
        return PlainLines()
    from pipeline.cli.bar import LiveBar

    return LiveBar()


class JsonLines:
    """Every message as it is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def hear(self, message: Message) -> None:
        print(message.to_json(), flush=True)


class PlainLines:
    """A line when a stage begins and every ten seconds, for a log or a pipe."""

    def __init__(self) -> None:
        self._said = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def hear(self, message: Message) -> None:
        now = time.monotonic()
        if isinstance(message, StageStarted):
            print(f"{message.index + 1}/{message.count} {message.name}", file=sys.stderr, flush=True)
            self._said = now
        elif isinstance(message, Progress) and now - self._said >= PLAIN_SECONDS:
            print(f"  {message.step}/{message.steps} {figures(message)}", file=sys.stderr, flush=True)
            self._said = now
        elif isinstance(message, Note):
            print(message.text, file=sys.stderr, flush=True)


def figures(progress: Progress) -> str:
    """Speed, time left, fit and size, those that are known."""
    parts = []
    if progress.per_second:
        parts.append(f"{progress.per_second:.1f} it/s")
    if progress.eta is not None:
        minutes, seconds = divmod(round(progress.eta), 60)
        parts.append(f"{minutes}:{seconds:02d} left")
    if progress.psnr is not None:
        parts.append(f"{progress.psnr:.1f} dB")
    if progress.splats is not None:
        parts.append(f"{progress.splats} splats")
    return ", ".join(parts)
