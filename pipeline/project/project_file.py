"""A project on disk: a folder with project.json, takes/, poses/, runs/ and renders/.

project.json is written to a scratch file, synced and renamed, so a reader sees the old project or the new
one. Paths in it are relative to the folder and never lead out of it: a project from elsewhere is hostile
until read. In memory a take's clip has its whole path, so a moved folder just works.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from filelock import FileLock, Timeout

from pipeline.project.atomic import atomic_file, writing_to
from pipeline.project.codec import decode, encode
from pipeline.project.migrations import migrated
from pipeline.project.project import Project
from pipeline.project.take import Take
from renderer.errors import Refusal

FILE = "project.json"
LOCK = ".lock"
SESSION_LOCK = ".window.lock"
PREVIEWS = ".previews"
SCHEMA = 3
"""Raised when an older Splatime would misread the file; unknown fields alone do not raise it."""
MAX_BYTES = 64 << 20
LOCK_SECONDS = 10.0


def is_project(folder: Path) -> bool:
    """Whether a project lies in this folder."""
    return (folder / FILE).is_file()


def check_home(folder: Path) -> None:
    """Refuse, touching nothing, a folder in which a project can be neither found nor made."""
    if is_project(folder) or not folder.exists():
        return
    if not folder.is_dir():
        raise Refusal(f"{folder} is a file, not a project folder; name another --out.")
    if any(entry.name not in (LOCK, SESSION_LOCK, PREVIEWS) for entry in folder.iterdir()):
        raise Refusal(f"{folder} already holds something that is not a Splatime project; name a new or empty folder.")


def load(folder: Path) -> Project:
    """Read a project; raises `Refusal` when there is none, or it is damaged, hostile or from a newer Splatime."""
    path = folder / FILE
    if not path.is_file():
        raise Refusal(f"{folder} is not a Splatime project (it has no {FILE}); make one with splatime lift.")
    data = _read_json(path)
    schema = data.pop("schema", None)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise Refusal(f"{path} is not a Splatime project: it has no schema number.")
    if schema > SCHEMA:
        raise Refusal(f"{path} was written by a newer Splatime (schema {schema}); update Splatime to open it.")
    project = decode(Project, migrated(data, schema, SCHEMA), str(path))
    for render in project.renders:
        inside(folder, render.path.as_posix())
    takes = tuple(_with_clip_path(take, str(inside(folder, take.clip.path))) for take in project.takes)
    return replace(project, takes=takes)


def save(folder: Path, project: Project) -> None:
    """Write project.json atomically; other folders of the project are left alone."""
    root = folder.resolve()
    takes = tuple(_with_clip_path(take, _relative(root, take.clip.path)) for take in project.takes)
    text = json.dumps({"schema": SCHEMA, **encode(replace(project, takes=takes))}, indent=1, allow_nan=False)
    with atomic_file(folder / FILE) as file:
        file.write(text.encode())


def update(folder: Path, edit: Callable[[Project], Project]) -> Project:
    """Apply an edit to the project as it is on disk now (an empty one when there is none), and return the new one."""
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK, "project"):
        project = edit(load(folder) if is_project(folder) else Project())
        save(folder, project)
    return project


@contextlib.contextmanager
def locked(path: Path, what: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a lock file against a second writer; raises `Refusal` when another one keeps it."""
    try:
        with FileLock(path, timeout=seconds):
            yield
    except Timeout as fault:
        raise Refusal(f"Another Splatime is writing to this {what} ({path.parent}); wait for it or stop it.") from fault


def inside(folder: Path, text: str) -> Path:
    """A path of project.json as a whole path; raises `Refusal` for one that leads out of the folder."""
    windows, parts = PureWindowsPath(text), PurePosixPath(text).parts
    hostile = not parts or text.startswith("/") or windows.drive or windows.root or "\\" in text or "\0" in text
    root = folder.resolve()
    if hostile or ".." in parts or not (root / text).resolve().is_relative_to(root):
        raise Refusal(f"{folder / FILE} names {text!r}, which lies outside the project folder; it was not opened.")
    return root / text


def _relative(root: Path, text: str) -> str:
    path = Path(text)
    whole = path if path.is_absolute() else root / path
    if not whole.resolve().is_relative_to(root):
        raise Refusal(f"{text} lies outside the project folder {root}; import it as a take first.")
    return whole.resolve().relative_to(root).as_posix()


def _with_clip_path(take: Take, path: str) -> Take:
    return replace(take, clip=replace(take.clip, path=path))


def _read_json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_BYTES:
        raise Refusal(f"{path} is larger than {MAX_BYTES >> 20} MB, which no Splatime project is; it was not opened.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise Refusal(f"{path} is damaged ({fault}); put back a copy of it, or lift into a new folder.") from fault
    if not isinstance(data, dict):
        raise Refusal(f"{path} is not a Splatime project: it does not hold an object.")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
