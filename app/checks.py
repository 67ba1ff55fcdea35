"""What takes are worth: liftability of freeze-time takes, stillness of reference takes; found once, kept by content.

A child process of its own judges them, one after the other, once the hands rest, and ends when nothing waits. A take
is judged by the frames that its trim uses, so dropping what a reason names shows at once what that is worth.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.frame_store import cache_folder
from app.frames_client import FramesClient
from app.pose_report import sentences_of
from pipeline.poses.liftability import EDITION
from pipeline.project.atomic import atomic_file
from pipeline.project.clip import Clip
from renderer.errors import Refusal

REST_MS = 900  # after the last question: a person who trims is not followed frame by frame
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Checked:
    """Of a freeze-time take: `score` 0 to 100, `word`, `reasons` as sentences, degrees of travel. Of a reference take:
    whether its camera is `still`, and the `sentence` on that. `fault`: why a take could not be judged.
    """

    score: int = 0
    word: str = ""
    reasons: tuple[str, ...] = ()
    coverage: float = 0.0
    still: bool = False
    sentence: str = ""
    fault: str = ""

    @classmethod
    def of(cls, data: Any) -> Checked:
        """From what `splatime check --json` says; raises ValueError, KeyError or TypeError for anything else."""
        frozen, reference = data["freeze_time"], data["reference"]
        score, reasons = max(0, min(100, int(frozen["score"]))), sentences_of(frozen["reasons"])
        travel, still = float(frozen["coverage_degrees"]), bool(reference["still"])
        return cls(score, str(frozen["word"]), reasons, travel, still, str(reference["sentence"]))

    def lines(self, role: str) -> list[str]:
        """For a person, by the role of the take."""
        if self.fault:
            return [self.fault]
        if role == "reference":
            return [self.sentence]
        travel = f", about {self.coverage:.0f}° of travel" if self.coverage >= 1 else ""
        return [f"{self.score} of 100, {self.word}{travel}", *self.reasons]


class Checks(QObject):
    """`of` answers with what is known and has the rest found out; after `ready` it pays to ask again."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = FramesClient(self, lingers=False)
        self._folder = cache_folder().with_name("checks")
        self._known: dict[str, Checked] = {}
        self._wanted: dict[str, tuple[str, dict[str, Any]]] = {}
        """By clip: of a trim that is still being moved only the last one is judged."""
        self._asked: set[str] = set()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)

    def of(self, clip: Clip, frames: tuple[int, ...]) -> Checked | None:
        """The verdict on these source frames of a take; None until it is found."""
        key = _key(clip, frames)
        waiting = self._wanted.get(clip.digest, ("", {}))[0]
        if key not in self._known and key not in self._asked and key != waiting:
            kept = self._read(key)
            if kept is None:
                self._wanted[clip.digest] = key, {"op": "check", "video": clip.path, "frames": list(frames)}
                self._rest.start()
            else:
                self._known[key] = kept
        return self._known.get(key)

    def forget(self) -> None:
        """Drop what has not been begun: it is of a project that is not open any more."""
        self._client.forget()
        self._wanted.clear()
        self._asked.clear()

    def close(self) -> None:
        """For the end of the program."""
        self._rest.stop()
        self._client.close()

    def _ask(self) -> None:
        wanted, self._wanted = self._wanted, {}
        for key, request in wanted.values():
            self._asked.add(key)
            self._client.ask(request, partial(self._take, key), patient=True)

    def _take(self, key: str, answer: dict[str, Any]) -> None:
        self._asked.discard(key)
        try:
            self._known[key] = Checked.of(answer["check"])
        except (KeyError, TypeError, ValueError):
            self._known[key] = Checked(fault=str(answer.get("fault", "This take could not be judged.")))
        else:
            with contextlib.suppress(OSError, Refusal), atomic_file(self._path(key)) as file:
                file.write(json.dumps(answer["check"]).encode())
        self.ready.emit()

    def _read(self, key: str) -> Checked | None:
        path = self._path(key)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            if path.is_file() and path.stat().st_size <= MOST_BYTES:
                return Checked.of(json.loads(path.read_text(encoding="utf-8")))
        return None

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def _key(clip: Clip, frames: tuple[int, ...]) -> str:
    told = json.dumps([EDITION, clip.digest, frames])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
