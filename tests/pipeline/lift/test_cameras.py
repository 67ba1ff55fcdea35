"""Camera tuning: the canonical camera stays, solved ones learn at the rate they are told, guessed ones faster."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.lift.cameras import GUESSED_RATE, CameraTuning
from pipeline.lift.footage import Footage
from pipeline.lift.run import LiftInputs, LiftSettings, make_footage
from pipeline.lift.schedule import CAMERAS, SPLATS, Phase, Rates, Schedule
from pipeline.lift.trainer import Trainer
from renderer.camera import Camera
from renderer.diff.deformation import NodeField
from tests.pipeline.lift.test_trainer import footage, truth
from tests.pipeline.poses.scenes import arc
from tests.pipeline.poses.test_report import solution

CPU = torch.device("cpu")


def _stepped(guessed: tuple[int, ...]) -> CameraTuning:
    """After one step of Adam towards shifting every image."""
    tuning = CameraTuning(arc(4, 30.0), 0, CPU, guessed)
    optimiser = torch.optim.Adam(tuning.corrections, lr=1e-3)
    torch.stack([tuning.view(k).camera_from_world[0, 0, 3] for k in range(4)]).sum().backward()
    optimiser.step()
    return tuning


def test_a_guessed_camera_goes_further_in_one_step_and_the_canonical_one_nowhere() -> None:
    usual, faster = _stepped(()), _stepped((0, 2))
    cameras = arc(4, 30.0)
    gone = [
        [np.linalg.norm(after.centre - before.centre) for after, before in zip(tuning.tuned(), cameras, strict=True)]
        for tuning in (usual, faster)
    ]
    assert gone[0][0] < 1e-6 and gone[1][0] < 1e-6
    assert gone[1][2] / gone[0][2] == pytest.approx(GUESSED_RATE, rel=0.02)
    for solved in (1, 3):
        assert torch.equal(faster.view(solved).camera_from_world, usual.view(solved).camera_from_world)


def test_a_step_moves_the_camera_that_it_looks_through_and_no_other() -> None:
    phases = (Phase("a", 12, "freeze-time", (SPLATS, CAMERAS), {"l1": 0.8, "ssim": 0.2}),)
    raw = truth()
    table = Schedule(name="tiny", field="nodes", rates=Rates(cameras=(1e-3, 3e-5)), phases=phases)
    subject = Trainer(table, footage(), raw, None, NodeField(raw["means"][:20], [0.0, 1.0, 2.0, 3.0], 0.0), 0)
    moved = set()
    for _ in range(12):
        before = [correction.detach().clone() for correction in subject.cameras.corrections]
        subject.step()
        after = subject.cameras.corrections
        changed = {k for k, (a, b) in enumerate(zip(before, after, strict=True)) if not torch.equal(a, b)}
        assert len(changed) <= 1, "momentum of earlier steps moves cameras that this one didn't look through"
        moved |= changed
    assert len(moved) > 1


def test_frames_that_no_track_holds_are_the_guessed_ones() -> None:
    states = {1: "weak", 2: "lost", 4: "prior", 6: "prior"}
    poses = solution(arc(6, 30.0), {k: s for k, s in states.items() if k < 6})
    height, width = poses.cameras[0].size
    frames = np.zeros((3, height, width, 3), np.uint8)
    inputs = LiftInputs(frames, (0, 1, 2), frames, (0, 2, 4), 8.0)
    assert make_footage(inputs, LiftSettings(), poses, CPU).guessed == (1, 2)


def _off(camera: Camera, degrees: float) -> Camera:
    pose = camera.world_from_camera.copy()
    pose[:3, :3] = pose[:3, :3] @ Rotation.from_euler("y", degrees, degrees=True).as_matrix()
    return camera.posed(pose)


def _error_after_lifting(film: Footage, exact: Camera) -> float:
    """Degrees by which camera 1 is off after a short fit of splats and cameras."""
    phases = (Phase("a", 120, "freeze-time", (SPLATS, CAMERAS), {"l1": 0.8, "ssim": 0.2}),)
    raw = truth()
    still = NodeField(raw["means"][:20], [0.0, 1.0, 2.0, 3.0], 0.0)
    table = Schedule(name="tiny", field="nodes", rates=Rates(cameras=(1e-3, 3e-5)), phases=phases)
    subject = Trainer(table, film, raw, None, still, 0)
    for _ in range(120):
        subject.step()
    turn = subject.cameras.tuned()[1].world_from_camera[:3, :3].T @ exact.world_from_camera[:3, :3]
    return float(np.degrees(Rotation.from_matrix(turn).magnitude()))


def test_a_prior_that_is_off_by_degrees_is_made_up_for_when_it_is_known_to_be_one() -> None:
    film = footage()
    exact = film.cameras[1]
    film = dataclasses.replace(film, cameras=(film.cameras[0], _off(exact, 4.0), *film.cameras[2:]))
    told = _error_after_lifting(dataclasses.replace(film, guessed=(1,)), exact)
    untold = _error_after_lifting(film, exact)
    assert told < 1.0
    assert untold > 2.0 * told
