"""A project as one zip file, and back. Packing leaves out what can be made again; unpacking trusts nothing.

Videos and splats do not shrink, so they are stored as they are; project.json is compressed. What is not a project's
own file is not packed, and a zip that names anything else is refused before a byte is written.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.project import project_file
from pipeline.project.atomic import atomic_file, writing_to
from renderer.errors import Refusal

FOLDERS = ("takes", "poses", "runs", "renders")
ABLATIONS, TABLES = "ablations", ("ablation.md", "ablation.png", "ablation.json")
LEFT_OUT = ("checkpoint.pt",)
"""A checkpoint is read by torch as a program would be; from elsewhere it is not wanted, and it is large."""
MAX_FILES = 200_000
MAX_BYTES = 1 << 40
_BLOCK = 1 << 20
SPARE = 64 << 20  # bytes that are left free on the disk


def pack(folder: Path, target: Path) -> int:
    """Write the project in `folder` to the zip file `target`; the number of files. Raises `Refusal`."""
    project_file.load(folder)
    if target.resolve().is_relative_to(folder.resolve()):
        raise Refusal(f"{target} lies inside the project that is to be packed; choose a place outside it.")
    files = list(_files(folder))
    with atomic_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            name = path.relative_to(folder).as_posix()
            how = zipfile.ZIP_DEFLATED if path.suffix in (".json", ".jsonl", ".txt") else zipfile.ZIP_STORED
            archive.write(path, name, compress_type=how)
    return len(files)


def unpack(source: Path, folder: Path) -> int:
    """Make the project folder `folder`, new or empty, from a zip file; the number of files. Raises `Refusal`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(f"{folder} is not empty; choose a new or an empty folder.")
    try:
        with zipfile.ZipFile(source) as archive:
            members = _checked(archive, source)
            return _extract(archive, members, source, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as fault:
        raise Refusal(f"{source} is not a packed project, or it is damaged ({fault}); copy it again.") from fault
    except FileNotFoundError as fault:
        raise Refusal(f"{source} does not exist; check the name.") from fault


def _extract(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], source: Path, folder: Path) -> int:
    """Into a scratch folder beside the place, which becomes it once the project in there can be read."""
    with writing_to(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        total, free = sum(member.file_size for member in members), shutil.disk_usage(folder.parent).free
        if total + SPARE > free:
            raise Refusal(f"{source} needs {total >> 20} MB, but {free >> 20} MB are free; free some space.")
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            inner = Path(scratch) / "project"
            for member in members:
                _write(archive, member, inner / member.filename)
            project_file.load(inner)
            if folder.exists():
                folder.rmdir()
            inner.rename(folder)
    return len(members)


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """At most as many bytes as the member says that it has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as reader, target.open("xb") as writer:
        while block := reader.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{member.filename} is longer than it says")
            writer.write(block)


def _checked(archive: zipfile.ZipFile, source: Path) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_BYTES:
        raise Refusal(f"{source} holds more than any project does; it was not opened.")
    for member in members:
        parts = PurePosixPath(member.filename).parts
        odd = "\\" in member.filename or "\0" in member.filename or ":" in member.filename or member.filename[:1] == "/"
        ours = member.filename == project_file.FILE or (len(parts) > 1 and parts[0] in FOLDERS) or _is_table(parts)
        linked = stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG)
        if odd or not ours or linked or ".." in parts or parts[-1] in LEFT_OUT:
            raise Refusal(f"{source} holds {member.filename!r}, which is no part of a project; it was not opened.")
    names = [member.filename.casefold() for member in members]
    if project_file.FILE not in names or len(set(names)) != len(names):
        raise Refusal(f"{source} is not a packed Splatime project; it was not opened.")
    return members


def _files(folder: Path) -> Iterator[Path]:
    yield folder / project_file.FILE
    for name in FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.is_file() and not path.is_symlink() and not hidden and path.name not in LEFT_OUT:
                yield path
    for path in sorted((folder / ABLATIONS).glob("*/*")):
        if path.is_file() and not path.is_symlink() and _is_table(path.relative_to(folder).parts):
            yield path


def _is_table(parts: tuple[str, ...]) -> bool:
    """Whether a path leads to what an ablation came to; its lifts are made again from the same command."""
    return len(parts) == 3 and parts[0] == ABLATIONS and parts[1][:1] != "." and parts[2] in TABLES
