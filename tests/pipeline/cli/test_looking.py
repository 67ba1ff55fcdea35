"""`check`, `stabilise` and `poses` as a person or a script calls them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from main import main
from pipeline.cli.parser import build_parser
from pipeline.cli.words import words_of
from pipeline.jobs.spec import PosesJob, job_from_json, job_to_json
from pipeline.poses.solved import SolvedPoses
from pipeline.poses.still import stillness
from pipeline.project import media
from renderer.errors import Refusal
from tests.pipeline.poses.scenes import Frames, arc, draw


def write(path: Path, frames: Frames) -> str:
    media.write_lossless(path, frames, 12.0)
    return str(path)


def shaken() -> Frames:
    still = draw(arc(1, 0.0))[0]
    rng = np.random.default_rng(1)
    return np.stack([
        cv2.warpAffine(still, np.array([[1, 0, x], [0, 1, y]]), still.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        for x, y in np.concatenate([np.zeros((1, 2)), rng.uniform(-2, 2, (6, 2))])
    ])  # fmt: skip


def test_check_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write(tmp_path / "v.mkv", np.repeat(draw(arc(1, 0.0)), 6, 0))
    assert main(["check", video]) == 0
    said = capsys.readouterr().out
    assert "the camera does not move" in said and "The camera stands still" in said
    assert main(["check", video, "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["score"] < 15 and known["reference"]["still"] and known["freeze_time"]["reasons"]


def test_a_4k_file_is_judged_and_its_cameras_are_solved_reduced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [cv2.resize(frame, (3840, 2160), interpolation=cv2.INTER_CUBIC) for frame in draw(arc(4, 10.0))]
    video = str(tmp_path / "v.mp4")
    media.write_video(Path(video), iter(large), 12.0)
    assert main(["check", video, "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["width"], known["height"], known["frames"]) == (3840, 2160, 4)
    assert known["score"] >= 70 and 4 < known["freeze_time"]["coverage_degrees"] < 25
    shapes = []

    def seen(frames: Frames, *_: object, **__: object) -> None:
        shapes.append(frames.shape)
        raise Refusal("Enough was seen.")

    monkeypatch.setattr("pipeline.poses.solve.solve", seen)
    assert main(["poses", video, "--out", str(tmp_path / "o"), "--quick"]) == 1
    assert shapes == [(4, 576, 1024, 3)] and "Enough was seen." in capsys.readouterr().err


def test_check_refuses_what_is_no_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "b.mp4"
    bad.write_bytes(b"nonsense")
    assert main(["check", str(bad)]) == 1
    assert "b.mp4" in capsys.readouterr().err


def test_stabilising_takes_the_drift_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, out = write(tmp_path / "v.mkv", shaken()), tmp_path / "s.mkv"
    before = stillness(media.read_frames(video))
    assert not before.is_still
    assert main(["stabilise", video, "--out", str(out), "--frame", "0"]) == 0
    after = stillness(media.read_frames(out), 0)
    assert after.is_still and after.worst < before.worst / 4
    np.testing.assert_array_equal(media.read_frames(out)[0], media.read_frames(video)[0])
    assert "frame 0 stays" in capsys.readouterr().out


def test_stabilising_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write(tmp_path / "v.mkv", draw(arc(6, 40.0)))
    for out, word in (("s.mkv", "cannot be stabilised"), ("s.gif", "name a .mkv"), ("v.mkv", "the video itself")):
        assert main(["stabilise", video, "--out", str(tmp_path / out)]) == 1
        assert word in capsys.readouterr().err
    assert not (tmp_path / "s.mkv").exists()


def test_poses_refuses_the_hopeless_and_the_foreign_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write(tmp_path / "v.mkv", draw(arc(2, 9.0)))
    assert main(["poses", video, "--out", str(tmp_path / "o"), "--quick"]) == 1
    assert "only 2 frames" in capsys.readouterr().err and not (tmp_path / "o").exists()
    assert main(["poses", video, "--out", str(tmp_path), "--json"]) == 1
    assert "holds something else" in json.loads(capsys.readouterr().out.splitlines()[-1])["sentence"]


@pytest.mark.parametrize(
    ("count", "shade", "why"), [(1, 1, "only one frame"), (3, 1, "only 3 frames"), (6, 0, "blank")]
)
def test_short_and_black_files_get_a_clear_answer(
    count: int, shade: int, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write(tmp_path / "v.mkv", shade * draw(arc(6, 24.0))[:count])
    assert main(["check", video]) == 0
    assert "liftability 0 of 100, poor" in (said := capsys.readouterr().out) and why in said
    assert main(["poses", video, "--out", str(tmp_path / "o"), "--quick"]) == 1
    assert why in capsys.readouterr().err and not (tmp_path / "o").exists()


@pytest.mark.parametrize("how", ["quick", "careful"])
@pytest.mark.parametrize(
    ("masks", "hold", "own"), [(None, None, True), ("flow", None, False), ("/m", "/earlier", False)]
)
def test_the_job_comes_back_from_words_and_json(how: str, masks: str | None, hold: str | None, own: bool) -> None:
    job = PosesJob("/o", "/v.mp4", how, masks, hold, own)
    args = build_parser().parse_args(words_of(job))
    assert (str(args.out), str(args.video), args.quick) == (job.folder, job.video, how == "quick")
    assert (args.masks, args.hold, bool(args.per_frame_focal)) == (masks, hold, own)
    assert job_from_json(job_to_json(job)) == job


def test_dropped_frames_move_no_camera_and_masks_are_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = draw(arc(7, 21.0))
    whole, cut = write(tmp_path / "whole.mkv", frames), write(tmp_path / "cut.mkv", frames[2:])
    first, second, masks = tmp_path / "first", tmp_path / "second", tmp_path / "masks"
    black = np.full(frames.shape[1:], 255, np.uint8)
    black[:, :60] = 0
    for k in range(5):
        media.write_image(masks / f"{k}.png", black)
    assert main(["poses", whole, "--out", str(first), "--quick"]) == 0
    assert "as solved before" not in capsys.readouterr().err and (first / "colmap.log").stat().st_size > 1000
    assert main(["poses", whole, "--out", str(first), "--quick"]) == 0
    assert "Cameras as solved before" in (said := capsys.readouterr().err) and "bundle" not in said.lower()
    assert main(["poses", cut, "--out", str(second), "--quick", "--hold", str(first), "--masks", str(masks)]) == 0
    assert "5 frames were solved before" in capsys.readouterr().err
    known, held = (SolvedPoses.load(folder / "poses.safetensors") for folder in (first, second))
    assert held.in_state("registered") == (0, 1, 2, 3, 4) and held.canonical == known.canonical - 2
    assert all(held.cameras[k] == known.cameras[k + 2] for k in range(5))
    assert held.track_xy[:, 0].min() > 59 > known.track_xy[:, 0].min()


def test_cameras_that_cannot_be_held_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write(tmp_path / "v.mkv", draw(arc(6, 24.0)))
    assert main(["poses", video, "--out", str(tmp_path / "o"), "--quick", "--hold", str(tmp_path / "none")]) == 1
    assert "no cameras to hold" in capsys.readouterr().err
