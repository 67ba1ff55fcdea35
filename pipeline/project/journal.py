"""The crash journal: every cut since the last save, one JSON line each, beside project.json.

Written with each edit and removed with each save, so it is there only when a program ended in between. It is read
with the same distrust as project.json; a line that was cut off by the end is left out.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields
from pathlib import Path

from pipeline.project.clip import FrameSelection
from pipeline.project.codec import decode, encode
from pipeline.project.curated import Curated
from pipeline.project.project import Cut, Project
from renderer.errors import Refusal

FILE = "journal.jsonl"
MAX_BYTES = 64 << 20
_WORDS = {
    "prompt": "the prompt",
    "reference": "the reference take",
    "freeze_time": "the freeze-time take",
    "canonical_reference_frame": "the canonical reference frame",
    "canonical_freeze_frame": "the canonical freeze-time frame",
    "lift": "the settings of the lift",
    "solve": "how the cameras are solved",
}


def append(folder: Path, cut: Cut) -> None:
    """Note a cut; where the disk refuses, nothing happens: the save that follows says so."""
    with contextlib.suppress(OSError), (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(encode(cut), allow_nan=False) + "\n")


def clear(folder: Path) -> None:
    """Forget it: project.json has it all."""
    with contextlib.suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)


def newest(folder: Path) -> Cut | None:
    """The last whole cut of the journal; None without one."""
    path = folder / FILE
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        with contextlib.suppress(Refusal, ValueError, RecursionError):
            return decode(Cut, json.loads(line), str(path))
    return None


def differences(project: Project, cut: Cut) -> list[str]:
    """In words for people, what `cut` has that the project's own cut has not."""
    before, told = project.cut, []
    titles = {take.id: take.title for take in project.takes}
    for take in sorted({entry.take for entry in (*before.curated, *cut.curated)}):
        a, b = before.opinion(take), cut.opinion(take)
        told += [f"{words} of {titles.get(take, take)}" for words in _opinion_differences(a, b)]
    for field in fields(Cut):
        if field.name != "curated" and getattr(before, field.name) != getattr(cut, field.name):
            told.append(_WORDS.get(field.name, field.name.replace("_", " ")))
    return told


def _opinion_differences(a: Curated, b: Curated) -> list[str]:
    pairs = {
        "the trim and drops": (_span(a.frames), _span(b.frames)),
        "the locked frames": (a.locked, b.locked),
        "the verdict": (a.verdict, b.verdict),
        "the scores": (a.scores, b.scores),
        "the notes": (a.notes, b.notes),
    }
    return [words for words, (before, after) in pairs.items() if before != after]


def _span(frames: FrameSelection | None) -> object:
    return None if frames is None else (frames.start, frames.stop, frames.dropped)
