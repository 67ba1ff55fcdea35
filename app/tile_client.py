"""The window's end of `app.tile_process`: starts it, sends requests, hands replies on, maps its pictures.

It knows nothing of views: who uses it decides what is asked for, and keeps to one picture under way at a time.
"""

from __future__ import annotations

import json
import mmap
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QProcess
from PySide6.QtGui import QImage

from app.children import environment, python

LARGEST = 4096  # pixels a side of the shared picture file, which is sparse
MOST_STARTS = 3
FAILING = "The CPU renderer keeps failing on this machine; splatime doctor says what is missing."

Reply = dict[str, Any]


class TileClient:
    """Calls `heed(reply)` for each reply ("ready" first, after every start too) and `lost(sentence)` at a death.

    The sentence is empty while it is started again by itself.
    """

    def __init__(self, heed: Callable[[Reply], None], lost: Callable[[str], None]) -> None:
        self._heed, self._lost = heed, lost
        self.starts = 0
        self._tail = b""
        self._folder = tempfile.TemporaryDirectory(prefix="splatime-view-")
        self._path = Path(self._folder.name) / "picture"
        with self._path.open("wb") as file:
            file.truncate(LARGEST * LARGEST * 4)
        self._file = self._path.open("rb")
        self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self.process: QProcess | None = None
        self._start()

    def send(self, request: dict[str, Any]) -> None:
        """Ask for something; a process that is gone asks for nothing."""
        if self.process is not None:
            self.process.write(json.dumps(request).encode() + b"\n")

    def picture(self, height: int, width: int) -> QImage:
        """The picture of the last reply "picture", an image that owns its pixels."""
        pixels = self._map[: height * width * 4]
        return QImage(pixels, width, height, 4 * width, QImage.Format.Format_RGB32).copy()

    def close(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is not None:
            process.finished.disconnect()
            process.readyReadStandardOutput.disconnect()
            process.closeWriteChannel()
            if not process.waitForFinished(500):
                process.kill()
                process.waitForFinished(2000)
            process.deleteLater()
        self._map.close()
        self._file.close()
        self._folder.cleanup()

    def _start(self) -> None:
        self.starts += 1
        process = QProcess()
        process.setProcessEnvironment(environment())
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._died)
        self.process, self._tail = process, b""
        process.start(python(), ["-P", "-m", "app.tile_process", str(self._path)])

    def _died(self) -> None:
        self.process = None
        again = self.starts < MOST_STARTS
        self._lost("" if again else FAILING)
        if again:
            self._start()

    def _read(self) -> None:
        if self.process is None:
            return
        self._tail += self.process.readAllStandardOutput().data()
        *lines, self._tail = self._tail.split(b"\n")
        for line in lines:
            self._heed(json.loads(line))
