"""The protocol of a scene folder, on a scene that is its own truth: what fits scores high, what is spoilt is seen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.lift import evaluate as module
from pipeline.lift import perceptual
from pipeline.lift.evaluate import Studio, evaluate
from pipeline.project import media
from renderer.camera import Camera, look_at
from renderer.errors import Refusal
from renderer.snapshot import MotionTable, Snapshot

SIZE = (48, 64)


def camera(angle: float) -> Camera:
    centre = np.array([3 * np.sin(angle), 0.0, -3 * np.cos(angle)])
    return Camera.from_fov(look_at(centre, np.zeros(3), np.array([0.0, -1.0, 0.0])), 0.8, SIZE)


def scene() -> Snapshot:
    """200 splats of which 60 drift sideways over five reference frames; freeze-time cameras 0 to 3."""
    rng = np.random.default_rng(1)
    offsets = np.zeros((5, 60, 10), np.float16)
    offsets[:, :, 0] = np.linspace(0, 0.8, 5)[:, None]
    return Snapshot(
        means=rng.uniform(-0.9, 0.9, (200, 3)).astype(np.float32),
        quats=np.tile(np.array([1, 0, 0, 0], np.float32), (200, 1)),
        scales=np.full((200, 3), 0.1, np.float32),
        opacities=np.full(200, 0.9, np.float32),
        rgb=rng.uniform(0, 1, (200, 3)).astype(np.float32),
        temporal=MotionTable(np.arange(5, dtype=np.float32), np.arange(60, dtype=np.int32), offsets),
        per_frame=MotionTable.still(),
        reference_camera=camera(0.1),
        freeze_cameras={k: camera(0.1 * k) for k in range(4)},
        info={"canonical_reference_frame": 0, "canonical_freeze_frame": 1, "reference_frames": list(range(5))},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene's own pictures as a scene folder; camera 3 is held out at four times, camera 2 at one."""
    place, truth = tmp_path_factory.mktemp("scene"), scene()
    studio = Studio(truth)
    entries = [(3, 1.0), (3, 2.0), (3, 3.5), (3, 4.0), (2, 3.0)]
    views: dict[str, Iterator[np.ndarray]] = {
        "reference": (studio.picture(truth.at(t), truth.reference_camera) for t in range(5)),
        "freeze_time": (studio.picture(truth.at(0), truth.freeze_cameras[k]) for k in range(4)),
        "held_out": (studio.picture(truth.at(t), truth.freeze_cameras[k]) for k, t in entries),
    }
    for name, frames in views.items():
        pixels = ((255 * picture + 0.5).astype(np.uint8) for picture in frames)
        media.write_video(place / f"{name}.mp4", pixels, 8.0, crf=4, full_chroma=True)
    rows = [{"frame": i, "camera_freeze_frame": k, "reference_frame": t} for i, (k, t) in enumerate(entries)]
    (place / "scene.json").write_text(json.dumps({"held_out": rows}))
    return place


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
