"""Pixels of takes for the window: strips at once when they were made before, full frames while a take is looked at.

Nothing is decoded here; `FramesClient` has it done, and the arrays are mapped from files. Strips are kept between
starts in the user's cache, named by content, so that a gallery is there at once; full frames live as long as the
window. What can't be read is kept as a sentence for the panels to show.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.frames_client import FramesClient
from pipeline.project.clip import Clip
from pipeline.project.strip import Strip, load_full, load_strip
from renderer.errors import Refusal

Frames = npt.NDArray[np.uint8]
FULL_SIDE = 1280  # px; more than the picture's place in the window only costs disk
KEPT_FULL = 4  # takes whose full frames stay mapped
MAX_CACHE = 512 << 20


def cache_folder() -> Path:
    """Where strips are kept; SPLATIME_CACHE names another folder."""
    named = os.environ.get("SPLATIME_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("splatime") / "strips"


class FrameStore(QObject):
    """`strip` and `full` answer with what is there and ask for the rest; after `ready(digest)` it pays to ask again."""

    ready = Signal(str)

    def __init__(self, client: FramesClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._cache = cache_folder()
        self._folder = tempfile.TemporaryDirectory(prefix="splatime-frames-")
        self._strips: dict[str, Strip] = {}
        self._full: dict[str, Frames] = {}
        self._faults: dict[str, str] = {}
        self._asked: set[tuple[str, str]] = set()
        prune(self._cache, MAX_CACHE)

    def strip(self, clip: Clip) -> Strip | None:
        """Small frames and hints; None until they are made, or for good when `fault` says why."""
        if clip.digest not in self._strips and clip.digest not in self._faults:
            path = self._strip_path(clip)
            if path.is_file() and ("strip", clip.digest) not in self._asked:
                with contextlib.suppress(Refusal):
                    self._strips[clip.digest] = load_strip(path)
            if clip.digest not in self._strips:
                self._ask("strip", clip, path)
        return self._strips.get(clip.digest)

    def full(self, clip: Clip) -> Frames | None:
        """All frames [F, h, w, 3]; None until they are made."""
        frames = self._full.pop(clip.digest, None)
        if frames is not None:
            self._full[clip.digest] = frames  # used last, so dropped last
        elif clip.digest not in self._faults:
            self._ask("full", clip, Path(self._folder.name) / f"{clip.digest}.npy", max_size=FULL_SIDE)
        return frames

    def fault(self, clip: Clip) -> str:
        """Why a take can't be shown; empty when it can or nobody has tried."""
        return self._faults.get(clip.digest, "")

    def try_again(self, clip: Clip) -> None:
        """Forget a fault: the file may be there again."""
        self._faults.pop(clip.digest, None)
        self.ready.emit(clip.digest)

    def close(self) -> None:
        """For the end of the program."""
        self._strips.clear()
        self._full.clear()
        self._folder.cleanup()

    def _strip_path(self, clip: Clip) -> Path:
        return self._cache / f"{clip.digest}.npy"

    def _ask(self, op: str, clip: Clip, target: Path, **more: Any) -> None:
        if (op, clip.digest) in self._asked:
            return
        self._asked.add((op, clip.digest))
        request = {"op": op, "video": clip.path, "target": str(target), **more}
        self._client.ask(request, lambda answer: self._take(op, clip, target, answer), patient=op == "full")

    def _take(self, op: str, clip: Clip, target: Path, answer: dict[str, Any]) -> None:
        self._asked.discard((op, clip.digest))
        try:
            if "fault" in answer:
                raise Refusal(str(answer["fault"]))
            if op == "strip":
                self._strips[clip.digest] = load_strip(target)
            else:
                self._keep_full(clip, load_full(target))
        except Refusal as refusal:
            self._faults[clip.digest] = str(refusal)
        self.ready.emit(clip.digest)

    def _keep_full(self, clip: Clip, frames: Frames) -> None:
        self._full[clip.digest] = frames
        while len(self._full) > KEPT_FULL:
            oldest = next(iter(self._full))
            del self._full[oldest]
            (Path(self._folder.name) / f"{oldest}.npy").unlink(missing_ok=True)


def image_of(frame: Frames) -> QImage:
    """A frame [h, w, 3] as an image that owns its pixels."""
    height, width = frame.shape[:2]
    return QImage(np.ascontiguousarray(frame).tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def prune(folder: Path, most: int) -> None:
    """Delete the oldest files of the cache until it is at most `most` bytes."""
    with contextlib.suppress(OSError):
        files = sorted(((path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir()), reverse=True)
        total = 0
        for _time, size, path in files:
            total += size
            if total > most:
                path.unlink(missing_ok=True)
