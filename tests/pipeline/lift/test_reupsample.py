"""Re-upsampled details: what film is made, that splats are fitted to it, and that it is kept with the checkpoint."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.lift import reupsample
from pipeline.lift.checkpoint import load_checkpoint, save_checkpoint
from pipeline.lift.rates import share_of_stage
from pipeline.lift.schedule import FILM, PER_FRAME, SPLATS, TEMPORAL, preset, table_of, with_reupsampling
from pipeline.lift.trainer import Trainer
from tests.fakes.upsamplers import Tinting
from tests.pipeline.lift.test_sds import table, trainer
from tests.pipeline.lift.test_trainer import assert_same, run


def short() -> Trainer:
    plain = table(steps=2)
    rows = with_reupsampling(dataclasses.replace(plain, phases=(plain.phases[0], plain.phases[2])))
    film = dataclasses.replace(rows.phases[-1], steps=10, lr_scale=1.0)
    return trainer(dataclasses.replace(rows, phases=(*rows.phases[:-1], film)), None)


def with_upsampler(subject: Trainer, upsampler: Tinting) -> Trainer:
    codes = subject.footage.reference_frames
    subject.reupsampled = partial(reupsample.made_film, codes=codes, upsampler=upsampler, prompt="", seed=5)
    return subject


def test_view_and_time_change_together_from_end_to_end() -> None:
    cameras = short().footage.cameras
    views, times = reupsample.passage(cameras, (2, 3, 5), 7)
    assert views[0] == cameras[0] and views[-1] == cameras[-1] and views[2] == cameras[1]
    assert times[0] == 2.0 and times[-1] == 5.0 and len(set(times)) == 7
    middle = views[1].centre
    assert not np.allclose(middle, cameras[0].centre) and not np.allclose(middle, cameras[1].centre)


@pytest.mark.parametrize(("size", "shape"), [((40, 56), (36, 64)), ((64, 20), (36, 64)), ((36, 64), (36, 64))])
def test_the_window_is_the_largest_middle_part_of_the_upsamplers_shape(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    w = reupsample.middle(size, shape)
    assert 0 <= w.top and w.top + w.height <= size[0] and 0 <= w.left and w.left + w.width <= size[1]
    assert w.height == size[0] or w.width == size[1]
    assert abs(w.height / w.width - shape[0] / shape[1]) < 0.05
    assert abs(2 * w.top + w.height - size[0]) <= 1 and abs(2 * w.left + w.width - size[1]) <= 1


def test_the_film_goes_there_and_back_at_the_scenes_size() -> None:
    upsampler = Tinting(size=(20, 56), small=(5, 14))
    subject = short()
    film = reupsample.made_film(subject.scene(), (0, 1, 2, 3), upsampler, "", 5)
    assert film.images.shape == (8, 20, 56, 3) and film.images.dtype == torch.uint8
    assert film.times == (0.0, 1.0, 2.0, 3.0) * 2 and upsampler.seeds == [5, 6]
    poses = [camera.world_from_camera for camera in film.cameras]
    np.testing.assert_array_equal(poses[0], poses[-1])
    assert {camera.size for camera in film.cameras} == {(20, 56)}


def test_splats_alone_are_fitted_to_what_the_upsampler_makes() -> None:
    off = []
    for tint in (0, 60):
        subject = with_upsampler(short(), Tinting(tint=tint))
        while subject.phase.views != FILM:
            subject.step()
        fields = [p.detach().clone() for f in (subject.per_frame, subject.temporal) if f for p in f.parameters()]
        before = float(subject.population.params["rgb"].detach().mean())
        run(subject, 10)
        off.append(float(subject.population.params["rgb"].detach().mean()) - before)
        after = [p.detach() for f in (subject.per_frame, subject.temporal) if f for p in f.parameters()]
        assert all(torch.equal(a, b) for a, b in zip(fields, after, strict=True))
    assert off[1] > off[0] + 0.005


@pytest.mark.parametrize("left", [0, 6])
def test_resuming_before_and_within_the_row_is_bit_exact(left: int, tmp_path: Path) -> None:
    whole = with_upsampler(short(), Tinting())
    steps = whole.schedule.total_steps
    cut = steps - 10 + left
    expected = run(whole, steps)
    before = with_upsampler(short(), Tinting())
    run(before, cut)
    save_checkpoint(before.state(), tmp_path / "checkpoint.pt")
    asked = Tinting()
    after = with_upsampler(short(), asked)
    after.restore(load_checkpoint(tmp_path / "checkpoint.pt"))
    assert run(after, steps - cut) == expected[cut:]
    assert len(asked.given) == (2 if left == 0 else 0)  # made once, kept with the checkpoint
    assert_same(after.state(), whole.state())


@pytest.mark.parametrize("name", ["draft", "paper"])
def test_the_row_stands_behind_the_table_and_changes_nothing_before_it(name: str) -> None:
    asked, plain = table_of(name, (), "none", "pixel"), table_of(name, (), "none")
    assert asked.phases[:-1] == plain.phases
    row = asked.phases[-1]
    assert row.views == FILM and row.trains == (SPLATS,) and {PER_FRAME, TEMPORAL} <= set(row.frozen)
    assert row.steps == plain.total_steps // 20
    assert all(phase.views != FILM for phase in preset(name).phases)


def test_rates_before_the_row_do_not_know_of_it() -> None:
    subject = short()
    plain = trainer(dataclasses.replace(subject.schedule, phases=subject.schedule.phases[:-1]), None)
    while not plain.finished:
        places = [(made.schedule, made.phase_index, made.step_in_phase) for made in (subject, plain)]
        assert share_of_stage(*places[0]) == share_of_stage(*places[1])
        assert subject.step() == plain.step()
    assert share_of_stage(subject.schedule, subject.phase_index, subject.step_in_phase) == 0.0
