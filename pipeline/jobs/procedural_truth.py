"""The exact truth of a project whose chosen takes "Demo: procedural" made: `python -m pipeline.jobs.procedural_truth`.

Writes a scene folder as `pipeline.generate.procedural` does: both videos without faults, ten views that neither shows,
scene.json for `evaluate --scene`, and truth.json with the exact cameras. What the frames show is read from the takes'
provenance, through re-rolls and extensions; nothing is estimated.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.generate import procedural_fast
from pipeline.generate.procedural_provider import Scene, State, scene_of, view_of
from pipeline.generate.provider import Frames
from pipeline.jobs.generate import origin_of
from pipeline.project import media, project_file
from pipeline.project.atomic import atomic_file
from pipeline.project.project import Project
from pipeline.project.take import Take
from renderer.errors import Refusal

HELD_OUT = 10
_RAYS = 3


@dataclass(frozen=True)
class Known:
    """What both takes of a project show, frame by frame."""

    scene: Scene
    reference: tuple[State, ...]
    freeze_time: tuple[State, ...]
    size: tuple[int, int]
    fps: float

    @property
    def canonical(self) -> tuple[int, int]:
        """(reference frame, freeze-time frame) of least difference in time and angle."""
        moment = self.freeze_time[0].time
        frame = int(np.argmin([abs(state.time - moment) for state in self.reference]))
        angle = self.reference[frame].angle
        return frame, int(np.argmin([abs(state.angle - angle) for state in self.freeze_time]))

    def held_out(self) -> list[tuple[int, float, State]]:
        """(freeze-time frame, reference frame, state): spread over both, away from the shared moment and its view."""
        last, shared = len(self.reference) - 1, self.canonical[0]
        views = []
        for index, camera in enumerate(np.linspace(0, len(self.freeze_time) - 1, HELD_OUT).round().astype(int)):
            place = (0.618034 * index + 0.2) % 1 * last
            if abs(place - shared) < 0.1 * last:
                place = (place + 0.4 * last) % last
            place = round(place * 2) / 2
            time = float(np.interp(place, range(last + 1), [state.time for state in self.reference]))
            views.append((int(camera), place, State(time, self.freeze_time[camera].angle)))
        return views


def known_of(project: Project) -> Known:
    """What the chosen takes show; raises `Refusal` when one is missing or was not made from a procedural scene."""
    cut = project.cut
    if cut.reference is None or cut.freeze_time is None:
        raise Refusal("Choose a reference and a freeze-time take first; the truth of a pair is written.")
    reference, freeze = project.take(cut.reference), project.take(cut.freeze_time)
    (scene, still), (other, circled) = _states(project, reference), _states(project, freeze)
    if scene != other:
        raise Refusal("The two chosen takes show different scenes; generate the freeze-time take from the reference.")
    return Known(scene, still, circled, reference.clip.size, reference.clip.fps)


def _states(project: Project, take: Take) -> tuple[Scene, tuple[State, ...]]:
    found = [scene_of(origin_of(project, take.id, frame)) for frame in range(take.clip.n_frames)]
    shown = [pair for pair in found if pair is not None]
    if not found or len(shown) < len(found) or len({scene for scene, _state in shown}) > 1:
        raise Refusal(f"Not every frame of {take.title} was drawn by Demo: procedural, so its truth is not known.")
    return shown[0][0], tuple(state for _scene, state in shown)


def write(known: Known, folder: Path) -> None:
    """Write the scene folder (H.264 4:4:4, crf 12)."""
    views = known.held_out()
    videos = {
        "reference.mp4": known.reference,
        "freeze_time.mp4": known.freeze_time,
        "held_out.mp4": [state for _camera, _place, state in views],
    }
    for name, states in videos.items():
        frames = (_frame(known, state) for state in states)
        media.write_video(folder / name, frames, known.fps, crf=12, full_chroma=True)
    frame, view = known.canonical
    entries = [
        {"frame": index, "camera_freeze_frame": camera, "reference_frame": place}
        for index, (camera, place, _state) in enumerate(views)
    ]
    scene = {
        "prompt": known.scene.prompt,
        "source": "synthetic: takes of Demo: procedural",
        "size": list(known.size),
        "canonical_reference_frame": frame,
        "canonical_freeze_frame": view,
        "held_out": entries,
    }
    truth = {
        "reference_camera": _camera(known, known.reference[frame]),
        "freeze_cameras": [_camera(known, state) for state in known.freeze_time],
    }
    for name, data in (("scene.json", scene), ("truth.json", truth)):
        with atomic_file(folder / name) as file:
            file.write((json.dumps(data, indent=1) + "\n").encode())


def _frame(known: Known, state: State) -> Frames:
    world, camera = view_of(known.scene, state, known.size)
    frame: Frames = procedural_fast.film(world, [state.time], [camera], _RAYS).rgb[0]
    return frame


def _camera(known: Known, state: State) -> dict[str, Any]:
    data: dict[str, Any] = view_of(known.scene, state, known.size)[1].to_json()
    return data


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one scene folder; 0 when done, 1 with a sentence when there is no truth to write."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.jobs.procedural_truth", description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("folder", type=Path, help="where the scene is written")
    options = parser.parse_args(arguments)
    try:
        write(known_of(project_file.load(options.project)), options.folder)
    except Refusal as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.write(f"Wrote {options.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
