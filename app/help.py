"""Texts of the Help menu, made from the command table so that they can't disagree with the keys."""

from __future__ import annotations

import html

from app.actions import COMMANDS
from app.mouse_maps import told
from app.shortcuts import Keys, effective, plain

MOUSE = (
    ("Wheel", "zoom; Ctrl + wheel orbits, Shift + wheel pans"),
    ("W A S D, Q E", "fly; Shift faster, Alt slower"),
    ("Click on a camera, on an axis of the gizmo", "look through it, look along it"),
    ("Double click", "look at what is under the pointer and turn about it"),
)


def keys_text(changed: Keys, mouse: str) -> str:
    """A table of mouse and keys, rich text; `changed` as in `shortcuts`, `mouse` names one of `mouse_maps.MAPS`."""
    keys = effective(changed)
    rows = [_row(keys, words) for keys, words in (*told(mouse), *MOUSE)]
    rows += [_row(", ".join(keys[row.name]), row.tip or plain(row)) for row in COMMANDS if keys[row.name]]
    return f"<table cellspacing='0' cellpadding='3'>{''.join(rows)}</table>"


def about_text(backend: str) -> str:
    """What this program is."""
    return (
        "<b>Splatime</b><br>Lifts a reference video and a freeze-time video into a scene of deformable Gaussian "
        f"splats that can be seen from elsewhere, at any of its times.<br><br>Drawn by {html.escape(backend)}."
        "<br>Apache-2.0"
    )


def _row(keys: str, words: str) -> str:
    return f"<tr><td><b>{html.escape(keys)}</b>&nbsp;&nbsp;&nbsp;</td><td>{html.escape(words)}</td></tr>"
