"""Every command of the window as a row of one table: name, words, keys, icon, tip.

The window builds menus and buttons from these; what a command does is connected in one place, the window.
Keys follow the editors that artists know (Space, JKL, arrows, Home and End are the timeline's).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from app.theme import icon
from renderer.gl.moment import Mode
from renderer.look import Paint


@dataclass(frozen=True)
class Command:
    """A row: `keys` in Qt's portable spelling, the first is shown; with a `scope`, they count in that panel only."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    scope: str = ""


COMMANDS = (
    Command("open", "&Open project…", ("Ctrl+O",), "open", "Open a project folder"),
    Command("new_project", "&New project…", ("Ctrl+N",), "generate", "Begin a project from a prompt"),
    Command("show_generate", "&Prompt…", ("Ctrl+G",), "", "Show the Generate panel, with the cursor in the prompt"),
    Command("generate", "&Generate", ("Ctrl+Shift+G",), "generate", "Have the takes made that the panel describes"),
    Command("fetch_model", "Fetch a &model…", (), "", "Bring a published video model here, once you agree to its size"),
    Command(
        "train_model",
        "&Train the pixel model…",
        (),
        "",
        "Have the pixel model learn from made-up scenes, for as long as you like",
    ),
    Command("random_seed", "Random &seed", ("Ctrl+D",), "dice", "Pick another seed at random"),
    Command("extend_left", "Extend &left", ("Alt+Left",), "extend_left", "Eight new frames before the first one"),
    Command("extend_right", "Extend &right", ("Alt+Right",), "extend_right", "Eight new frames after the last one"),
    Command("extend", "&Extend both ways", ("Ctrl+Shift+E",), "", "Extend both ways up to the wanted sweep"),
    Command("in_between", "&Insert frames", ("Ctrl+Shift+I",), "", "A new frame after each of the selected frames"),
    Command("vary", "&Variation", ("Ctrl+B",), "", "The same request with the panel's seed"),
    Command("recall", "Re&call", ("Ctrl+J",), "", "Put this take's prompt, settings and seed into the panel"),
    Command("remix", "Re&mix", ("Ctrl+Shift+J",), "", "As recall, but with another seed"),
    Command("accept_candidate", "&Accept", ("Alt+Return",), "accept", "Use this candidate in its take's place"),
    Command("lift", "&Lift two videos…", ("Ctrl+L",), "lift", "Lift a reference and a freeze-time video into a scene"),
    Command(
        "resume",
        "&Go on with the lift",
        ("Ctrl+Shift+L",),
        "lift",
        "Go on from the lift's checkpoint",
    ),
    Command("start_lift", "S&tart the lift", ("Ctrl+Shift+Return",), "lift", "Lift what this project has chosen"),
    Command(
        "solve_cameras", "Solve the &cameras", ("Ctrl+Shift+M",), "", "Solve the freeze-time cameras by themselves"
    ),
    Command(
        "import_cameras", "Cameras of another &program…", (), "", "Use a COLMAP model, transforms.json or cameras.json"
    ),
    Command("solve_instead", "Solve them &instead", (), "", "Leave the imported cameras and solve these frames again"),
    Command("drop_lost", "&Drop the selected cameras' frames", (), "", "Leave the frames selected in Poses out"),
    Command("pause_lift", "&Pause the lift", ("Ctrl+Shift+.",), "", "Let the lift wait, or go on when it waits"),
    Command("keep_snapshot", "&Keep a picture", ("Ctrl+Shift+K",), "", "Keep a picture of the lift as it is now"),
    Command("cancel_lift", "&Cancel the lift…", ("Ctrl+Shift+X",), "", "Stop the lift and throw it away"),
    Command("swap_runs", "&A / B", ("Alt+B",), "", "Show the other one of two chosen runs in the same view"),
    Command(
        "fork_run",
        "&Fork the run",
        ("Ctrl+Shift+F",),
        "",
        "Take over what this run was made of, and how, to change it",
    ),
    Command("measure", "&Measure…", ("Ctrl+M",), "", "Evaluate against held-out frames, ablate, make a user study"),
    Command("export", "&Render and export…", ("Ctrl+E",), "film", "Render films, frames, pictures; export splats"),
    Command("run_queue", "&Hold the queue", ("Ctrl+Shift+Q",), "", "Start the queue, or start nothing more"),
    Command("job_up", "Earlier", ("Alt+Up",), "", "Let this job run earlier"),
    Command("job_down", "Later", ("Alt+Down",), "", "Let this job run later"),
    Command("retry_job", "Retry", ("Ctrl+Shift+R",), "", "Do this job again; a lift goes on from its checkpoint"),
    Command("remove_job", "Remove", ("Ctrl+Shift+Delete",), "", "Take this job off the list"),
    Command("copy_job", "Copy as command line", ("Ctrl+Shift+C",), "", "The words that do this job in a terminal"),
    Command("clear_jobs", "Clear history", (), "", "Forget every job that is over"),
    Command("stop_lift", "&Stop the lift", ("Ctrl+.",), "stop", "Stop after writing a checkpoint; lift again to go on"),
    Command("import", "&Import videos…", ("Ctrl+I",), "import", "Bring videos, or a folder of images, in as takes"),
    Command("paste", "&Paste videos", ("Ctrl+V",), "", "Bring the copied video files in as takes"),
    Command("sample", "Open the &sample", (), "sample", "Lift the small scene that ships with Splatime"),
    Command(
        "pack",
        "Pac&k into one file…",
        ("Ctrl+Shift+S",),
        "",
        "Pack the project into one zip file; checkpoints and lifts of ablations stay out",
    ),
    Command("unpack", "Open a pac&ked project…", ("Ctrl+Shift+O",), "", "Make a project folder from a packed project"),
    Command("relink", "Find &missing videos…", (), "", "Find videos that are gone, by their content"),
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
    Command("star", "&Star", ("S",), "star", "Star the take, or take the star back", True, "takes"),
    Command("reject", "Re&ject", ("X",), "reject", "Reject the take, or take it back", True, "takes"),
    Command(
        "stabilise", "Take out the s&hake", (), "", "A new reference take, held to this frame; for a camera that shook"
    ),
    Command("use_reference", "Use as &reference", ("Ctrl+R",), "film", "Make this take the reference video"),
    Command("use_freeze_time", "Use as &freeze-time", ("Ctrl+F",), "freeze", "Make this take the freeze-time video"),
    Command("compare", "&Compare", ("C",), "compare", "Compare the two selected takes, or end it", True),
    Command("next_compare", "Compare &another way", ("Shift+C",), "", "Side by side, wipe, difference"),
    Command("swap", "S&wap the two takes", ("Alt+C",), "swap", "Swap the take under review with the other one"),
    Command("set_in", "Set &in", ("I", "["), "in", "The used frames begin here"),
    Command("set_out", "Set &out", ("O", "]"), "out", "The used frames end here"),
    Command("go_in", "Go to in", ("Shift+I",), "", "To the first used frame"),
    Command("go_out", "Go to out", ("Shift+O",), "", "To the last used frame"),
    Command("clear_trim", "Use &all frames", ("Alt+X",), "", "Clear the trim and restore dropped frames"),
    Command(
        "drop_frames",
        "&Drop frames",
        ("Del", "Backspace"),
        "drop",
        "Drop the selected frames, or restore them",
        False,
        "filmstrip",
    ),
    Command("lock_frames", "&Lock frames", ("Shift+K",), "lock", "Keep the selected frames in re-rolls, or not"),
    Command("pick_canonical", "Pick canonical fra&me", ("M",), "diamond", "The shared moment of both videos is here"),
    Command("reroll", "Re-&roll frames", ("Ctrl+Return",), "reroll", "Make the unlocked selected frames anew"),
    Command("colour", "C&olour", ("4",), "", "Paint the splats in their colours", True),
    Command("centres", "C&entres", ("5",), "", "Paint each splat as a dot at its centre", True),
    Command("depth", "&Depth", ("6",), "", "Paint the splats by depth, near is bright", True),
    Command("deformation", "Defor&mation", ("7",), "", "Paint the splats by how far they are moved", True),
    Command("show_cameras", "Freeze-time &cameras", ("Shift+G",), "camera", "Show the freeze-time cameras", True),
    Command("show_grid", "&Grid", ("G",), "grid", "Show a grid on the ground", True),
    Command("show_trails", "Motion &trails", ("T",), "trails", "Show the ways that splats go in time", True),
    Command("fly", "&Fly", ("V",), "fly", "A left drag looks around; W A S D and Q E move. Off: it orbits", True),
    Command("source", "&Source frame", ("B",), "source", "Lay the source frame over: blend, wipe, difference, off"),
    Command("flat", "Or&thographic", ("Num+5",), "", "Look without perspective, or with it again", True),
    Command("from_front", "From the f&ront", ("Num+1",), "", "Look as the reference camera does"),
    Command("from_right", "From the r&ight", ("Num+3",), "", "Look from the right"),
    Command("from_top", "From the to&p", ("Num+7",), "", "Look from above"),
    Command(
        "add_key",
        "&Add a camera key",
        ("Return", "Enter"),
        "key_add",
        "Add a key of this view to the camera path",
        False,
        "viewport",
    ),
    Command("update_key", "&Set the key to this view", ("U",), "through", "Give the selected key the present view"),
    Command(
        "remove_key",
        "&Remove the key",
        ("Shift+Return", "Shift+Enter"),
        "key_remove",
        "Remove the selected key",
        False,
        "viewport",
    ),
    Command("previous_key", "&Previous key", ("<",), "previous", "To the key before"),
    Command("next_key", "&Next key", (">",), "next", "To the next key"),
    Command("shot_loop", "&Loop", ("P",), "repeat", "Lead the camera back to its first key", True),
    Command("import_path", "&Import a camera path…", (), "import", "Keys from nerfstudio, Splatime or COLMAP files"),
    Command("export_path", "&Export the camera path…", (), "", "For splatime render, nerfstudio or COLMAP"),
    Command("curate", "&Curate", ("Ctrl+1",), "", "Curate: choose takes and trim their frames", True),
    Command("poses", "&Poses", ("Ctrl+2",), "", "Poses: look at the solved freeze-time cameras", True),
    Command("lifting", "&Lift", ("Ctrl+3",), "", "Lift: make the scene and watch it grow", True),
    Command("shot", "&Shot", ("Ctrl+4",), "", "Shot: lay a camera path and film it", True),
    Command("reset_workspace", "&Reset workspace", (), "", "Put the panels of this workspace back in their places"),
    Command("full_screen", "F&ull screen", ("F11",), "", "Fill the screen", True),
    Command("palette", "&Command palette", ("Ctrl+Shift+P",), "", "Find a command by some of its letters"),
    Command("preferences", "&Preferences", ("Ctrl+,",), "", "The look, and which key does what"),
    Command("doctor", "&Doctor", (), "", "What this machine has and lacks"),
    Command("keys", "&Keys and mouse", ("?", "F1"), "", "What keys and mouse do"),
    Command("about", "&About Splatime"),
)


MODES = {"canonical": Mode.CANONICAL, "per_frame": Mode.PER_FRAME, "temporal": Mode.TEMPORAL}
PAINTS = {paint.value: paint for paint in Paint}
MARKS = {"show_cameras": "cameras", "show_grid": "grid", "show_trails": "trails"}
WORKSPACE_OF = {"curate": "curate", "poses": "poses", "lifting": "lift", "shot": "shot"}


def make_actions(parent: QObject) -> dict[str, QAction]:
    """One action a row, owned by `parent`, with the key in its tooltip."""
    made = {}
    for row in COMMANDS:
        action = QAction(row.text, parent)
        action.setObjectName(row.name)
        action.setShortcuts([QKeySequence(key) for key in row.keys])
        action.setCheckable(row.checkable)
        if row.scope:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
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
