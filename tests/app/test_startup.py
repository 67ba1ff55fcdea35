"""The window's process: nothing heavy in it, and a picture of how long it takes to open (told, not judged)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, sys, time
started = time.perf_counter()
from app.main import make_application, run_window
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pathlib import Path
app = make_application()
facts = {}

def look():
    window = next((w for w in app.topLevelWidgets() if w.isVisible() and w.windowTitle()), None)
    if window is not None and "opened" not in facts:
        facts["opened"] = time.perf_counter() - started
        facts["title"] = window.windowTitle()
    if window is not None and (len(sys.argv) < 2 or window.view.snapshot is not None):
        facts["pictured"] = time.perf_counter() - started
        picture = window.grab()
        facts["picture"], facts["window"] = picture.size().toTuple(), window.size().toTuple()
        facts["ratio"] = window.devicePixelRatioF()
        timer.stop()
        window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
facts["code"] = run_window(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
facts["heavy"] = sorted(set(sys.modules) & {"torch", "numba", "pycolmap", "gsplat", "scipy", "av", "imageio"})
print(json.dumps(facts))
"""


def run(root: Path, scratch: Path, *arguments: str, environment: dict[str, str] | None = None) -> dict[str, object]:
    environment = {
        **os.environ,
        **(environment or {}),
        "PYTHONPATH": str(root),
        "SPLATIME_CONFIG": str(scratch),
        "SPLATIME_VIEWPORT": "tiles",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *arguments],
        env=environment, cwd=scratch, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    facts: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return facts


@pytest.mark.usefixtures("qapp")
def test_the_window_opens_and_closes_without_anything_heavy(root: Path, tmp_path: Path) -> None:
    facts = run(root, tmp_path)
    print(f"the window opened after {facts['opened']:.2f} s")
    assert facts["heavy"] == []
    assert facts["code"] == 0
    assert facts["title"] == "Splatime"


@pytest.mark.usefixtures("qapp")
def test_a_project_given_on_the_command_line_is_shown(root: Path, tmp_path: Path, project: Path) -> None:
    facts = run(root, tmp_path, str(project))
    print(f"the window opened after {facts['opened']:.2f} s, its scene was read after {facts['pictured']:.2f} s")
    assert facts["heavy"] == []
    assert facts["code"] == 0


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("scale", ["1.25", "1.5", "2"])
def test_on_dense_screens_the_picture_is_as_fine_as_the_screen(
    root: Path, tmp_path: Path, project: Path, scale: str
) -> None:
    facts = run(root, tmp_path, str(project), environment={"QT_SCALE_FACTOR": scale})
    picture, window = facts["picture"], facts["window"]
    assert isinstance(picture, list) and isinstance(window, list)
    assert facts["ratio"] == pytest.approx(float(scale))
    assert picture == [round(side * float(scale)) for side in window]


def test_without_a_display_it_says_so(root: Path, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    done = subprocess.run(
        [sys.executable, str(root / "main.py")], env=environment, cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "Traceback" not in done.stderr
