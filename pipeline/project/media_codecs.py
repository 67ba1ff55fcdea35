"""What films can be coded as: one row a codec, and which endings of a name go with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from renderer.errors import Refusal

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".webm": "webm", ".gif": "gif"}


@dataclass(frozen=True)
class Codec:
    """A row.

    Attributes:
        encoder, pixels, options: as FFmpeg names them. alpha: the pixel format that keeps transparency, empty for none.
        endings: of file names, the usual one first. words: for people.
    """

    name: str
    words: str
    encoder: str
    pixels: str
    alpha: str
    endings: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    least: int = 1
    """Pixels a side; x265 writes beyond its memory for pictures of a few dozen."""


CODECS = {
    row.name: row
    for row in (
        Codec("h264", "H.264", "libx264", "yuv420p", "", (".mp4", ".mov"), (("crf", "16"), ("preset", "medium"))),
        Codec(
            "h265", "H.265", "libx265", "yuv420p", "", (".mp4", ".mov"),
            (("crf", "18"), ("preset", "medium"), ("x265-params", "log-level=error")), least=64,
        ),
        # Profile 3 is 422 HQ; 4444 is chosen by the pixel format when there is alpha.
        Codec("prores", "ProRes", "prores_ks", "yuv422p10le", "yuva444p10le", (".mov",), (("vendor", "apl0"),)),
        Codec(
            "vp9", "VP9", "libvpx-vp9", "yuv420p", "yuva420p", (".webm",),
            (("crf", "24"), ("b", "0"), ("deadline", "good"), ("cpu-used", "4"), ("row-mt", "1")),
        ),
        Codec("gif", "GIF", "", "", "", (".gif",), ()),
    )
}  # fmt: skip


def codec_for(path: Path, name: str | None = None) -> Codec:
    """The codec of a film: the one that is named, or the usual one for the name's ending.

    Raises `Refusal` where the two do not go together.
    """
    ending = path.suffix.lower()
    if name is None:
        found = next((row for row in CODECS.values() if ending == row.endings[0]), None)
        if found is None:
            raise Refusal(f"Films end in {', '.join(CONTAINERS)}; {path.name} does not.")
        return found
    if name not in CODECS:
        raise Refusal(f"There is no codec {name!r}; choose one of {', '.join(CODECS)}.")
    if ending not in CODECS[name].endings:
        raise Refusal(
            f"{CODECS[name].words} goes into {' or '.join(CODECS[name].endings)}, not {path.name}; rename it."
        )
    return CODECS[name]
