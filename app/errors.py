"""The last resort: a fault of ours becomes one honest dialog with the details to copy, and never ends the window.

What a person can mend is a `Refusal` and is said where it happens; this is for the rest.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtWidgets import QWidget

from app.dialogs import tell

SENTENCE = (
    "Something went wrong inside Splatime. Your project on disk is as it was last saved; "
    "you can go on, or close the window and open the project again."
)
Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


class FaultDialog:
    """An `sys.excepthook` that also tells the person; one dialog at a time, however many faults follow."""

    def __init__(self, parent: QWidget, before: Hook) -> None:
        self._parent, self._before = parent, before
        self._open = False

    def __call__(self, kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        self._before(kind, fault, trace)
        if self._open or not issubclass(kind, Exception):
            return
        self._open = True
        box = tell(self._parent, "Splatime", SENTENCE, warning=True)
        box.setObjectName("fault")
        box.setDetailedText("".join(traceback.format_exception(kind, fault, trace)))
        box.finished.connect(self._closed)

    def _closed(self) -> None:
        self._open = False


def install(parent: QWidget) -> Callable[[], None]:
    """Catch faults of the window's thread from now on; the result undoes it."""
    before = sys.excepthook
    sys.excepthook = FaultDialog(parent, before)

    def undo() -> None:
        sys.excepthook = before

    return undo
