"""From a prompt to an exact scene folder: takes of the demo provider, generated through the job, and their truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs import procedural_truth
from pipeline.jobs.control import Control
from pipeline.jobs.generate import generate
from pipeline.jobs.keeping import keep
from pipeline.jobs.spec import GenerateJob
from pipeline.messages import Failed, Produced
from pipeline.project import library, media, project_file
from pipeline.project.project import Project
from pipeline.project.take import VideoRequest
from renderer.camera import Camera
from renderer.errors import Refusal


def made(home: Path, kind: str, **wish: object) -> Project:
    """The project after one more take."""
    request = replace(VideoRequest(kind, n_frames=6, size=(36, 64) if kind == "reference" else (0, 0)), **wish)  # type: ignore[arg-type]
    for message in generate(GenerateJob(str(home), "procedural", request), Control()):
        assert not isinstance(message, Failed)
        if isinstance(message, Produced):
            keep(home, message)
    return project_file.update(home, library.completed)


def test_the_truth_of_generated_takes_is_written(tmp_path: Path) -> None:
    home, folder = tmp_path / "project", tmp_path / "scene"
    made(home, "reference", prompt="a yellow duck jumping in the snow", seed=8)
    project = made(home, "freeze_time", seed=2)
    assert procedural_truth.main([str(home), str(folder)]) == 0
    scene, truth = (json.loads((folder / name).read_text()) for name in ("scene.json", "truth.json"))
    assert (scene["canonical_reference_frame"], scene["canonical_freeze_frame"]) == (3, 0)
    assert len(scene["held_out"]) == procedural_truth.HELD_OUT
    assert project.cut.reference is not None
    assert project.cut.freeze_time is not None
    for role, name in ((project.cut.reference, "reference"), (project.cut.freeze_time, "freeze_time")):
        take = media.read_frames(project.take(role).clip.path).astype(int)
        again = media.read_frames(folder / f"{name}.mp4")
        assert again.shape == take.shape
        assert np.abs(take - again).mean() < 5, "the takes and their truth are the same pictures, but for rays a pixel"
    cameras = [Camera.from_json(data) for data in truth["freeze_cameras"]]
    assert Camera.from_json(truth["reference_camera"]) == cameras[0]
    turned = np.degrees(np.arccos(np.clip(cameras[0].forward[:2] @ cameras[-1].forward[:2], -1, 1)))
    assert 45 < turned < 75
    times = {entry["reference_frame"] for entry in scene["held_out"]}
    assert len(times) >= 3
    assert 3 not in times


def test_takes_from_elsewhere_have_no_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "project"
    made(home, "reference", prompt="a cat", seed=1)
    assert procedural_truth.main([str(home), str(tmp_path / "scene")]) == 1
    assert "Choose a reference and a freeze-time take" in capsys.readouterr().err
    project = made(home, "freeze_time")
    brought = replace(project, takes=tuple(replace(take, provenance={}) for take in project.takes))
    with pytest.raises(Refusal, match=r"Not every frame of .* was drawn by Demo: procedural"):
        procedural_truth.known_of(brought)
