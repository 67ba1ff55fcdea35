"""Shared by all tests: thread counts, so that runs are repeatable and polite, and the folder of outside fixtures."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("QT_API", "pyside6")
if shutil.which("Xvfb"):  # windows go to the screens of pytest-xvfb, on a Wayland desktop too
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")

# How long it takes to draw an example says how busy the machine is, not whether a law holds.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Large outside fixtures beside the repository; a test that needs them skips, saying so, when they are absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder of outside fixtures, ../shared, is absent")
    return folder
