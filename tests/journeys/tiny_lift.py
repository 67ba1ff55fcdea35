"""The program with a lift of seconds: a tiny scene, a few dozen steps, exact cameras. For journeys that need a lift.

`python -m tests.journeys.tiny_lift lift ...` is `main.py` in a process that can be killed for real, and with the words
`worker -` it is the window's worker: KILL_AT in its
environment names where it ends itself by SIGKILL: `poses`, a count of training steps, or `checkpoint`, half way
through writing one.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from pipeline.generate.procedural import Scenario
from pipeline.lift.schedule import Schedule, preset
from pipeline.poses.solved import FrameFit, SolvedPoses

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
    home = scenario.reference_camera
    seen = [scenario.freeze_frame(k) for k in range(scenario.n_freeze)]
    scale = 1.0 / float(np.median(seen[scenario.canonical_freeze_frame].depth))
    cameras, points, colours, pixels = {}, [], [], []
    rng = np.random.default_rng(0)
    for k, truth in enumerate(seen):
        pose = home.camera_from_world @ scenario.freeze_camera(k).world_from_camera
        pose[:3, 3] *= scale
        cameras[k] = scenario.freeze_camera(k).posed(pose)
        y, x = (rng.integers(0, n, 150) for n in scenario.size)
        world = truth.points[y, x] @ home.camera_from_world[:3, :3].T + home.camera_from_world[:3, 3]
        points.append(world * scale)
        colours.append(truth.rgb[y, x])
        pixels.append(np.stack([x, y], 1) + 0.5)
    count = 150 * len(seen)
    return SolvedPoses(
        cameras=cameras,
        canonical=scenario.canonical_freeze_frame,
        points=np.concatenate(points).astype(np.float32),
        point_rgb=np.concatenate(colours),
        point_errors=np.full(count, 0.1, np.float32),
        track_offsets=np.arange(count + 1, dtype=np.int64),
        track_frames=np.repeat(np.arange(len(seen), dtype=np.int32), 150),
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
    poses.solve = lambda *_, **__: _die() if place == "poses" else exact_poses(SCENARIO)
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
