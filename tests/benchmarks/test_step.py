"""Where a step of the lift spends its time, row by row, for draft and standard on the CPU. No assertion is timed.

`OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 pytest tests/benchmarks/test_step.py -s` prints the tables of
`pipeline/lift/DESIGN.md`. It lifts a drawn scene from exact cameras with a fixed number of splats, a few steps a row.
Time is the processor's own, so that a busy machine changes it little; of each row the fastest step counts.
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch

from pipeline.generate.procedural import Scenario
from pipeline.lift import objective
from pipeline.lift.run import LiftInputs, LiftSettings, build_trainer, make_footage, resampled
from pipeline.lift.schedule import preset, undistilled
from pipeline.lift.ssim_kernels import SsimOnCpu
from renderer.diff import rasterize
from renderer.diff.deformation import NodeField
from tests.journeys.tiny_lift import exact_poses

PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "blending forward": ((rasterize, "blend_forward"),),
    "blending backward": ((rasterize, "blend_backward"), (rasterize, "gather_gradients")),
    "projection": ((rasterize, "project_forward"), (rasterize, "project_backward")),
    "binning": ((rasterize, "bin_splats"),),
    "SSIM": ((SsimOnCpu, "forward"), (SsimOnCpu, "backward")),
    "motion, forward": ((NodeField, "offsets"), (objective.Objective, "_motion_terms")),
    "Adam": ((torch.optim.Adam, "step"),),
}
CASES = {"draft": ((180, 320), 25_000), "standard": ((288, 512), 60_000)}
STEPS = 6


@contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """Seconds in each part, summed up while the block lasts; parts of parts count once."""
    spent: dict[str, float] = defaultdict(float)
    inside: list[str] = []

    def wrapped(part: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            if inside:
                return real(*given, **named)
            inside.append(part)
            start = time.process_time()
            try:
                return real(*given, **named)
            finally:
                spent[inside.pop()] += time.process_time() - start

        return timed

    with ExitStack() as stack:
        for part, places in PARTS.items():
            for owner, name in places:
                stack.enter_context(patch.object(owner, name, wrapped(part, getattr(owner, name))))
        yield spent


@pytest.mark.parametrize("name", list(CASES))
def test_where_a_step_spends_its_time(name: str) -> None:
    size, splats = CASES[name]
    scenario = Scenario(
        size=size, n_reference=4, n_freeze=6, n_held_out=2, sweep_degrees=25.0, supersampling=1,
        canonical_reference_frame=1, canonical_freeze_frame=2,
    )  # fmt: skip
    table = undistilled(preset(name))
    rows = tuple(dataclasses.replace(row, steps=STEPS, growth=None) for row in table.phases)
    table = dataclasses.replace(table, phases=rows, seeds=splats)
    reference, freeze = (np.stack(list(v)) for v in (scenario.reference_video(), scenario.freeze_time_video()))
    inputs = resampled(LiftInputs(reference, tuple(range(4)), freeze, tuple(range(6))), table.max_side)
    settings = LiftSettings(name, device="cpu", canonical_reference_frame=1, canonical_freeze_frame=2)
    poses = exact_poses(scenario)
    trainer = build_trainer(table, make_footage(inputs, settings, poses, torch.device("cpu")), poses, settings)
    best: dict[str, tuple[float, dict[str, float]]] = {}
    while not trainer.finished:
        row = trainer.phase.name
        with clocked() as spent:
            start = time.process_time()
            trainer.step()
            whole = time.process_time() - start
        if row not in best or whole < best[row][0]:
            best[row] = whole, dict(spent)
    print(f"\n{name}: {size[1]}x{size[0]} px, {len(trainer.population)} splats, {torch.get_num_threads()} threads, ms")
    print(f"{'':26}{'a step':>9}" + "".join(f"{part:>19}" for part in PARTS) + f"{'the rest':>10}")
    for row, (whole, spent) in best.items():
        parts = [1e3 * spent.get(part, 0.0) for part in PARTS]
        print(
            f"{row:26}{1e3 * whole:9.1f}" + "".join(f"{ms:19.1f}" for ms in parts) + f"{1e3 * whole - sum(parts):10.1f}"
        )
    assert len(best) == len(table.phases)
