"""The grammar is a contract that scripts depend on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from main import main
from pipeline.cli.parser import build_parser
from pipeline.cli.values import ABLATIONS
from pipeline.cli.words import lift_job
from pipeline.jobs.spec import VideosJob
from pipeline.project import project
from pipeline.project.project import LiftSettings


def test_the_contract_of_lift() -> None:
    words = "lift --reference r.mp4 --freeze-time f.mp4 --out p --preset standard --canonical-frame 3"
    more = (
        "--canonical-freeze-frame 4 --device cpu --seed 7 --resume --json --without small-motion --without freeze-time"
    )
    args = build_parser().parse_args([*words.split(), *more.split()])
    assert (args.reference, args.freeze_time, args.out) == (Path("r.mp4"), Path("f.mp4"), Path("p"))
    assert (args.canonical_frame, args.canonical_freeze_frame, args.preset, args.device) == (3, 4, "standard", "cpu")
    assert (args.seed, args.resume, args.json, args.without) == (7, True, True, ["small-motion", "freeze-time"])


def test_defaults_of_lift() -> None:
    args = build_parser().parse_args(["lift", "--reference", "r", "--freeze-time", "f", "--out", "p"])
    assert (args.preset, args.device, args.seed, args.resume, args.json) == (None, None, None, False, False)
    assert lift_job(args) == VideosJob("p", "r", "f", LiftSettings("draft", 0, "auto"))
    assert args.canonical_frame is None and args.canonical_freeze_frame is None


def test_the_contract_of_render_and_export() -> None:
    words = "render p --out x.mp4 --camera freeze:3 --time 0.5:7 --size 512x288 --fps 24"
    args = build_parser().parse_args(words.split())
    assert (args.out, args.camera, args.time, args.size, args.fps) == (
        "x.mp4",
        "freeze:3",
        (0.5, 7.0),
        (288, 512),
        24.0,
    )
    args = build_parser().parse_args(["render", "p", "--out", "d/", "--time", "-1.5"])
    assert args.time == (-1.5, None)
    args = build_parser().parse_args(["export", "p", "--out", "x.ply", "--format", "ply", "--time", "3.5"])
    assert (args.out, args.format, args.time) == ("x.ply", "ply", 3.5)


def test_what_a_lift_can_go_without_is_the_projects_list() -> None:
    assert ABLATIONS == project.ABLATIONS


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("splatime ")
    with pytest.raises(SystemExit) as leave:
        main(["lift", "--help"])
    assert leave.value.code == 0
    assert "--attended" not in capsys.readouterr().out


def test_light_verbs_stay_light(root: Path, tmp_path: Path) -> None:
    """--help, info and an early refusal load neither torch nor numba nor Qt."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from main import main\n"
        "try: main(sys.argv[2:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numba', 'PySide6', 'vispy', 'pycolmap', 'gsplat', 'scipy'} & set(sys.modules)))"
    )
    for words in (["--help"], ["info", "nowhere"], ["render", "nowhere", "--out", "x.png"]):
        done = subprocess.run(
            [sys.executable, "-c", code, str(root), *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]", words
