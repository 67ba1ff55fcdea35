"""Set-up on a bare machine: what is missing is installed, or named exactly; nothing is done when nothing is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the set-up of system libraries is for Linux", allow_module_level=True)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH on which nothing is but what every system has, and no known library."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("uname", "head", "sh"):
        found = shutil.which(name)
        assert found is not None
        (place / name).symlink_to(found)
    put(place, "ldconfig", "echo 'libGL.so.1 (libc6,x86-64) => /lib/libGL.so.1'")
    put(place, "ls", "true")
    put(place, "python3", "exit 1")
    return place


def put(place: Path, name: str, body: str) -> None:
    (place / name).unlink(missing_ok=True)
    (place / name).write_text(f"#!/bin/sh\n{body}\n")
    (place / name).chmod(0o755)


def set_up(root: Path, machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "sh"), str(root / "scripts" / "system_libraries.sh"), "python3"],
        env={"PATH": str(machine)}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_without_apt_the_missing_are_named(root: Path, machine: Path) -> None:
    done = set_up(root, machine)
    assert done.returncode == 1
    for word in ("libEGL.so.1", "libgomp.so.1", "Xvfb", "xauth", "ensurepip", "OpenGL driver"):
        assert word in done.stderr
    assert "libGL.so.1" not in done.stderr.splitlines()[0]
    install = done.stderr.splitlines()[1]
    assert "apt-get install" in install and install.count(" xvfb") == 1 and "python3-venv" in install


def test_a_person_without_rights_is_told_what_to_install(root: Path, machine: Path) -> None:
    put(machine, "apt-get", "exit 99")
    put(machine, "id", "echo 1000")
    done = set_up(root, machine)
    assert done.returncode == 1 and "libegl1" in done.stderr and done.stdout == ""


def test_root_installs_just_the_missing(root: Path, machine: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    put(machine, "apt-get", f'echo "$@" >> {log}; echo "#!/bin/sh" > {machine}/python3')
    put(machine, "id", "echo 0")
    done = set_up(root, machine)
    assert done.returncode == 0, done.stderr
    update, install = log.read_text().splitlines()
    assert "update" in update and "--no-install-recommends" in install
    assert "libegl1" in install and "libgl1 " not in install


def test_a_python_that_the_system_package_does_not_serve_is_told(root: Path, machine: Path) -> None:
    put(machine, "apt-get", "true")
    put(machine, "id", "echo 0")
    done = set_up(root, machine)
    assert done.returncode == 1 and "its own venv package" in done.stderr


def test_a_failed_installation_stops(root: Path, machine: Path) -> None:
    put(machine, "apt-get", "exit 100")
    put(machine, "id", "echo 0")
    done = set_up(root, machine)
    assert done.returncode == 1 and "sudo apt-get install" in done.stderr


def test_python_is_found_or_asked_for(root: Path, tmp_path: Path) -> None:
    script = str(root / "scripts" / "find_python.sh")
    found = subprocess.run(
        [script], capture_output=True, text=True, check=True, env={**os.environ, "PYTHON": sys.executable}
    )
    assert found.stdout.strip() == sys.executable
    sh = shutil.which("sh")
    assert sh is not None
    put(tmp_path, "python3", "exit 1")
    missing = subprocess.run([sh, script], capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)})
    assert missing.returncode == 1 and "3.11" in missing.stderr and missing.stdout == ""
