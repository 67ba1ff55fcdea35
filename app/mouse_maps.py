"""Which drag does what in the viewport, after the habits of the program that a hand comes from.

Tables only, and looking things up in them; `viewport_hand` does the deeds. Clicks, double clicks and the wheel are the
same in every map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt

TURN, ORBIT, LOOK, GLANCE, PAN, ZOOM, WALK = "turn", "orbit", "look", "glance", "pan", "zoom", "walk"
WORDS = {
    TURN: "orbit about the pivot; look around while flying",
    ORBIT: "orbit about the pivot",
    LOOK: "look around",
    GLANCE: "look around while flying",
    PAN: "pan",
    ZOOM: "zoom",
    WALK: "walk ahead and back, turn left and right",
}

_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
)
_BUTTONS = (
    (Qt.MouseButton.LeftButton, "left"),
    (Qt.MouseButton.MiddleButton, "middle"),
    (Qt.MouseButton.RightButton, "right"),
)


@dataclass(frozen=True)
class MouseMap:
    """`drags`: what a drag does, by its spelling, such as "Ctrl + middle"; modifiers in the order Ctrl, Alt, Shift."""

    title: str
    drags: Mapping[str, str]


MAPS: dict[str, MouseMap] = {
    "splatime": MouseMap("Splatime, as SuperSplat", {
        "left": TURN, "middle": ORBIT, "right": PAN, "Shift + left": PAN, "Shift + middle": PAN, "Ctrl + middle": ZOOM,
        "Alt + right": ZOOM,
    }),
    "blender": MouseMap("Blender", {
        "middle": ORBIT, "Shift + middle": PAN, "Ctrl + middle": ZOOM, "Alt + left": ORBIT, "Alt + Shift + left": PAN,
        "Ctrl + Alt + left": ZOOM, "left": GLANCE,
    }),
    "maya": MouseMap("Maya", {
        "Alt + left": ORBIT, "Alt + middle": PAN, "Alt + right": ZOOM, "left": GLANCE,
    }),
    "unreal": MouseMap("Unreal", {
        "left": WALK, "right": LOOK, "middle": PAN, "left + right": PAN, "Alt + left": ORBIT, "Alt + middle": PAN,
        "Alt + right": ZOOM,
    }),
    "postshot": MouseMap("Postshot", {"left": TURN, "middle": PAN, "right": ZOOM}),
}  # fmt: skip
DEFAULT = "splatime"


def deed_of(name: str, buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> str:
    """What a drag with these does by this map, "" for nothing.

    All that is held, else the last of the buttons with the modifiers, else the last button by itself.
    """
    held = [word for flag, word in _MODIFIERS if modifiers & flag]
    pressed = [word for flag, word in reversed(_BUTTONS) if buttons & flag]
    ways = [[*held, *reversed(pressed)], *([*held, button] for button in pressed), *([button] for button in pressed)]
    drags = MAPS[name].drags
    return next((drags[way] for way in map(" + ".join, ways) if way in drags), "")


def told(name: str) -> tuple[tuple[str, str], ...]:
    """The map in words: the drags of each deed, and what it is."""
    drags = MAPS[name].drags
    rows = []
    for deed, words in WORDS.items():
        ways = [f"{way} drag" for way, does in drags.items() if does == deed]
        if ways:
            text = ", ".join(ways)
            rows.append((text[0].upper() + text[1:], words))
    return tuple(rows)
