"""What the window offers about itself: preferences, keys, the command palette, help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app import shortcuts
from app.dialogs import tell
from app.help import about_text, keys_text
from app.panels.doctor import DoctorDialog
from app.panels.palette import Palette
from app.panels.preferences import Preferences
from app.settings import Settings
from app.shortcuts import Keys

Settle = Callable[[Settings], object]


class Desk(QObject):
    """`settings` and `settle` read and write the window's preferences; `dress` puts a theme on."""

    def __init__(
        self,
        window: QWidget,
        actions: dict[str, QAction],
        settings: Callable[[], Settings],
        settle: Settle,
        dress: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._window, self._actions = window, actions
        self._settings, self._settle, self._dress = settings, settle, dress
        shortcuts.apply(actions, settings().keys)

    def deeds(self, backend: Callable[[], str]) -> dict[str, Callable[[], object]]:
        """What the commands of this file do; `backend` names what draws."""
        return {
            "palette": lambda: Palette(self._actions, self._window).open(),
            "preferences": self._preferences,
            "doctor": lambda: DoctorDialog(self._window).open(),
            "keys": lambda: tell(self._window, "Keys and mouse", keys_text(self._settings().keys)),
            "about": lambda: tell(self._window, "About Splatime", about_text(backend())),
        }

    def _preferences(self) -> None:
        dialog = Preferences(self._settings(), self._window)
        dialog.theme_requested.connect(self._dress)
        dialog.keys_requested.connect(self._set_keys)
        dialog.open()

    def _set_keys(self, keys: Keys) -> None:
        shortcuts.apply(self._actions, keys)
        self._settle(replace(self._settings(), keys=keys))
