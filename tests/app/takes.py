"""Small takes with pictures in them, for tests of curation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.project import edits, media, project_file
from pipeline.project.library import completed, keep
from pipeline.project.project import Project
from tests.renderer.gl.synthetic import synthetic_snapshot


def video(path: Path, frames: int = 8, tint: int = 0, size: tuple[int, int] = (36, 64)) -> Path:
    """Frame i has a white bar at column 6 i on a tinted ground."""
    pictures = np.full((frames, *size, 3), 40, np.uint8)
    pictures[..., tint] = 120
    for index in range(frames):
        pictures[index, :, 6 * index : 6 * index + 4] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    media.write_lossless(path, pictures, 24.0)
    return path


def project_of_takes(folder: Path, *, extra: int = 0) -> Project:
    """A project with a reference take of 8 frames and a freeze-time take of 6, both chosen, and `extra` more."""
    project_file.update(folder, lambda known: known)
    wanted = [("reference", 8, 0), ("freeze_time", 6, 1)] + [("freeze_time", 5 + i, 2) for i in range(extra)]
    for number, (kind, frames, tint) in enumerate(wanted):
        source = video(folder.parent / "sources" / f"{number}.mkv", frames, tint)
        take = keep(folder, media.probe(source), kind)
        project_file.update(folder, lambda known, take=take: edits.add_take(known, take))  # type: ignore[misc]
    return project_file.update(folder, completed)


def write_run(folder: Path, step: int = 1200) -> None:
    """A run of the project whose snapshot is the synthetic scene; the shared moment is reference frame 3."""
    snapshot = synthetic_snapshot(900, step=step)
    info = {**snapshot.info, "canonical_reference_frame": 3}
    replace(snapshot, info=info).save(folder / "runs" / "r1" / "snapshot.safetensors")
