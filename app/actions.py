"""Every command of the window as a row of one table: name, words, keys, icon, tip.

The window builds menus and buttons from these; what a command does is connected in one place, the window.
Keys follow the editors that artists know (Space, JKL, arrows, Home and End are the timeline's).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from app.theme import icon
from renderer.gl.moment import Mode


@dataclass(frozen=True)
class Command:
    """A row: `keys` in Qt's portable spelling, the first one is shown."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False


COMMANDS = (
    Command("open", "&Open project…", ("Ctrl+O",), "open", "Open a project folder"),
    Command("lift", "&Lift two videos…", ("Ctrl+L",), "lift", "Lift a reference and a freeze-time video into a scene"),
    Command(
        "resume",
        "&Go on with the lift",
        ("Ctrl+Shift+L",),
        "lift",
        "Go on from the lift's checkpoint",
    ),
    Command("stop_lift", "&Stop the lift", ("Ctrl+.",), "stop", "Stop after writing a checkpoint; lift again to go on"),
    Command("sample", "Open the &sample", (), "sample", "Lift the small scene that ships with Splatime"),
    Command("close", "&Close project", ("Ctrl+W",), "", "Close this project"),
    Command("quit", "&Quit", ("Ctrl+Q",), "", "Leave Splatime"),
    Command("undo", "&Undo", ("Ctrl+Z",)),
    Command("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Command("play", "&Play / pause", ("Space",), "play", "Play or pause"),
    Command("backward", "Play &backward, faster", ("J",), "", "Play backward; again: twice as fast"),
    Command("pause", "&Pause", ("K",), "pause", "Pause"),
    Command("forward", "Play &forward, faster", ("L",), "", "Play forward; again: twice as fast"),
    Command("previous_frame", "P&revious frame", ("Left", ","), "step_back", "One reference frame back"),
    Command("next_frame", "&Next frame", ("Right", "."), "step_forward", "One reference frame forward"),
    Command("back_ten", "Ten frames back", ("Shift+Left",)),
    Command("forward_ten", "Ten frames forward", ("Shift+Right",)),
    Command("first_frame", "&First frame", ("Home",), "first", "To the first frame"),
    Command("last_frame", "&Last frame", ("End",), "last", "To the last frame"),
    Command("reset_view", "&Reset view", ("Shift+F",), "home", "Back to the reference camera"),
    Command(
        "frame_scene", "&Frame the scene", ("F",), "focus", "Look at the middle of the scene from the home distance"
    ),
    Command("previous_camera", "Previous freeze-time camera", ("PgUp",), "previous", "Previous freeze-time camera"),
    Command("next_camera", "Next freeze-time camera", ("PgDown",), "next", "Next freeze-time camera"),
    Command("canonical", "&Canonical", ("1",), "", "The scene at the shared moment, without motion", True),
    Command(
        "per_frame", "&Per-frame", ("2",), "", "As the picked freeze-time frame saw it, with its inconsistencies", True
    ),
    Command("temporal", "&Temporal", ("3",), "", "The scene in motion, at the time on the rail", True),
    Command("curate", "&Curate", ("Ctrl+1",), "", "Curate: choose takes and trim their frames", True),
    Command("poses", "&Poses", ("Ctrl+2",), "", "Poses: look at the solved freeze-time cameras", True),
    Command("lifting", "&Lift", ("Ctrl+3",), "", "Lift: make the scene and watch it grow", True),
    Command("shot", "&Shot", ("Ctrl+4",), "", "Shot: lay a camera path and film it", True),
    Command("reset_workspace", "&Reset workspace", (), "", "Put the panels of this workspace back in their places"),
    Command("full_screen", "F&ull screen", ("F11",), "", "Fill the screen", True),
    Command("keys", "&Keys and mouse", ("?", "F1"), "", "What keys and mouse do"),
    Command("about", "&About Splatime"),
)


MODES = {"canonical": Mode.CANONICAL, "per_frame": Mode.PER_FRAME, "temporal": Mode.TEMPORAL}
WORKSPACE_OF = {"curate": "curate", "poses": "poses", "lifting": "lift", "shot": "shot"}
NEEDS_SCENE = (
    "play", "backward", "pause", "forward", "previous_frame", "next_frame", "back_ten", "forward_ten", "first_frame",
    "last_frame", "reset_view", "frame_scene", "previous_camera", "next_camera", "canonical", "temporal",
)  # fmt: skip


def make_actions(parent: QObject) -> dict[str, QAction]:
    """One action a row, owned by `parent`, with the key in its tooltip."""
    made = {}
    for row in COMMANDS:
        action = QAction(row.text, parent)
        action.setObjectName(row.name)
        action.setShortcuts([QKeySequence(key) for key in row.keys])
        action.setCheckable(row.checkable)
        plain = row.tip or row.text.replace("&", "").rstrip("…")
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{plain} ({key})" if key else plain)
        made[row.name] = action
    refresh_icons(made)
    return made


def refresh_icons(actions: dict[str, QAction]) -> None:
    """Draw the icons again, in the present theme's colour."""
    for row in COMMANDS:
        if row.icon:
            actions[row.name].setIcon(icon(row.icon))
            actions[row.name].setIconVisibleInMenu(False)
