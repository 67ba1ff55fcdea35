"""The child process: clean of image libraries, killed with its group, gone when its parent is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.poses import child
from pipeline.poses.child import PACKAGE_ROOT, PosesCancelled, run_child
from renderer.errors import Refusal

SLOW = """
import json, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("not a message")
print(json.dumps({"step": 1, "steps": 2, "pid": grandchild.pid}), flush=True)
time.sleep(60)
"""


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def _soon(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if _gone(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package root whose colmap_child is the test's own program."""
    package = tmp_path / "pipeline" / "poses"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text("")
    monkeypatch.setattr(child, "PACKAGE_ROOT", tmp_path)
    return package / "colmap_child.py"


def test_the_child_loads_pycolmap_and_numpy_and_no_image_library(tmp_path: Path) -> None:
    names = ["PIL", "imageio", "av", "torch", "scipy", "numba", "safetensors", "PySide6", "cv2"]
    code = (
        "import sys, pipeline.poses.colmap_child\n"
        f"found = [name for name in {names} if name in sys.modules]\n"
        "assert 'pycolmap' in sys.modules\n"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_this_process_has_not_loaded_pycolmap() -> None:
    assert "pycolmap" not in sys.modules


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_cancelling_kills_the_child_and_what_it_started(fake: Path, tmp_path: Path) -> None:
    fake.write_text(SLOW)
    pids: list[int] = []
    with pytest.raises(PosesCancelled):
        for message in run_child(tmp_path / "spec.json", tmp_path / "log", lambda: bool(pids)):
            pids.append(message["pid"])
    assert len(pids) == 1
    assert _soon(pids[0])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_leaving_early_kills_the_child(fake: Path, tmp_path: Path) -> None:
    fake.write_text(SLOW)
    messages = run_child(tmp_path / "spec.json", tmp_path / "log", lambda: False)
    pid = next(messages)["pid"]
    messages.close()  # type: ignore[attr-defined]
    assert _soon(pid)


def test_a_crash_is_told_in_a_sentence_and_its_log_is_kept(fake: Path, tmp_path: Path) -> None:
    fake.write_text("import os, sys\nsys.stderr.write('deep trouble')\nsys.stderr.flush()\nos.abort()")
    with pytest.raises(Refusal, match="COLMAP stopped unexpectedly"):
        list(run_child(tmp_path / "spec.json", tmp_path / "log", lambda: False))
    assert b"deep trouble" in (tmp_path / "log").read_bytes()


def test_a_folder_named_pipeline_beside_the_spec_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").write_text("raise SystemExit(0)")
    with pytest.raises(Refusal, match="COLMAP stopped"):
        list(run_child(tmp_path / "spec.json", tmp_path / "log", lambda: False))
    assert b"spec.json" in (tmp_path / "log").read_bytes()


def test_the_real_child_ends_when_its_stdin_closes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "spec.json")  # reading it blocks for ever
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pipeline.poses.colmap_child", str(tmp_path / "spec.json")],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)},
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=30) == 3
