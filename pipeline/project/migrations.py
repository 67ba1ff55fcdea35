"""Older project.json files made readable: one pure function a schema, each from its own schema to the next.

They work on plain data, before any type is checked, and touch only what they know; whatever looks odd is left for
`codec` to refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]


def frames_to_takes(data: Data) -> Data:
    """1 to 2: a trim, and what was noted, belong to the take that they speak of and no longer to its role."""
    cut, takes = data.get("cut", {}), data.get("takes", [])
    if not isinstance(cut, dict) or not isinstance(takes, list):
        return data
    curated: dict[str, Data] = {}
    for take in takes:
        if isinstance(take, dict) and isinstance(take.get("id"), str):
            take.pop("rating", None)  # no version ever wrote another one than 0
            notes = take.pop("notes", "")
            if notes:
                curated[take["id"]] = {"take": take["id"], "notes": notes}
    for role in ("reference", "freeze_time"):
        frames, chosen = cut.pop(f"{role}_frames", None), cut.get(role)
        if frames is not None:
            name = chosen if isinstance(chosen, str) else ""
            curated.setdefault(name, {"take": name})["frames"] = frames
    if curated:
        cut["curated"] = list(curated.values())
    return data


def context_to_sources(data: Data) -> Data:
    """2 to 3: the takes that a request goes on from are its sources; its context is that of the model's training."""
    takes = data.get("takes", [])
    for take in takes if isinstance(takes, list) else []:
        request = take.get("request") if isinstance(take, dict) else None
        if isinstance(request, dict):
            request.pop("known_frames", None)  # no version ever wrote any
            if isinstance(request.get("context"), list):
                request["sources"] = request.pop("context")
    return data


STEPS: dict[int, Callable[[Data], Data]] = {1: frames_to_takes, 2: context_to_sources}


def migrated(data: Data, schema: int, wanted: int) -> Data:
    """`data` of `schema` as `wanted` has it, step by step."""
    for step in range(schema, wanted):
        data = STEPS[step](data)
    return data
