"""What a project holds, as plain data: takes, the shared moment, runs with their figures, renders."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pipeline.jobs.cameras import verdict_in
from pipeline.jobs.spec import MESSAGES, RUNS, SNAPSHOT, CamerasJob
from pipeline.project.project import Project
from pipeline.project.project_file import load
from pipeline.project.take import Take
from renderer.errors import Refusal

_TAIL_BYTES = 65536


def about(folder: Path) -> dict[str, Any]:
    """Facts about the project in a folder; raises `Refusal` when there is none."""
    project = load(folder)
    cut = project.cut
    return {
        "project": str(folder.resolve()),
        "takes": [_take(project, take) for take in project.takes],
        "canonical_reference_frame": cut.canonical_reference_frame,
        "canonical_freeze_frame": cut.canonical_freeze_frame,
        "preset": cut.lift.preset,
        "cameras": _cameras(folder, project),
        "runs": _runs(folder, project),
        "renders": [render.path.as_posix() for render in project.renders],
    }


def _take(project: Project, take: Take) -> dict[str, Any]:
    roles = {project.cut.reference: "reference", project.cut.freeze_time: "freeze-time"}
    height, width = take.clip.size
    return {
        "id": take.id,
        "kind": take.request.kind,
        "used_as": roles.get(take.id),
        "frames": take.clip.n_frames,
        "width": width,
        "height": height,
        "fps": take.clip.fps,
        "present": Path(take.clip.path).is_file(),
    }


def _cameras(folder: Path, project: Project) -> dict[str, Any] | None:
    """The verdict on the cameras of the frames that are used now; None where they are not reported yet."""
    try:
        report = CamerasJob.from_project(project, folder).report_path
    except Refusal:
        return None
    found = verdict_in(report)
    if found is None:
        return None
    reasons = [str(reason) for reason in found.reasons]
    return {"score": found.score, "word": found.word, "reasons": reasons, "report": str(report)}


def _runs(folder: Path, project: Project) -> list[dict[str, Any]]:
    """Finished runs in order, then the folders of lifts that did not finish."""
    finished = {run.id: run for run in project.runs}
    rows = []
    for run in project.runs:
        settings = run.settings
        rows.append(
            {"id": run.id, "finished": True, "preset": settings.preset, "seed": settings.seed, **dict(run.figures)}
        )
    root = folder / RUNS
    others = sorted(entry.name for entry in os.scandir(root) if entry.is_dir()) if root.is_dir() else []
    rows += [{"id": name, "finished": False, **_where(root / name)} for name in others if name not in finished]
    for row in rows:
        row["scene"] = (root / str(row["id"]) / SNAPSHOT).is_file()
    return rows


def _where(run: Path) -> dict[str, Any]:
    """How far an unfinished run came, from the last progress in its log."""
    path = run / MESSAGES
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().splitlines()
    for line in reversed(lines):
        try:
            data = json.loads(line)
        except ValueError:
            continue  # the first line of the tail may be cut, the last half written
        if isinstance(data, dict) and data.get("type") == "progress":
            return {key: data.get(key) for key in ("stage", "step", "steps", "psnr", "splats")}
    return {}
