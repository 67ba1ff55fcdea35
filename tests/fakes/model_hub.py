"""The part of huggingface_hub that Splatime uses, over a folder of this machine instead of a network."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

REVISION = "0123456789abcdef"


@dataclass
class ModelHub:
    """One repository, `name`, whose files lie in `folder`. `fetched`: what was asked for; `spoil` comes damaged."""

    name: str
    folder: Path
    licence: str = "some-open-licence"
    spoil: str = ""
    gone: bool = False
    fetched: list[str] = field(default_factory=list)

    def HfApi(self) -> ModelHub:
        return self

    def model_info(self, repository: str, *, files_metadata: bool) -> Any:
        if repository != self.name or not files_metadata:
            raise OSError(f"404 Client Error. Repository Not Found for {repository}.\nMore.")
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return SimpleNamespace(
            sha=REVISION, card_data={"license": "other", "license_name": self.licence},
            siblings=[self._sibling(path) for path in files],
        )  # fmt: skip

    def hf_hub_download(self, repository: str, name: str, *, revision: str, local_dir: Path | str) -> str:
        assert (repository, revision) == (self.name, REVISION)
        if self.gone:
            raise RuntimeError("Connection lost")
        self.fetched.append(name)
        place = Path(local_dir) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / name, place)
        if name == self.spoil:
            place.write_bytes(bytes(place.stat().st_size))
        return str(place)

    def _sibling(self, path: Path) -> Any:
        data = path.read_bytes()
        large = {"sha256": hashlib.sha256(data).hexdigest()} if path.suffix == ".safetensors" else None
        return SimpleNamespace(rfilename=path.relative_to(self.folder).as_posix(), size=len(data), lfs=large)
