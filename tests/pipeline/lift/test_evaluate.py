"""The protocol of a scene folder, on a scene that is its own truth: what fits scores high, what is spoilt is seen."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.lift import evaluate as module
from pipeline.lift import perceptual
from pipeline.lift.evaluate import evaluate
from pipeline.lift.judges import Verdict
from pipeline.project import media
from renderer.errors import Refusal
from tests.pipeline.lift.own_truth import scene, write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("scene"))


def test_the_truth_itself_scores_high_on_every_set_of_views(folder: Path) -> None:
    found = evaluate(scene(), folder)
    assert {name: scores.views for name, scores in found.views.items()} == {
        "reference": 5, "freeze_time": 4, "held_out": 5,
    }  # fmt: skip
    for scores in found.views.values():
        assert scores.psnr > 38 and scores.ssim > 0.98 and scores.flicker < 0.01
    assert found.moving_psnr > 36 and found.motion_gain > 10
    assert math.isnan(found.views["freeze_time"].moving_psnr)
    held_out = found.views["held_out"]
    assert (found.psnr, found.ssim, found.moving_psnr, found.flicker) == (
        held_out.psnr, held_out.ssim, held_out.moving_psnr, held_out.flicker,
    )  # fmt: skip


def test_jitter_over_time_is_flicker_and_a_steady_fault_is_not(folder: Path) -> None:
    truth = scene()
    shaken = truth.temporal.offsets.copy()
    shaken[1::2, :, 1] += 0.25
    jittery = replace(truth, temporal=replace(truth.temporal, offsets=shaken))
    pale = replace(truth, rgb=0.7 * truth.rgb + 0.3)
    a, b = (evaluate(x, folder) for x in (jittery, pale))
    for name in ("reference", "held_out"):
        assert a.views[name].flicker > 2 * b.views[name].flicker
        assert b.views[name].psnr < a.views[name].psnr  # PSNR would choose the jitter
    assert b.views["freeze_time"].flicker < 0.05


@pytest.mark.skipif(perceptual.installed() is None, reason="the extra `perceptual` is not installed")
def test_blur_is_seen_by_the_perceptual_distance(folder: Path) -> None:
    truth = scene()
    blurred = replace(truth, scales=1.6 * truth.scales)
    assert evaluate(blurred, folder).perceptual > 5 * evaluate(truth, folder).perceptual > 0


def test_what_cannot_be_measured_is_null_and_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "installed", lambda: None)
    data = json.loads(json.dumps(evaluate(scene(), folder).to_json(), allow_nan=False))
    assert data["perceptual"] is None and data["views"]["reference"]["perceptual"] is None
    assert data["frames"][0]["perceptual"] is None and data["frames"][0]["psnr"] > 30
    assert "not installed" in data["absent"]["perceptual"]
    monkeypatch.setattr(module, "read_entries", lambda _: (module.HeldOut(0, 3, 1.0),))
    assert evaluate(scene(), folder).to_json()["flicker"] is None


def test_an_entry_that_the_videos_do_not_have_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_entries", lambda _: (module.HeldOut(7, 3, 1.0),))
    with pytest.raises(Refusal, match="frame 7"):
        evaluate(scene(), folder)


def test_a_judge_sees_the_scene_from_the_reference_camera_and_the_prompt(folder: Path) -> None:
    asked = []

    def judge(frames: np.ndarray, prompt: str) -> Verdict:
        asked.append((frames, prompt))
        return Verdict({"x_clip": 21.5}, {"videoscore": "it is away"})

    data = evaluate(scene(), folder, judge=judge).to_json()
    ((frames, prompt),) = asked
    assert prompt == "a drifting cloud" and frames.shape == (5, 48, 64, 3) and frames.dtype == np.uint8
    shown = media.read_frames(folder / "reference.mp4").astype(int)
    assert np.abs(frames - shown).mean() < 3
    assert data["judges"] == {"x_clip": 21.5} and data["absent"]["videoscore"] == "it is away"


def test_another_freeze_time_video_is_what_its_fit_is_measured_on(folder: Path, tmp_path: Path) -> None:
    media.write_video(tmp_path / "f.mp4", iter(media.read_frames(folder / "freeze_time.mp4") // 2), 8.0)
    mine, other = evaluate(scene(), folder), evaluate(scene(), folder, freeze_time=tmp_path / "f.mp4")
    assert other.freeze_time_psnr < mine.freeze_time_psnr - 10
    assert (other.psnr, other.moving_psnr) == (mine.psnr, mine.moving_psnr)
