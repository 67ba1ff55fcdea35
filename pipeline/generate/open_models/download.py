"""Fetching a published model into a folder, in two steps: an offer that says what and how much, and the fetching.

Nothing else in Splatime fetches anything, and this does it only for the verb `fetch-model`, after a person agreed to
the offer. Of a repository only what `folder` will read is taken: parts that the index names, as safetensors and JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.generate.open_models.families import family_of
from pipeline.generate.open_models.folder import INDEX, variant_of
from renderer.errors import Refusal

EXTRA = "Fetching a model needs huggingface_hub: pip install 'splatime[diffusers]'."
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_KEEP = (".json", ".safetensors", ".model", ".txt")
_ROOM = 1 << 30
"""Bytes to leave on the disk."""


@dataclass(frozen=True)
class Part:
    """One file of a repository: its `name` with "/", bytes, and SHA-256, which small files have none of."""

    name: str
    n_bytes: int
    digest: str = ""


@dataclass(frozen=True)
class Offer:
    """What would be fetched: files of a repository at one revision, under a licence (empty: it names none)."""

    repository: str
    revision: str
    title: str
    licence: str
    parts: tuple[Part, ...]

    @property
    def n_bytes(self) -> int:
        return sum(part.n_bytes for part in self.parts)

    @property
    def words(self) -> str:
        """For the person who is to agree."""
        licence = self.licence or "it names no licence"
        size = f"{self.n_bytes / 2**30:.1f} GB" if self.n_bytes >= 1 << 30 else f"{self.n_bytes / 2**20:.1f} MB"
        files = "1 file" if len(self.parts) == 1 else f"{len(self.parts)} files"
        return f"{self.repository} ({self.title}; licence: {licence}): {files}, {size}"


def offer(repository: str) -> Offer:
    """Ask the hub what a model consists of; only its listing and its index are fetched.

    Raises `Refusal` when there is no such model, no network, or when Splatime cannot call it.
    """
    hub = _hub()
    if not _REPOSITORY.fullmatch(repository):
        raise Refusal(f"{repository!r} is no model's name; name it as its page does, like Lightricks/LTX-Video.")
    try:
        listing = hub.HfApi().model_info(repository, files_metadata=True)
        with tempfile.TemporaryDirectory() as scratch:
            path = hub.hf_hub_download(repository, INDEX, revision=listing.sha, local_dir=scratch)
            index = json.loads(Path(path).read_bytes())
    except Exception as fault:  # the hub's library hands on its transport's own exceptions
        raise Refusal(f"{repository} can't be looked up ({_first(fault)}).") from fault
    family = family_of(str(index.get("_class_name") if isinstance(index, dict) else None))
    if family is None:
        raise Refusal(f"{repository} is no model that Splatime can call, by its {INDEX}.")
    folders = {name for name, entry in index.items() if isinstance(entry, list) and entry != [None, None]}
    files = [
        Part(one.rfilename, int(one.size or 0), str((one.lfs or {}).get("sha256", ""))) for one in listing.siblings
    ]
    card = listing.card_data or {}
    licence = str(card.get("license_name") or card.get("license") or "")
    return Offer(repository, listing.sha, family.title, licence, _wanted(files, {*folders, *family.needs}))


def fetch(told: Offer, out: Path) -> Iterator[tuple[Part, int]]:
    """Fetch the files of an offer into `out`; yields each with the bytes that are there after it.

    Files that are whole already are kept, so the same call goes on after a cut. Raises `Refusal` when the disk is too
    small, the network goes, or a file is not what was offered.
    """
    hub, done = _hub(), 0
    out.mkdir(parents=True, exist_ok=True)
    missing = [part for part in told.parts if not _whole(out / part.name, part)]
    free = shutil.disk_usage(out).free
    if sum(part.n_bytes for part in missing) + _ROOM > free:
        raise Refusal(f"{told.words} do not fit on the disk of {out}, which has {free / 2**30:.1f} GB free.")
    for part in told.parts:
        if part in missing:
            try:
                hub.hf_hub_download(told.repository, part.name, revision=told.revision, local_dir=out)
            except Exception as fault:  # as above
                raise Refusal(f"Fetching {part.name} failed ({_first(fault)}); the same command goes on.") from fault
            if not _whole(out / part.name, part):
                (out / part.name).unlink(missing_ok=True)
                raise Refusal(f"{part.name} is not the file that was offered; the same command fetches it again.")
        done += part.n_bytes
        yield part, done


def _wanted(files: list[Part], folders: set[str]) -> tuple[Part, ...]:
    """The index, the card, licences, and of the parts' folders what is read: no pickles, no second precision."""
    kept = []
    plain = {_folder(part) for part in files if part.name.endswith(".safetensors") and not variant_of(_file(part))}
    for part in files:
        folder, name = _folder(part), _file(part)
        top = not folder and (name in (INDEX, "README.md") or name.upper().startswith("LICENSE"))
        inside = folder in folders and name.endswith(_KEEP) and re.fullmatch(r"[\w.-]+", name) is not None
        spare = name.endswith(".safetensors") and folder in plain and variant_of(name)
        if top or (inside and not spare):
            kept.append(part)
    return tuple(kept)


def _folder(part: Part) -> str:
    return part.name.rpartition("/")[0]


def _file(part: Part) -> str:
    return part.name.rpartition("/")[2]


def _whole(path: Path, part: Part) -> bool:
    if not path.is_file() or path.stat().st_size != part.n_bytes:
        return False
    with path.open("rb") as file:
        return not part.digest or hashlib.file_digest(file, "sha256").hexdigest() == part.digest


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as fault:
        raise Refusal(EXTRA) from fault
    return huggingface_hub


def _first(fault: BaseException) -> str:
    lines = str(fault).strip().splitlines()
    return (lines[0][:200] if lines else type(fault).__name__).rstrip(". ")
