"""The program with a lift of seconds: a tiny scene, a few dozen steps, exact cameras. For journeys that need a lift.

`python -m tests.journeys.tiny_lift lift ...` is `main.py` in a process that can be killed for real, and with the words
`worker -` it is the window's worker. In its environment KILL_AT names where it ends itself by SIGKILL: `poses`, a count
of training steps, or `checkpoint`, half way through writing one. PROMPTED names a project whose takes "Demo:
procedural" made: the cameras are then theirs. With SOLVED=1 cameras are solved from the frames, as ever.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from pipeline.generate.procedural import Scenario
from pipeline.jobs.procedural_truth import known_of
from pipeline.lift.schedule import Schedule, preset
from pipeline.poses.solved import FrameFit, SolvedPoses
from pipeline.project.project_file import load
from renderer.camera import Camera

SCENARIO = Scenario(
    size=(54, 96), n_reference=4, n_freeze=6, n_held_out=2, sweep_degrees=25.0, supersampling=1,
    canonical_reference_frame=1, canonical_freeze_frame=2,
)  # fmt: skip
STEPS = 6


def tiny(name: str) -> Schedule:
    """The draft table with a hundredth of its steps."""
    table = preset("draft")
    return replace(
        table, name=name, phases=tuple(replace(p, steps=STEPS, growth=None) for p in table.phases), seeds=600, nodes=20
    )


def exact_poses(scenario: Scenario) -> SolvedPoses:
    """What a perfect solver returns: the true cameras in the solver's gauge, points from the true depth."""
    seen = [scenario.freeze_frame(k) for k in range(scenario.n_freeze)]
    views = [View(scenario.freeze_camera(k), truth.rgb, truth.depth) for k, truth in enumerate(seen)]
    return poses_of(views, scenario.reference_camera, scenario.canonical_freeze_frame)


def prompted_poses(home: Path) -> SolvedPoses:
    """The same of the chosen takes of a project that "Demo: procedural" made."""
    from pipeline.generate import procedural_fast
    from pipeline.generate.procedural_provider import view_of

    known = known_of(load(home))
    views = []
    for state in known.freeze_time:
        world, camera = view_of(known.scene, state, known.size)
        film = procedural_fast.film(world, [state.time], [camera], truth=True)
        assert film.depth is not None
        views.append(View(camera, film.rgb[0], film.depth[0]))
    canonical = known.canonical[1]
    return poses_of(views, views[canonical].camera, canonical)


@dataclass(frozen=True, eq=False)
class View:
    """A freeze-time frame: its camera, picture [H, W, 3] and depth [H, W]."""

    camera: Camera
    rgb: Any
    depth: Any


def poses_of(views: Sequence[View], home: Camera, canonical: int) -> SolvedPoses:
    scale = 1.0 / float(np.median(views[canonical].depth))
    cameras, points, colours, pixels = {}, [], [], []
    rng = np.random.default_rng(0)
    for k, view in enumerate(views):
        pose = home.camera_from_world @ view.camera.world_from_camera
        pose[:3, 3] *= scale
        cameras[k] = view.camera.posed(pose)
        y, x = (rng.integers(0, n, 150) for n in view.camera.size)
        pixels.append(np.stack([x, y], 1) + 0.5)
        rays = np.concatenate([pixels[-1], np.ones((150, 1))], 1) @ np.linalg.inv(view.camera.K).T
        seen = rays * (view.depth[y, x, None] * scale)
        points.append(seen @ pose[:3, :3].T + pose[:3, 3])
        colours.append(view.rgb[y, x])
    count = 150 * len(views)
    return SolvedPoses(
        cameras=cameras,
        canonical=canonical,
        points=np.concatenate(points).astype(np.float32),
        point_rgb=np.concatenate(colours),
        point_errors=np.full(count, 0.1, np.float32),
        track_offsets=np.arange(count + 1, dtype=np.int64),
        track_frames=np.repeat(np.arange(len(views), dtype=np.int32), 150),
        track_xy=np.concatenate(pixels).astype(np.float32),
        fits=tuple(FrameFit(k, "registered", 150, 0.1) for k in cameras),
        attempt="exact",
        angle=5.0,
        digest="0" * 64,
    )


def main(words: list[str]) -> int:
    """Run the program with everything made short, and die where KILL_AT says."""
    import pipeline.lift.run as lift_run
    import pipeline.lift.schedule as schedule
    import pipeline.poses.solve as poses
    from main import main as program

    place = os.environ.get("KILL_AT", "")
    for module in (lift_run, schedule):
        setattr(module, "preset", tiny)  # noqa: B010
    home = os.environ.get("PROMPTED", "")
    exact = (lambda: prompted_poses(Path(home))) if home else (lambda: exact_poses(SCENARIO))
    if os.environ.get("SOLVED") != "1":
        poses.solve = lambda *_, **__: _die() if place == "poses" else exact()
    _arm(place)
    if words[:1] == ["worker"]:
        from pipeline.jobs.worker import main as worker

        return worker(words[1:])
    return program(words)


def _arm(place: str) -> None:
    import torch

    from pipeline.lift.trainer import Trainer

    if place == "checkpoint":
        whole = torch.save

        def half(state: Any, file: Any) -> None:
            whole(state, file)
            file.truncate(file.tell() // 2)
            file.flush()
            _die()

        torch.save = half  # type: ignore[assignment]
    elif place.isdecimal():
        real, left = Trainer.step, [int(place)]

        def step(self: Trainer) -> Any:
            left[0] -= 1
            if left[0] < 0:
                _die()
            return real(self)

        Trainer.step = step  # type: ignore[method-assign]


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still here")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
