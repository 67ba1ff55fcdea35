"""What can be done now, decided from facts about the window; a pure function, the window applies what it says.

Panels that know more of their own commands (keys of a path, jobs of the queue) narrow it further themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

PLAYS = (
    "play", "backward", "pause", "forward", "previous_frame", "next_frame", "back_ten", "forward_ten", "first_frame",
    "last_frame",
)  # fmt: skip
TAKE = (
    "star", "reject", "stabilise", "use_reference", "use_freeze_time", "set_in", "set_out", "go_in", "go_out",
    "clear_trim", "drop_frames", "lock_frames",
)  # fmt: skip
SCENE = (
    "reset_view", "frame_scene", "previous_camera", "next_camera", "canonical", "temporal",
    "colour", "centres", "depth", "deformation", "show_cameras", "show_grid", "show_trails", "fly", "source",
    "from_front", "from_right", "from_top", "flat",
)  # fmt: skip
PROJECT = ("close", "pack", "relink", "measure")
WORKSPACES = ("curate", "poses", "lifting", "shot")


@dataclass(frozen=True)
class Facts:
    """`named`: a project is open or being made; `curating`: takes stand in the middle; `take`: one is reviewed there;
    `lifting`: a lift of any program runs; `here`: this window runs it."""

    named: bool = False
    project: bool = False
    has_run: bool = False
    scene: bool = False
    freeze_frames: bool = False
    curating: bool = False
    take: bool = False
    lifting: bool = False
    here: bool = False
    resumable: bool = False
    can_undo: bool = False
    can_redo: bool = False


def possible(facts: Facts) -> dict[str, bool]:
    """Which commands can be given, by name; a command that is not named is another part's to decide."""
    take = facts.curating and facts.take
    groups = (
        (PLAYS, take if facts.curating else facts.scene), (TAKE, take), (SCENE, facts.scene),
        (PROJECT, facts.project), (WORKSPACES, facts.named),
    )  # fmt: skip
    found = {name: on for names, on in groups for name in names}
    return found | {
        "per_frame": facts.freeze_frames,
        "resume": facts.resumable,
        "stop_lift": facts.here,
        "lift": not facts.here,
        "undo": facts.can_undo,
        "redo": facts.can_redo,
    }


def waiting(facts: Facts) -> tuple[str, str, str] | None:
    """What stands where a scene would: title, lead, and the way on ("", "lift" or "resume"); None without a project."""
    if facts.lifting:
        return "Lifting…", "The first picture of the scene appears here within a minute or two.", ""
    if not facts.project:
        return None
    if facts.has_run:
        return "Opening the scene…", "It is being read.", ""
    lead = "Lift its two videos, and the scene appears here as it grows."
    return "Nothing is lifted in this project yet", lead, "resume" if facts.resumable else "lift"
