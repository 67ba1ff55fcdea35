"""Preferences survive a restart, and a damaged file does not stop one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, load_settings, save_settings, settings_file


def test_they_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    settings = Settings("light", ("a", "b"), "00ff")
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"theme": "pink", "recent": 4, "geometry": []}'])
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
