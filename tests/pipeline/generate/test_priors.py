"""Priors by name: what is there, what is refused, in words that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.generate import priors
from pipeline.generate.provider import VideoPrior
from renderer.errors import Refusal
from tests.fakes.priors import like_the_first_frame


class Point:
    """An entry point of another package."""

    def __init__(self, made: Any) -> None:
        self.made = made

    def load(self) -> Any:
        return lambda device: self.made


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    table = {"mine": Point(like_the_first_frame(4, (2, 3))), "wrong": Point(object())}
    monkeypatch.setattr(priors, "_others", lambda: table)
    return table


def test_another_packages_prior_is_found_by_its_name(others: dict[str, Any]) -> None:
    assert priors.at_hand("mine") and not priors.at_hand("yours")
    prior: VideoPrior = priors.load_prior("mine", "cpu")  # type: ignore[assignment]
    assert prior is others["mine"].made and prior.n_frames == 4


def test_what_is_not_there_is_refused_in_words(others: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no video prior .yours..*--prior none"):
        priors.load_prior("yours", "cpu")
    assert not priors.at_hand(str(tmp_path))
    with pytest.raises(Refusal, match=r"no weights of a video prior in .*base.safetensors"):
        priors.load_prior(str(tmp_path), "cpu")
    with pytest.raises(Refusal, match="no model that score distillation can ask"):
        priors.load_prior("wrong", "cpu")


def test_a_folder_is_told_from_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "pixel").mkdir()
    assert priors.is_folder("weights") and priors.is_folder("a/b") and priors.is_folder(str(tmp_path))
    assert not any(map(priors.is_folder, ("pixel", "none", "auto", "mine")))
