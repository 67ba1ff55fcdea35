"""Prompts of the procedural scenes, both ways: text -> `Description`, and endless descriptions -> text.

The grammar knows nouns, verbs, places, hours, colours, patterns and sizes, with synonyms; what it does not know it
skips and says so (`note`). What a prompt leaves open is drawn from the prompt's own digest and the seed, so the same
prompt and seed always mean the same scene, on every machine.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.generate.procedural_cast import COLOURS, PATTERNS, SIZES, SUBJECTS
from pipeline.generate.procedural_motion import ACTIONS
from pipeline.generate.procedural_paint import Rng
from pipeline.generate.procedural_places import HOURS, PLACES

MAX_ACTORS = 3
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "with",
        "in",
        "on",
        "at",
        "of",
        "by",
        "to",
        "while",
        "past",
        "beside",
        "near",
        "under",
        "over",
        "from",
        "into",
        "around",
        "camera",
        "circulating",
        "circling",
        "time",
        "elapse",
        "elapsed",
        "frozen",
        "still",
        "moment",
        "scene",
        "video",
        "is",
        "are",
        "its",
        "it",
        "his",
        "her",
        "some",
        "very",
        "day",
    ]
)


@dataclass(frozen=True)
class Actor:
    """One subject and what is said of it; None is left open. All are names in the grammar's tables."""

    subject: str
    action: str | None = None
    colour: str | None = None
    size: str | None = None
    pattern: str | None = None

    @property
    def text(self) -> str:
        noun = " ".join(word for word in (self.size, self.colour, self.pattern, self.subject) if word)
        article = "an" if noun[0] in "aeiou" else "a"
        return f"{article} {noun} {self.action}" if self.action else f"{article} {noun}"


@dataclass(frozen=True)
class Description:
    """What a prompt says. `unknown` words were skipped; they are not part of the text."""

    actors: tuple[Actor, ...] = ()
    place: str | None = None
    hour: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The prompt that the grammar writes for this; `parse` reads it back."""
        phrases = [" and ".join(actor.text for actor in self.actors)]
        phrases += [place.phrase for place in PLACES if place.name == self.place]
        phrases += [hour.phrase for hour in HOURS if hour.name == self.hour]
        return " ".join(phrase for phrase in phrases if phrase)

    @property
    def note(self) -> str:
        """One sentence on what was not understood; empty when all was."""
        parts = []
        if not self.actors:
            parts.append("no subject that the procedural scenes know, so one was drawn")
        if self.unknown:
            parts.append("skipped " + ", ".join(self.unknown))
        return f"Of this prompt: {'; '.join(parts)}." if parts else ""


def _words(table: Mapping[str, tuple[str, ...]], kind: str) -> dict[str, tuple[str, str]]:
    return {word: (kind, name) for name, words in table.items() for word in words}


_LEXICON: dict[str, tuple[str, str]] = {
    **_words({hour.name: (*hour.words, hour.phrase) for hour in HOURS}, "hour"),
    **_words({place.name: (*place.words, place.phrase) for place in PLACES}, "place"),
    **_words({colour: (colour,) for colour in COLOURS}, "colour"),
    **_words({"grey": ("gray",), "golden": ("gold",), "black": ("dark",)}, "colour"),
    **_words(
        {size: (size,) for size in SIZES} | {"small": ("small", "little"), "big": ("big", "large", "huge")}, "size"
    ),
    **_words({pattern: (pattern,) for pattern in PATTERNS}, "pattern"),
    **_words({"spotted": ("dotted",), "furry": ("fluffy",), "checkered": ("checked",)}, "pattern"),
    **_words({action.name: action.words for action in ACTIONS}, "action"),
    **_words({subject.name: subject.words for subject in SUBJECTS}, "subject"),
}
_LONGEST = max(len(words.split()) for words in _LEXICON)


def normalised(prompt: str) -> str:
    """Lower case words, single spaces: prompts that read the same are the same."""
    return " ".join(re.findall(r"[a-z0-9']+", prompt.lower()))


def _tokens(prompt: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of the longest phrases known, ("unknown", word) for what is not."""
    words = normalised(prompt).split()
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST, len(words) - place), 0, -1):
            phrase = " ".join(words[place : place + length])
            known = _LEXICON.get(phrase) or (_LEXICON.get(phrase.removesuffix("s")) if length == 1 else None)
            if known:
                yield known
                break
        else:
            length = 1
            if words[place] not in _SMALL_WORDS:
                yield "unknown", words[place]
        place += length


def parse(prompt: str) -> Description:
    """What a prompt says, of what the grammar knows; never fails."""
    actors: list[Actor] = []
    said: dict[str, str] = {}
    ahead: dict[str, str] = {}
    unknown: list[str] = []
    for kind, name in _tokens(prompt):
        if kind == "unknown":
            unknown.append(name)
        elif kind == "subject":
            if len(actors) < MAX_ACTORS:
                actors.append(Actor(name, **ahead))
            else:
                unknown.append(name)
            ahead = {}
        elif kind == "action":
            if actors and actors[-1].action is None and not ahead:
                actors[-1] = replace(actors[-1], action=name)
            else:
                ahead["action"] = name
        elif kind in ("colour", "size", "pattern"):
            ahead[kind] = name
        else:
            said.setdefault(kind, name)
    return Description(tuple(actors), said.get("place"), said.get("hour"), tuple(dict.fromkeys(unknown)))


def rng_of(prompt: str, seed: int) -> Rng:
    """The random numbers that decide what a prompt leaves open: from its words and the seed alone."""
    return np.random.default_rng([zlib.crc32(normalised(prompt).encode()), seed % 2**32])


def filled(description: Description, rng: Rng) -> Description:
    """The same with nothing left open: subjects, actions, colours, place and hour."""
    actors = description.actors or (_actor(rng),)
    spare = next((actor.action for actor in reversed(actors) if actor.action), None)
    done = []
    for actor in actors:
        subject = next(subject for subject in SUBJECTS if subject.name == actor.subject)
        # "a cat and a dog dancing": the verb is meant for both.
        action = actor.action or spare or str(rng.choice([action.name for action in ACTIONS]))
        done.append(replace(actor, action=action, colour=actor.colour or str(rng.choice(subject.natural))))
    place = description.place or str(rng.choice([place.name for place in PLACES]))
    hour = description.hour or ("noon" if rng.random() < 0.6 else str(rng.choice([hour.name for hour in HOURS])))
    return replace(description, actors=tuple(done), place=place, hour=hour)


def _actor(rng: Rng) -> Actor:
    subject = SUBJECTS[int(rng.integers(0, len(SUBJECTS)))]
    action = ACTIONS[int(rng.integers(0, len(ACTIONS)))]
    colour = str(rng.choice(list(COLOURS))) if rng.random() < 0.55 else None
    size = str(rng.choice(list(SIZES))) if rng.random() < 0.15 else None
    pattern = str(rng.choice(list(PATTERNS))) if rng.random() < 0.15 else None
    return Actor(subject.name, action.name, colour, size, pattern)


def describe(rng: Rng) -> Description:
    """One of endless scenes: mostly one actor, always doing something somewhere."""
    count = int(rng.choice([1, 2, 3], p=[0.62, 0.3, 0.08]))
    place = PLACES[int(rng.integers(0, len(PLACES)))].name
    hour = HOURS[int(rng.integers(0, len(HOURS)))].name if rng.random() < 0.5 else None
    return Description(tuple(_actor(rng) for _ in range(count)), place, hour)


def prompts(rng: Rng) -> Iterator[str]:
    """Endless prompts of scenes that the grammar can draw."""
    while True:
        yield describe(rng).text
