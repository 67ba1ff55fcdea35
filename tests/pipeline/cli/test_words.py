"""Words to jobs and back: a copied command line does the very job it was copied from."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from main import main
from pipeline.cli.parser import build_parser
from pipeline.cli.words import ablation_job, command_line, export_job, generate_job, lift_job, render_job, words_of
from pipeline.jobs.spec import PASSES, SIDES, AblationJob, ExportJob, GenerateJob, RenderJob, VideosJob
from pipeline.project.project import ABLATIONS, DEVICES, PRESETS, LiftSettings
from pipeline.project.take import KINDS, VideoRequest

NAMES = st.text("abc xyz-_'\"$\\é", min_size=1).map(lambda text: f"x{text}")
TIMES = st.floats(-1e3, 1e3, allow_nan=False)
PRIORS = st.sampled_from(["auto", "none", "pixel", "mine", "/weights/of mine"])
SETTINGS = st.builds(
    LiftSettings, st.sampled_from(PRESETS), st.integers(0, 99), st.sampled_from(DEVICES),
    st.sets(st.sampled_from(ABLATIONS)).map(lambda names: tuple(sorted(names))), PRIORS,
    st.sampled_from(["none", "pixel", "/w/b"]),
)  # fmt: skip
RENDERS = st.builds(
    RenderJob, st.just("/project"), NAMES.map(lambda n: n + ".mp4"),
    st.sampled_from(["reference", "freeze:3", "a.json"]),
    st.none() | st.tuples(TIMES) | st.tuples(TIMES, TIMES),
    st.none() | st.tuples(st.integers(1, 9999), st.integers(1, 9999)), st.none() | st.floats(0.1, 1000),
    st.none() | st.sampled_from(["abc", "0-1"]), st.none() | st.sampled_from(["h264", "gif"]),
    st.sampled_from(["png", "exr"]), st.sets(st.sampled_from(PASSES), min_size=1).map(
        lambda names: tuple(name for name in PASSES if name in names)
    ), st.integers(1, 4), st.booleans(),
)  # fmt: skip


@given(RENDERS)
def test_renders_come_back(job: RenderJob) -> None:
    assert render_job(build_parser().parse_args(words_of(job))) == job
    assert shlex.split(command_line(job)) == ["splatime", *words_of(job)]


# Python's argparse, up to 3.12, drops a value that is two dashes and nothing else.
TEXTS = st.text("abc -='\"\\$é,", max_size=8).filter(lambda text: text != "--")
FRAMES = st.none() | st.sets(st.integers(0, 40)).map(lambda frames: tuple(sorted(frames)))
KINDS_AND_WISHES = st.builds(
    VideoRequest, st.sampled_from(KINDS), TEXTS, TEXTS, st.just("bar"), n_frames=st.sampled_from([0, 2, 99]),
    fps=st.sampled_from([0.0, 12.5]), size=st.sampled_from([(0, 0), (36, 64)]), seed=st.integers(0, 2**31 - 1),
    steps=st.integers(0, 99), guidance=st.sampled_from([0.0, 7.5]),
    options=st.dictionaries(st.sampled_from(["folder", "lora"]), TEXTS | st.integers() | st.booleans()),
)  # fmt: skip
GENERATED = st.builds(
    GenerateJob, st.just("/project"), st.just("bar"), KINDS_AND_WISHES, st.none() | NAMES,
    st.none() | st.integers(0, 99), st.integers(1, 64), FRAMES, FRAMES,
    st.integers(0, 16), st.sampled_from(SIDES), st.sampled_from([0.0, 0.1, 180.0]), st.none() | NAMES,
).map(lambda job: job if job.like is None else replace(job, wish=replace(job.wish, kind="reference")))  # fmt: skip


@given(GENERATED)
def test_generations_come_back(job: GenerateJob) -> None:
    assert generate_job(build_parser().parse_args(words_of(job))) == job


def test_the_rule_is_laid_on_a_freeze_time_prompt_unless_it_is_to_stay() -> None:
    words = ["generate", "--kind", "freeze-time", "--provider", "p", "--out", "/p", "--prompt", "a dog running"]
    ruled, plain = (generate_job(build_parser().parse_args([*words, *more])) for more in ([], ["--as-written"]))
    assert ruled.wish.prompt == "Camera circulating around a dog, time elapse" and plain.wish.prompt == "a dog running"


@pytest.mark.parametrize(
    "words", ["--lock 3-1", "--lock x", "--frames 99999", "--takes 0", "--set novalue", "--sweep x"]
)
def test_wrong_words_of_generate_are_usage_errors(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["generate", "--kind", "reroll", "--provider", "p", "--out", "/p", *words.split()])


@given(st.builds(ExportJob, st.just("/p"), NAMES, st.sampled_from(["ply", "ply-sequence"]), st.none() | TIMES))
def test_exports_come_back(job: ExportJob) -> None:
    assert export_job(build_parser().parse_args(words_of(job))) == job


@given(
    st.builds(
        VideosJob, NAMES, NAMES, NAMES, SETTINGS, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9),
        st.booleans(), st.none() | NAMES,
    )
)  # fmt: skip
def test_lifts_of_videos_come_back(job: VideosJob) -> None:
    assert lift_job(build_parser().parse_args(words_of(job))) == job


@given(
    st.builds(
        AblationJob, NAMES, st.none() | NAMES,
        st.sets(st.sampled_from(ABLATIONS)).map(lambda names: tuple(n for n in ABLATIONS if n in names)),
        st.sampled_from(PRESETS), st.integers(1, 9), st.sampled_from(DEVICES), st.none() | NAMES,
        PRIORS,
    )
)  # fmt: skip
def test_ablations_come_back(job: AblationJob) -> None:
    assert ablation_job(build_parser().parse_args(words_of(job))) == job


def test_one_video_is_a_usage_error_and_no_video_needs_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lift", "--reference", "a.mp4", "--out", str(tmp_path / "p")]) == 2
    assert "both" in capsys.readouterr().err
    assert main(["lift", "--out", str(tmp_path / "p")]) == 1
    assert "not a Splatime project" in capsys.readouterr().err
