"""Takes the shake out of a reference take: `stabilise` in a child process, whose video comes in as a new take."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document import Document
from app.importer import Importer
from app.review_state import ReviewState
from app.verb_process import VerbProcess

OTHER_KIND = "Only a reference take is to stand still; the camera of a freeze-time take has to travel."


class Stabilising(QObject):
    """One at a time. `refused(str)`: why not, for instance because nothing shakes."""

    refused = Signal(str)

    def __init__(self, document: Document, review: ReviewState, importer: Importer, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._review, self._importer = document, review, importer
        self._process = VerbProcess(self)
        self._process.answered.connect(self._made)
        self._process.failed.connect(self._failed)
        importer.ended.connect(self._tidy)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._folder, self._out = Path(), Path()

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the command of this file does."""
        return {"stabilise": self.begin}

    def begin(self) -> None:
        """Hold the take under review to the frame under review, which stays as it is."""
        take, folder = self._review.take, self._document.folder
        if take is None or folder is None or self._process.running:
            return
        if self._document.read_only or take.request.role != "reference":
            self.refused.emit(self._document.read_only or OTHER_KIND)
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="splatime_", ignore_cleanup_errors=True)
        self._folder, self._out = folder, Path(self._scratch.name) / f"{take.title}_stabilised.mkv"
        self._importer.said.emit(f"Taking the shake out of {take.title}…")
        self._process.ask(["stabilise", take.clip.path, f"--out={self._out}", f"--frame={self._review.index}"])

    def close(self) -> None:
        """For the end of the program."""
        self._process.end()
        self._tidy()

    def _made(self, _told: dict[str, Any]) -> None:
        self._importer.bring(self._folder, [(self._out, "reference")])

    def _failed(self, sentence: str) -> None:
        self._tidy()
        self._importer.said.emit("")
        self.refused.emit(sentence)

    def _tidy(self) -> None:
        if self._scratch is not None and not (self._importer.busy or self._process.running):
            self._scratch.cleanup()
            self._scratch = None
