"""Preferences survive a restart, and a damaged file does not stop one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, load_settings, reset_layout, reset_preferences, save_settings, settings_file
from main import main


def test_they_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    settings = Settings("light", ("a", "b"), "00ff", mouse="maya")
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"theme": "pink", "recent": 4, "geometry": []}', '{"mouse": "cat"}', '{"mouse": []}']
)
def test_nonsense_is_the_default(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    assert load_settings(path) == Settings()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{")
    load_settings(path)
    assert (tmp_path / "settings.damaged").read_text() == "{"


def test_the_last_opened_comes_first_once() -> None:
    settings = Settings()
    for name in "abcdefghijab":
        settings = settings.opened(Path(name))
    assert settings.recent == ("b", "a", "j", "i", "h", "g", "f", "e")


def test_a_home_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    save_settings(blocked / "settings.json", Settings("dark"))
    assert blocked.read_text() == ""


def test_another_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATIME_CONFIG", str(tmp_path))
    assert settings_file() == tmp_path / "settings.json"


def test_layout_and_preferences_are_reset(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save_settings(path, Settings("light", ("a",), "00ff", "shot", {"shot": "ff"}, {"play": ("P",)}))
    reset_layout(path)
    assert load_settings(path) == Settings("light", ("a",), keys={"play": ("P",)})
    reset_preferences(path)
    assert load_settings(path) == Settings()
    reset_preferences(path)
    assert "light" in (tmp_path / "settings.before_reset").read_text()


def test_the_door_resets_before_it_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATIME_CONFIG", str(tmp_path))
    save_settings(tmp_path / "settings.json", Settings("dark", geometry="00ff"))
    opened: list[Path | None] = []

    def run_window(project: Path | None) -> int:
        opened.append(project)
        return 0

    monkeypatch.setattr("app.main.run_window", run_window)
    assert main(["--reset-layout", "x"]) == 0
    assert opened == [Path("x")]
    assert load_settings(tmp_path / "settings.json") == Settings("dark")
