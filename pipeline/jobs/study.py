"""An A/B page: two renders and the seven questions of the paper's user study (Appendix F) in one HTML file.

The page works offline and sends nothing. Both films are coded anew in the same way, so that neither coding nor metadata
tells which is which; which one stands left is drawn by lot for every evaluator; answers are handed in as A and B.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pipeline.project import media
from pipeline.project.atomic import atomic_file
from pipeline.project.curated import QUESTIONS
from renderer.errors import Refusal

ASKED = {
    "Motion realism": (
        "Which video moves more like the real world?",
        "How much, how smoothly, how consistently things move. Limbs that bend or melt in odd ways count against it.",
    ),
    "Foreground photo-realism": (
        "In which video does the main thing look more like a real recording?",
        "Its colours, surfaces and style, whatever its motion.",
    ),
    "Background photo-realism": (
        "In which video does the background look more like a real recording?",
        "Its colours and style, and how sharp it is.",
    ),
    "3D shape realism": (
        "In which video does the main thing have the more natural shape?",
        "Seen from all sides: limbs, proportions, parts that bulge or flatten.",
    ),
    "General realism": (
        "All in all, which video looks more real?",
        "Your own weighing of appearance, shape and motion.",
    ),
    "Significance of motion": (
        "In which video does more happen?",
        "Only motion that means something; trembling and melting don't count.",
    ),
    "Video-text alignment": (
        "Which video shows better what the description says?",
        "All of it: things, what they do, and where.",
    ),
}
"""How the page asks each of `QUESTIONS`, and what to look at."""
NEEDS_PROMPT = "Video-text alignment"
MAX_BYTES = 96 << 20
"""Of one film in the page; browsers stumble over pages of several hundred MB."""


@dataclass(frozen=True)
class Page:
    """What a page asks: the file, how many questions, and the id that its answers carry."""

    out: Path
    questions: int
    id: str


def write_page(a: Path, b: Path, out: Path, prompt: str = "") -> Page:
    """Write the page for two films; without a prompt the question about the description is left out.

    Raises `Refusal` for files that are no films, are the same film, or are too long for a page.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise Refusal(f"A page ends in .html; {out.name} does not.")
    clips = media.probe(a), media.probe(b)
    for clip in clips:
        if clip.n_frames < 2:
            raise Refusal(f"{clip.path} is one picture; the page compares two films.")
    if clips[0].digest == clips[1].digest:
        raise Refusal(f"{a} and {b} are the same film; name two different ones.")
    told = prompt.strip()
    names = [name for name in QUESTIONS if told or name != NEEDS_PROMPT]
    page_id = hashlib.blake2b("|".join([clips[0].digest, clips[1].digest, told]).encode(), digest_size=6).hexdigest()
    study = {
        "id": page_id,
        "prompt": told,
        "questions": [{"name": name, "ask": ASKED[name][0], "hint": ASKED[name][1]} for name in names],
        "A": {"name": a.name, "video": _embedded(a, clips[0].fps)},
        "B": {"name": b.name, "video": _embedded(b, clips[1].fps)},
    }
    # No sign that could end the script element stays in what others wrote.
    data = json.dumps(study, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    with atomic_file(out) as file:
        file.write(template().replace("@STUDY@", data).encode())
    return Page(out, len(names), page_id)


def template() -> str:
    """The page with a place for its data."""
    return files("resources").joinpath("study", "page.html").read_text(encoding="utf-8")


def _embedded(path: Path, fps: float) -> str:
    """A film as a data address: H.264 with 4:2:0 colour, which every browser plays, without the note of its making."""
    _count, _size, frames = media.stream(path)
    with tempfile.TemporaryDirectory(prefix="splatime-") as scratch:
        film = Path(scratch) / "film.mp4"
        media.write_video(film, frames, fps, crf=12)
        if film.stat().st_size > MAX_BYTES:
            raise Refusal(f"{path} is too long or too large for a page; render it shorter or smaller.")
        return "data:video/mp4;base64," + base64.b64encode(film.read_bytes()).decode()
