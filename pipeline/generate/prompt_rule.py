"""The freeze-time prompt of a scene's prompt (section 3.2): a circling camera, no action, time that stands still.

"A fox running quickly through the snow" becomes "Camera circulating around a fox through the snow, time elapse". The
rule is a proposal: it is shown, and what a person makes of it is what is used. Its words lie in resources/prompts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_WORD = re.compile(r"[^\W\d_][\w'-]*|[^\w\s]|\d[\w.]*", re.UNICODE)


@dataclass(frozen=True)
class Words:
    """What the rule goes by: phrases before and after, verbs that are dropped, words by which a phrase is parsed."""

    before: str
    after: str
    verbs: frozenset[str]
    present: frozenset[str]
    auxiliaries: frozenset[str]
    articles: frozenset[str]
    prepositions: frozenset[str]
    conjunctions: frozenset[str]


@cache
def words() -> Words:
    """The words that ship."""
    data: dict[str, Any] = json.loads(files("resources").joinpath("prompts", "freeze_time.json").read_text("utf-8"))
    lists = {name: frozenset(value) for name, value in data.items() if isinstance(value, list)}
    return Words(data["before"], data["after"], **lists)


def freeze_time_prompt(prompt: str) -> str:
    """The prompt of a freeze-time video of the scene; one that follows the rule already stays as it is."""
    known = words()
    scene = prompt.strip().rstrip(".!?,; ")
    if scene.lower().startswith(known.before.lower()):
        return prompt.strip()
    scene = without_actions(scene)
    if scene:
        scene = scene[0].lower() + scene[1:] if _WORD.findall(scene)[0].lower() in known.articles else scene
    return ", ".join(part for part in (f"{known.before} {scene or 'the scene'}", known.after) if part)


def without_actions(text: str) -> str:
    """The text without verbs of action, their auxiliaries and adverbs.

    Where a verb had an object, "with" takes its place: "a panda eating bamboo" is "a panda with bamboo".
    """
    known, tokens = words(), _WORD.findall(text)
    kept: list[str] = []
    i = 0
    while i < len(tokens):
        if not _is_action(tokens, i):
            kept.append(tokens[i])
            i += 1
            continue
        while kept and (kept[-1].lower() in known.auxiliaries or _is_adverb(kept[-1])):
            kept.pop()
        i += 1
        while i < len(tokens) and _is_adverb(tokens[i]):
            i += 1
        if i + 1 < len(tokens) and {tokens[i].lower(), tokens[i + 1].lower()} <= known.prepositions:
            i += 1  # "jumping around in a room": the first one belongs to the verb
        follows = tokens[i].lower() if i < len(tokens) else ""
        if kept and follows and follows[0].isalpha() and not _is_action(tokens, i) and _has_object(kept[-1], follows):
            kept.append("with")
    return _joined(kept)


def _is_action(tokens: list[str], i: int) -> bool:
    """Whether a token is a verb of action: not the name of a thing ("a running shoe", "the falls")."""
    known, word = words(), tokens[i].lower()
    before = tokens[i - 1].lower() if i else ""
    if word in known.verbs:
        return before not in known.articles
    return word in known.present and i > 0 and before not in known.articles | known.prepositions


def _is_adverb(token: str) -> bool:
    return len(token) > 4 and token.lower().endswith("ly") and token.lower() not in ("family", "butterfly", "lily")


def _has_object(before: str, follows: str) -> bool:
    known = words()
    joints = known.prepositions | known.conjunctions
    return before[0].isalnum() and follows not in joints and before.lower() not in joints


def _joined(tokens: list[str]) -> str:
    """One text again, without conjunctions that have nothing to join any more."""
    known = words()
    kept: list[str] = []
    for i, token in enumerate(tokens):
        after = tokens[i + 1].lower() if i + 1 < len(tokens) else ""
        idle = not after or after in known.prepositions | known.conjunctions or not after[0].isalnum()
        if not (token.lower() in known.conjunctions and idle):
            kept.append(token)
    return re.sub(r"\s+([,.;:!?)])", r"\1", " ".join(kept)).strip(" ,;")
