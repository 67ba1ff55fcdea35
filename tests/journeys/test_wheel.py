"""The installed wheel works from another folder, holds what it should, and leaves the tests out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PACKAGES = ("app", "pipeline", "renderer", "resources")


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, so that the checkout gets no build folder."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    out = tmp_path_factory.mktemp("wheel")
    pip(["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source)])
    (found,) = out.glob("splatime-*.whl")
    return found


def pip(words: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_listed_packages_are_all_there_are(root: Path) -> None:
    listed = set(tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        path.parent.relative_to(root).as_posix().replace("/", ".")
        for name in PACKAGES
        for path in (root / name).rglob("__init__.py")
    }
    assert listed == found


def test_the_wheel_holds_the_data_and_no_tests(wheel: Path, root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert not any(name.startswith("tests/") or "conftest" in name for name in names)
    data = [p for p in (root / "resources").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert {p.relative_to(root).as_posix() for p in data} <= names
    assert any(name.endswith("LICENSE") for name in names)
    metadata = next(name for name in names if name.endswith("/entry_points.txt"))
    assert "splatime = main:main" in zipfile.ZipFile(wheel).read(metadata).decode()


def test_it_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    pip(["install", "--no-deps", "--target", str(target), str(wheel)])
    # A folder that is named like one of ours must not be run instead.
    (elsewhere / "pipeline").mkdir(parents=True)
    (elsewhere / "pipeline" / "__init__.py").write_text("raise SystemExit(99)")
    environment = {**os.environ, "PYTHONPATH": str(target)}

    def splatime(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(target / "bin" / "splatime"), *words],
            cwd=elsewhere, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    version = splatime("--version")
    assert version.returncode == 0 and version.stdout.startswith("splatime ")
    shown = splatime("--help")
    assert shown.returncode == 0
    assert all(verb in shown.stdout for verb in ("lift", "render", "export", "evaluate", "info", "doctor"))
    facts = splatime("info", "nowhere")
    assert facts.returncode == 1 and "not a Splatime project" in facts.stderr
    code = "import main, sys; print(main.__file__)"
    where = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=elsewhere, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(where.stdout.strip()).is_relative_to(target)
