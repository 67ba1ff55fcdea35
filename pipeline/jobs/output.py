"""Where results go: the form that a name asks for, and folders of numbered files that appear whole.

A folder that holds anything else than such a result is refused before work starts and never touched.
"""

from __future__ import annotations

import glob
import re
import shutil
from pathlib import Path
from types import TracebackType

from pipeline.project.atomic import writing_to
from pipeline.project.media_codecs import CONTAINERS
from renderer.errors import Refusal

FRAMES = re.compile(r"(frame|depth|alpha)_\d+\.(png|exr)")
SPLATS = re.compile(r"splats_\d+\.ply")
_FORMS = {".png": "image", ".exr": "image", ".ply": "splats"} | dict.fromkeys(CONTAINERS, "film")


def form_of(out: str) -> str:
    """image, film, splats, or folder, by the name; raises `Refusal` for an ending that is none of these."""
    path = Path(out)
    if out.endswith(("/", "\\")) or path.is_dir():
        return "folder"
    suffix = path.suffix.lower()
    if suffix == "":
        return "folder"
    if suffix not in _FORMS:
        known = f".png, .exr, {', '.join(CONTAINERS)}, .ply or a folder/"
        raise Refusal(f"{out} ends in {suffix}, which Splatime does not write; use {known}.")
    return _FORMS[suffix]


def check_folder(path: Path, ours: re.Pattern[str]) -> None:
    """Refuse a place where a folder of numbered files cannot go."""
    if not path.exists():
        return
    if not path.is_dir():
        raise Refusal(f"{path} is a file; name a folder.")
    foreign = [entry.name for entry in path.iterdir() if not (entry.is_file() and ours.fullmatch(entry.name))]
    if foreign:
        raise Refusal(f"{path} already holds something else ({sorted(foreign)[0]}); name a new or empty folder.")


class FrameFolder:
    """A scratch folder beside `path` that takes its place when the block ends well and vanishes when it does not.

    `work` names what is being made. A worker that is killed leaves the scratch folder behind, and the next one with the
    same work finds its files in it; those of other works are removed.
    """

    def __init__(self, path: Path, ours: re.Pattern[str], work: str) -> None:
        check_folder(path, ours)
        self.path = Path(str(path).rstrip("/\\"))
        self.scratch = self.path.with_name(f".{self.path.name}.{work}.partial")

    def __enter__(self) -> Path:
        with writing_to(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for left in self.path.parent.glob(f".{glob.escape(self.path.name)}.*.partial"):
                if left != self.scratch:
                    shutil.rmtree(left, ignore_errors=True)
            self.scratch.mkdir(exist_ok=True)
            for half in self.scratch.glob(".*.tmp"):
                half.unlink(missing_ok=True)
        return self.scratch

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with writing_to(self.path):
                if self.path.exists():
                    shutil.rmtree(self.path)
                self.scratch.replace(self.path)
        shutil.rmtree(self.scratch, ignore_errors=True)
