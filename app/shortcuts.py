"""Which keys do what: the command table with the person's own changes on it, and where two commands want one key.

Pure but for `apply`. Keys are in Qt's portable spelling.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction, QKeySequence

from app.actions import COMMANDS, Command

Keys = Mapping[str, tuple[str, ...]]
BY_NAME: dict[str, Command] = {row.name: row for row in COMMANDS}


def effective(changed: Keys) -> dict[str, tuple[str, ...]]:
    """Every command's keys; `changed` has those of commands that the person gave others."""
    return {row.name: normal(changed.get(row.name, row.keys)) for row in COMMANDS}


def with_keys(changed: Keys, name: str, keys: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The changes with this one too; the table's own keys are no change."""
    rest = {known: some for known, some in changed.items() if known != name}
    return rest if normal(keys) == normal(BY_NAME[name].keys) else {**rest, name: normal(keys)}


def rivals(changed: Keys, name: str) -> list[str]:
    """The commands that share a key with this one where both could hear it; their names."""
    keys, own = effective(changed), BY_NAME[name]

    def meets(row: Command) -> bool:
        return not row.scope or not own.scope or row.scope == own.scope

    return [row.name for row in COMMANDS if row.name != name and meets(row) and set(keys[row.name]) & set(keys[name])]


def clashes(changed: Keys) -> dict[str, list[str]]:
    """Every command with rivals, and who they are."""
    found = {row.name: rivals(changed, row.name) for row in COMMANDS}
    return {name: others for name, others in found.items() if others}


def normal(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The same keys as Qt spells them, without what it does not understand."""
    spelled = (QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) for key in keys)
    return tuple(dict.fromkeys(key for key in spelled if key))


def shown(keys: tuple[str, ...]) -> str:
    """The first key as this desktop writes it; empty without one."""
    return QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""


def plain(command: Command) -> str:
    """A command's name in words."""
    return command.text.replace("&", "").rstrip("…")


def apply(actions: Mapping[str, QAction], changed: Keys) -> None:
    """Give the actions their keys, and say them in the tooltips."""
    keys = effective(changed)
    for row in COMMANDS:
        action, key = actions[row.name], shown(keys[row.name])
        action.setShortcuts([QKeySequence(text) for text in keys[row.name]])
        words = row.tip or plain(row)
        action.setToolTip(f"{words} ({key})" if key else words)
