"""The table of providers: every row can be made without a model, and what is missing is said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate.registry import PROVIDERS, Row, adjusted, find, rows
from renderer.errors import Refusal
from tests.fakes.moving_bar import MovingBar

BAR = Row("bar", "tests.fakes.moving_bar:make")


def test_every_row_is_light_and_says_what_it_can_do(root: Path) -> None:
    code = (
        "import sys; from pipeline.generate.registry import PROVIDERS, find\n"
        "assert all(find(row.name).ability.name == row.name for row in PROVIDERS)\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_names_are_unique() -> None:
    assert len({row.name for row in PROVIDERS}) == len(PROVIDERS)


def test_a_provider_is_found_by_name() -> None:
    assert find("bar", (BAR,)).ability.title == "Moving bar"
    with pytest.raises(Refusal, match="no provider 'nobody'; choose one of these: bar"):
        find("nobody", (BAR,))


def test_a_missing_package_is_named() -> None:
    with pytest.raises(Refusal, match=r"nowhere_at_all.*pip install 'splatime\[big\]'"):
        find("x", (Row("x", "nowhere_at_all:make", "big"),))


def test_other_packages_add_providers_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "bar-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[splatime.providers]\nbar = tests.fakes.moving_bar:make\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Row("bar", "tests.fakes.moving_bar:make") in rows()
    assert find("bar").ability.name == "bar"


def test_a_provider_whose_ability_depends_on_options_is_asked_with_them() -> None:
    class Folder(MovingBar):
        def adjusted(self, options: Mapping[str, Any]) -> MovingBar:
            return MovingBar(replace(self.ability, max_frames=options["most"]))

    assert adjusted(Folder(), {"most": 5}).ability.max_frames == 5
    plain = MovingBar()
    assert adjusted(plain, {"most": 5}) is plain
