"""What a lift will load is told by content: the same weights elsewhere are the same, others in their place are not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate import priors
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.jobs.plan import models_of
from pipeline.project.project import LiftSettings
from renderer.errors import Refusal


def described(folder: Path, stage: str, digest: str) -> Path:
    """A folder as `train-prior` leaves it, but for the numbers, which nobody here reads."""
    told = {"format": 1, "digest": digest, "config": preset("toy", stage).to_json()}
    folder.mkdir(exist_ok=True)
    (folder / f"{stage}.json").write_text(json.dumps(told))
    (folder / f"{stage}.safetensors").write_bytes(b"")
    return folder


def test_a_prior_is_known_by_its_weights_and_not_by_where_they_lie(tmp_path: Path) -> None:
    folder = described(tmp_path / "a", "base", "1" * 64)
    before = models_of(LiftSettings(prior=str(folder)))
    assert before[0] is not None and before[1] is None
    moved = shutil.copytree(folder, tmp_path / "b")
    assert models_of(LiftSettings("paper", prior=str(moved))) == before
    described(folder, "base", "2" * 64)
    assert models_of(LiftSettings(prior=str(folder)))[0] not in (None, before[0])


def test_an_upsampler_too(tmp_path: Path) -> None:
    folder = described(tmp_path / "a", "upsampler", "1" * 64)
    prior, upsampler = models_of(LiftSettings(upsampler=str(folder)))
    assert prior is None and upsampler is not None
    described(folder, "upsampler", "2" * 64)
    assert models_of(LiftSettings(upsampler=str(folder)))[1] not in (None, upsampler)


def test_weights_that_appear_make_another_lift_of_paper_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priors, "SHIPPED_FOLDER", tmp_path / "prior")
    for name in ("draft", "paper"):
        assert models_of(LiftSettings(name)) == (None, None)
    described(tmp_path / "prior", "base", "1" * 64)
    assert models_of(LiftSettings("draft")) == (None, None)
    assert models_of(LiftSettings("paper"))[0] is not None
    assert models_of(LiftSettings("paper", prior="none")) == (None, None)
    assert models_of(LiftSettings("paper", prior="pixel")) == models_of(LiftSettings("paper"))
    assert models_of(LiftSettings("paper", without=("multi-view-sds", "joint-sds"))) == (None, None)


def test_a_model_of_another_package_is_known_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    class Package:
        name, version = "their-prior", "1.2"

    class Point:
        dist: Any = Package

    monkeypatch.setattr(priors, "_others", lambda: {"theirs": Point})
    assert models_of(LiftSettings(prior="theirs"))[0] == "theirs their-prior 1.2"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (LiftSettings(prior="no-such-prior"), "There is no video prior .no-such-prior.; name another one with --prior"),
        (LiftSettings(prior="nowhere/at-all"), "There are no weights of a video prior in nowhere/at-all"),
        (
            LiftSettings(prior="nowhere/at-all", without=("multi-view-sds", "joint-sds")),
            "There are no weights of a video prior in nowhere/at-all",
        ),
        (LiftSettings(upsampler="nowhere/at-all"), "There are no upsampler's weights in nowhere/at-all"),
    ],
)
def test_what_is_named_and_not_there_is_refused(settings: LiftSettings, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        models_of(settings)


def test_nothing_heavy_is_loaded_for_it(tmp_path: Path) -> None:
    described(tmp_path, "base", "1" * 64)
    text = (
        "import sys; from pipeline.jobs.plan import models_of; from pipeline.project.project import LiftSettings; "
        f"assert models_of(LiftSettings(prior={str(tmp_path)!r}))[0]; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
