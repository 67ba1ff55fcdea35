"""What the window offers about itself: its theme, preferences, keys, the command palette, help; holds `Settings`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from app import shortcuts
from app.actions import refresh_icons
from app.dialogs import tell, tell_at_length
from app.help import about_text, keys_text
from app.panels.doctor import DoctorDialog
from app.panels.palette import Palette
from app.panels.preferences import Preferences
from app.settings import Settings, load_settings, save_settings
from app.shortcuts import Keys
from app.theme import apply_theme
from pipeline.project.project_file import is_project


class Desk(QObject):
    """Reads the preferences of `path` and writes every change of them; `dressed`: another theme is on.

    `mouse_chosen(str)`: another mouse map is wanted.
    """

    dressed = Signal()
    mouse_chosen = Signal(str)

    def __init__(self, window: QWidget, actions: dict[str, QAction], path: Path) -> None:
        super().__init__(window)
        self._window, self._actions, self.path = window, actions, path
        self.settings: Settings = load_settings(path)
        shortcuts.apply(actions, self.settings.keys)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def recent(self) -> tuple[str, ...]:
        """Projects that were open last and still exist."""
        return tuple(path for path in self.settings.recent if is_project(Path(path)))

    def settle(self, settings: Settings) -> None:
        """Keep other preferences from now on."""
        self.settings = settings
        save_settings(self.path, settings)

    def keep_options(self, provider: str, options: Mapping[str, Any]) -> None:
        """Remember what a provider of videos was asked with."""
        self.settle(replace(self.settings, providers={**self.settings.providers, provider: dict(options)}))

    def dress(self, choice: str) -> None:
        """Put a theme on: system, dark or light. It is kept when the window closes."""
        self.settings = replace(self.settings, theme=choice)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, choice)
        refresh_icons(self._actions)
        self.dressed.emit()

    def deeds(self, backend: Callable[[], str]) -> dict[str, Callable[[], object]]:
        """What the commands of this file do; `backend` names what draws."""
        return {
            "palette": lambda: Palette(self._actions, self._window).open(),
            "preferences": self._preferences,
            "doctor": lambda: DoctorDialog(self._window).open(),
            "keys": self._tell_keys,
            "about": lambda: tell(self._window, "About Splatime", about_text(backend())),
        }

    def _tell_keys(self) -> None:
        tell_at_length(self._window, "Keys and mouse", keys_text(self.settings.keys, self.settings.mouse))

    def _preferences(self) -> None:
        dialog = Preferences(self.settings, self._window)
        dialog.theme_requested.connect(self.dress)
        dialog.keys_requested.connect(self._set_keys)
        dialog.mouse_requested.connect(self._set_mouse)
        dialog.open()

    def _set_keys(self, keys: Keys) -> None:
        shortcuts.apply(self._actions, keys)
        self.settle(replace(self.settings, keys=keys))

    def _set_mouse(self, name: str) -> None:
        self.settle(replace(self.settings, mouse=name))
        self.mouse_chosen.emit(name)

    def _system_changed(self) -> None:
        if self.settings.theme == "system":
            self.dress("system")
