"""Who can make videos, as the window asks it: the list, and what one of them can do with its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.generate.provider import Ability
from pipeline.generate.registry import adjusted, find, rows
from renderer.errors import Refusal


@dataclass(frozen=True)
class Choice:
    """A provider by name and title; `why` it cannot be used, empty when it can."""

    name: str
    title: str
    why: str = ""


def choices() -> tuple[Choice, ...]:
    """The providers there are; one that lacks a package is listed with the sentence that says so."""
    listed = []
    for row in rows():
        try:
            listed.append(Choice(row.name, find(row.name).ability.title))
        except Refusal as refusal:
            listed.append(Choice(row.name, row.name, str(refusal)))
    return tuple(listed)


class Abilities:
    """What providers can do with their options; the last answer is kept, since it is asked for at every gesture."""

    def __init__(self) -> None:
        self._asked: tuple[str, dict[str, Any]] | None = None
        self._answer: tuple[Ability | None, str] = None, ""

    def of(self, name: str, options: Mapping[str, Any]) -> tuple[Ability | None, str]:
        """(the ability, why nothing can be made); without usable options the ability is that of none."""
        asked = name, dict(options)
        if asked != self._asked:
            self._asked, self._answer = asked, _asked(name, options)
        return self._answer


def _asked(name: str, options: Mapping[str, Any]) -> tuple[Ability | None, str]:
    try:
        provider = find(name)
    except Refusal as refusal:
        return None, str(refusal)
    try:
        ability = adjusted(provider, options).ability
    except Refusal as refusal:
        return provider.ability, str(refusal)
    return ability, ability.needs
