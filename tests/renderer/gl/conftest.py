"""A QApplication as the program makes it, because vispy's contexts come from Qt."""

from __future__ import annotations

import os

import pytest
from PySide6.QtWidgets import QApplication

from app.main import make_application


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.skip("there is no display; make test starts Xvfb by itself")
    return make_application()
