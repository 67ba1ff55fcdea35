"""What the program and its jobs say besides their messages, kept for the log panel: the last lines, oldest first."""

from __future__ import annotations

import logging
from collections import deque

from PySide6.QtCore import QObject, Signal

KEPT = 2000


class LogLines(QObject):
    """The last `KEPT` lines; `added(str)` for each new one, also from other threads."""

    added = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: deque[str] = deque(maxlen=KEPT)
        self._handler = _Handler(self)
        self.added.connect(self.lines.append)

    def listen(self) -> None:
        """Hear Python's log from now on, warnings and worse."""
        logging.getLogger().addHandler(self._handler)

    def deafen(self) -> None:
        """Hear it no more."""
        logging.getLogger().removeHandler(self._handler)


class _Handler(logging.Handler):
    def __init__(self, lines: LogLines) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(asctime)s  %(levelname)s  %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.added.emit(self.format(record))
