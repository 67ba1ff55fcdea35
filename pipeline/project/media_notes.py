"""Notes inside pictures and films: how they were made, so that a file dropped back restores its state.

One line of JSON under one name: the comment of a video, a text chunk of a PNG, an attribute of an EXR, the comment of
a GIF. Files come from anywhere: a note is plain data, bounded in size, and nothing in it is believed before its reader
has checked it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
from PIL import Image, PngImagePlugin

NAME = "splatime"
MAX_BYTES = 64 << 10
_VIDEOS = frozenset({".mp4", ".mov", ".webm", ".mkv"})


def dump_note(note: dict[str, Any]) -> str:
    """The note as it is stored; raises ValueError for one that is too large."""
    text = json.dumps({NAME: 1, **note}, allow_nan=False, ensure_ascii=True)
    if len(text) > MAX_BYTES:
        raise ValueError(f"a note of {len(text)} bytes is larger than {MAX_BYTES}")
    return text


def read_note(path: Path) -> dict[str, Any] | None:
    """The note in a file, or in the first picture of a folder of frames; None where there is none that can be read."""
    try:
        place = _first_in(path) if path.is_dir() else path
        text = None if place is None else _text_in(place)
        if not text or len(text) > MAX_BYTES:
            return None
        data = json.loads(text)
    except (OSError, ValueError, RecursionError, SyntaxError, RuntimeError, Image.DecompressionBombError):
        return None
    return data if isinstance(data, dict) and data.get(NAME) == 1 else None


def png_note(text: str) -> PngImagePlugin.PngInfo:
    """What Pillow writes into a PNG."""
    info = PngImagePlugin.PngInfo()
    info.add_text(NAME, text)
    return info


def _first_in(folder: Path) -> Path | None:
    names = [entry for entry in folder.iterdir() if entry.suffix.lower() in (".png", ".exr")]
    return min(names, default=None)


def _text_in(path: Path) -> str | None:
    ending = path.suffix.lower()
    if ending in _VIDEOS:
        with av.open(f"file:{path.absolute()}", metadata_errors="replace") as container:
            tags = {key.lower(): value for key, value in container.metadata.items()}
            return tags.get("comment")
    if ending == ".exr":
        import OpenEXR

        with OpenEXR.File(str(path), header_only=True) as file:
            value = file.header().get(NAME)
            return value if isinstance(value, str) else None
    if ending in (".png", ".gif"):
        with Image.open(path) as picture:
            value = picture.info.get(NAME if ending == ".png" else "comment")
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return None
