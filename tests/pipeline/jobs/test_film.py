"""Passes, codecs, notes; a render that a kill -9 cut off goes on from its finished frames."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.jobs import film
from pipeline.jobs.film import channels_of, draw, note_of
from pipeline.jobs.picture import planned
from pipeline.jobs.spec import RenderJob, job_to_json
from pipeline.jobs.steps import run
from pipeline.messages import Failed, Finished, Progress, parse
from pipeline.project import media
from renderer.formats.camera_path import dump_camera_path, parse_camera_path
from renderer.snapshot import Snapshot
from renderer.trajectory import CameraKey, CameraTrajectory
from tests.pipeline.jobs.conftest import RUN


def render(project: Path, out: Path | str, **more: Any) -> Finished | Failed:
    last = list(run(replace(RenderJob(str(project), str(out)), **more)))[-1]
    assert isinstance(last, Finished | Failed)
    return last


@pytest.mark.parametrize("name", ["a.mp4", "b.mov", "c.webm", "d.gif"])
def test_a_film_in_every_container_says_how_it_was_made(project: Path, tmp_path: Path, name: str) -> None:
    done = render(project, tmp_path / name, camera="freeze:3", time=(2.0, 4.0), supersampling=2)
    assert isinstance(done, Finished), done
    assert media.probe(tmp_path / name).n_frames == 3
    note = media.read_note(tmp_path / name)
    assert note is not None and note["job"]["camera"] == "freeze:3" and note["job"]["run"] == RUN
    assert note["times"] == [2.0, 4.0] and str(tmp_path) not in json.dumps(note)


def test_h265_in_mp4_and_prores_with_alpha(project: Path, tmp_path: Path) -> None:
    assert isinstance(render(project, tmp_path / "a.mp4", codec="h265", time=(2.0, 3.0), size=(96, 128)), Finished)
    small = render(project, tmp_path / "b.mp4", codec="h265", time=(2.0, 3.0))
    assert isinstance(small, Failed) and "64 pixels" in small.sentence
    assert isinstance(render(project, tmp_path / "a.mov", transparent=True, time=(2.0, 3.0)), Finished)
    assert media.probe(tmp_path / "a.mov").size == (30, 40)


@pytest.mark.parametrize(
    ("out", "more", "words"),
    [
        ("a.mp4", {"transparent": True}, "no transparency"),
        ("a.webm", {"codec": "h264"}, "rename"),
        ("a.png", {"codec": "h264"}, "films"),
        ("a.png", {"transparent": True, "passes": ("depth",)}, "colour"),
        ("a.png", {"run": "../../elsewhere"}, "no scene of run"),
        ("a.png", {"size": (9000, 7000), "supersampling": 4}, "out of reach"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(
    project: Path, tmp_path: Path, out: str, more: Any, words: str
) -> None:
    done = render(project, tmp_path / out, **more)
    assert isinstance(done, Failed) and words in done.sentence
    assert not (tmp_path / out).exists()


def test_passes_of_a_folder_and_of_films(project: Path, scene: Snapshot, tmp_path: Path) -> None:
    every = ("colour", "depth", "alpha")
    assert isinstance(render(project, tmp_path / "png", passes=every, time=(2.0, 3.0)), Finished)
    assert sorted(p.name for p in (tmp_path / "png").iterdir()) == sorted(
        f"{stem}_0000{i}.png" for stem in ("frame", "depth", "alpha") for i in (0, 1)
    )
    picture = draw(scene, scene.reference_camera, 2.0)
    with Image.open(tmp_path / "png" / "depth_00000.png") as grey:
        depth = np.array(grey, np.float64)
    note = media.read_note(tmp_path / "png")
    assert note is not None
    near, far = note["depths"]
    solid = picture.alpha > 0.5
    assert solid.any() and (depth[~solid] == 0).all()
    known = np.clip(picture.depth[solid], near, far)
    np.testing.assert_allclose(far - depth[solid] / 65535 * (far - near), known, atol=1e-4)
    assert isinstance(render(project, tmp_path / "f.mp4", passes=("colour", "alpha"), time=(2.0, 3.0)), Finished)
    shown = media.read_frames(tmp_path / "f_alpha.mp4")[0][..., 0]
    assert np.abs(shown / 255 - picture.alpha).mean() < 0.03


def test_an_exr_holds_linear_light_alpha_and_true_depth(project: Path, scene: Snapshot, tmp_path: Path) -> None:
    import OpenEXR

    job = RenderJob(str(project), str(tmp_path / "exr"), passes=("colour", "depth"), frames="exr", transparent=True)
    assert isinstance(
        render(project, job.out, passes=job.passes, frames="exr", transparent=True, time=(4.0,)), Finished
    )
    drawn = draw(scene, scene.reference_camera, 4.0)
    with OpenEXR.File(str(tmp_path / "exr" / "frame_00000.exr"), separate_channels=True) as file:
        found = {name: np.asarray(channel.pixels) for name, channel in file.channels().items()}
    assert set(found) == set("RGBAZ")
    for name, plane in channels_of(job, drawn).items():
        np.testing.assert_allclose(found[name], plane, atol=1e-6)
    np.testing.assert_allclose(found["Z"], drawn.depth)
    assert media.read_note(tmp_path / "exr") is not None


def test_supersampling_averages_a_larger_picture(scene: Snapshot) -> None:
    from renderer.tiles.render import render as tiles

    camera = scene.reference_camera
    big = tiles(scene.at(3.0), camera.resized((90, 120)))
    want = big.image.reshape(30, 3, 40, 3, 3).mean((1, 3))
    got = draw(scene, camera, 3.0, 3)
    np.testing.assert_allclose(got.colour, want, atol=1e-5)
    assert np.allclose(got.depth[got.alpha == 0], 0)


def test_a_note_carries_its_camera_path(scene: Snapshot, tmp_path: Path) -> None:
    cameras = (scene.freeze_cameras[0], scene.freeze_cameras[7])
    keys = tuple(CameraKey(float(i), c.world_from_camera, 0.8, 4.0) for i, c in enumerate(cameras))
    text = dump_camera_path(CameraTrajectory(keys, (20, 24), 4.0, 3))
    (tmp_path / "path.json").write_text(text)
    job = RenderJob("/p", "a.mp4", camera=str(tmp_path / "path.json"))
    note = json.loads(note_of(job, planned(job, scene), RUN, scene))
    kept = parse_camera_path(json.loads(note["camera_path"]), scene.time_range)
    for ours, key in zip(kept.keys, keys, strict=True):
        np.testing.assert_allclose(ours.world_from_camera, key.world_from_camera)
    assert (kept.size, kept.fps, kept.n_frames) == ((20, 24), 4.0, 3)


def test_a_render_that_is_killed_keeps_its_finished_frames(root: Path, project: Path, tmp_path: Path) -> None:
    job = RenderJob(str(project), str(tmp_path / "frames"), time=(2.0, 8.0), size=(300, 400), fps=400.0)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pipeline.jobs.worker", "-"], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(root)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(job_to_json(job) + "\n")
    process.stdin.flush()
    for line in process.stdout:
        said = parse(line)
        if isinstance(said, Progress) and said.step >= 3:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    for pipe in (process.stdin, process.stdout):
        pipe.close()
    (left,) = tmp_path.glob(".frames.*.partial")
    stamps = {path.name: path.stat().st_mtime_ns for path in left.glob("frame_*.png")}
    assert len(stamps) >= 3
    assert isinstance(list(run(job))[-1], Finished)
    assert {name: (tmp_path / "frames" / name).stat().st_mtime_ns for name in stamps} == stamps
    assert len(list((tmp_path / "frames").iterdir())) == len(
        planned(job, Snapshot.load(next(project.rglob("*.safetensors")))).shots
    )
    assert list(tmp_path.glob(".*.partial")) == []


def test_memory_that_runs_out_is_a_sentence(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise MemoryError("Unable to allocate 12.0 GiB")

    monkeypatch.setattr(film, "draw", full)
    done = render(project, tmp_path / "a.png")
    assert isinstance(done, Failed) and done.kind == "memory" and "smaller size" in done.sentence
