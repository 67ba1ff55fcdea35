"""The camera path as a value: keys in order, the film that they make, the road to disk and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.project import edits
from pipeline.project.project import Project
from pipeline.project.project_file import load, save
from pipeline.project.shot import Shot, ShotKey
from renderer.errors import Refusal
from tests.renderer.gl.synthetic import freeze_camera


def key(seconds: float, angle: float = 0.0, time: float = 0.0) -> ShotKey:
    return ShotKey.at(seconds, freeze_camera(angle), time)


SHOT = Shot((key(0.0), key(2.0, 0.3, 5.0), key(3.0, -0.2, 9.0)))


def test_it_survives_the_disk_and_unknown_fields_with_it(tmp_path: Path) -> None:
    shot = replace(SHOT, closes=1.0, speed=2.0, size=(720, 1280), extra={"note": "later"})
    save(tmp_path, edits.set_shot(Project(), shot))
    assert load(tmp_path).cut.shot == shot
    assert load(tmp_path).cut.shot.extra == {"note": "later"}


def test_a_bad_path_in_a_project_is_a_sentence(tmp_path: Path) -> None:
    save(tmp_path, edits.set_shot(Project(), SHOT))
    file = tmp_path / "project.json"
    for good, bad in (('"smooth"', '"bouncy"'), ('"fov_y": ', '"fov_y": 9'), ('"speed": 1.0', '"speed": 0.0')):
        text = file.read_text()
        file.write_text(text.replace(good, bad))
        with pytest.raises(Refusal, match=r"project\.json"):
            load(tmp_path)
        file.write_text(text)
    load(tmp_path)


@settings(deadline=None, max_examples=25)
@given(speed=st.floats(0.5, 8), closes=st.sampled_from([0.0, 1.5]), fps=st.sampled_from([12.0, 24.0, 30.0]))
def test_the_film_has_the_frames_of_its_length(speed: float, closes: float, fps: float) -> None:
    shot = replace(SHOT, speed=speed, closes=closes, fps=fps)
    path = shot.trajectory()
    assert path is not None
    assert shot.seconds == pytest.approx((3.0 + closes) / speed)
    assert abs(shot.n_frames - shot.seconds * fps) <= 1.5
    assert len(path.views()) == shot.n_frames
    np.testing.assert_allclose(path.view(2.0 / speed).camera.centre, freeze_camera(0.3).centre, atol=1e-9)


def test_keys_stay_in_order_whatever_is_done() -> None:
    shot = SHOT.with_key(key(1.0, 0.1))
    assert [k.seconds for k in shot.keys] == [0.0, 1.0, 2.0, 3.0]
    assert len(shot.with_key(key(1.0, 0.5)).keys) == 4, "one at the same moment is replaced"
    for wish in (-5.0, 0.5, 99.0):
        seconds = [k.seconds for k in shot.moved(1, wish).keys]
        assert seconds == sorted(seconds)
        assert 0.0 < seconds[1] < 2.0
    assert shot.moved(3, 7.0).keys[3].seconds == 7.0
    assert shot.without(0).keys[0].seconds == 1.0
    with pytest.raises(ValueError, match="one moment"):
        Shot((key(1.0), key(1.0)))


def test_a_path_that_begins_late_is_a_film_that_begins_at_once() -> None:
    path = Shot((key(5.0), key(6.0, 0.3))).trajectory()
    assert path is not None
    assert path.keys[0].seconds == 0.0
    assert Shot().trajectory() is None
    assert Shot((key(1.0),)).n_frames == 1
