"""Tiny models in folders, made once a session; without the extra the tests that need them are skipped, saying so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by name; nobody writes into it."""
    pytest.importorskip("diffusers", reason="the extra diffusers is not installed")
    from tests.fakes.open_models import save

    return cache(lambda name: save(name, tmp_path_factory.mktemp("models") / name))


@pytest.fixture
def own(model: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a tiny model, to be changed."""
    return lambda name: Path(shutil.copytree(model(name), tmp_path / name))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection fails the test."""

    def refuse(*_: object) -> None:
        raise AssertionError("something wanted to use the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.delenv("SPLATIME_DIFFUSERS_MODEL", raising=False)
