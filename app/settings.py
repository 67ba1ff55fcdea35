"""What the program remembers between starts: theme, recent projects, window place, layouts. Not part of any project.

One small JSON file, written atomically; a damaged one is set aside and the defaults are used, because
preferences are never worth a start that fails.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from app.mouse_maps import DEFAULT, MAPS

THEMES = ("system", "dark", "light")
RECENT = 8


@dataclass(frozen=True)
class Settings:
    """Preferences; `geometry` is Qt's saved window geometry in hex, `layouts` that of docks, by workspace.

    `keys` has the keys of commands to which the person gave others, `mouse` names one of `mouse_maps.MAPS`, `providers`
    has the options that each provider of videos was last asked with.
    """

    theme: str = "system"
    recent: tuple[str, ...] = ()
    geometry: str = ""
    workspace: str = "lift"
    layouts: Mapping[str, str] = field(default_factory=dict, hash=False)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    mouse: str = DEFAULT
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    def opened(self, project: Path) -> Settings:
        """With `project` first among the recent ones."""
        name = str(project)
        return replace(self, recent=(name, *(p for p in self.recent if p != name))[:RECENT])


def reset_layout(path: Path) -> None:
    """Forget where the window and its panels were."""
    save_settings(path, replace(load_settings(path), geometry="", workspace="lift", layouts={}))


def reset_preferences(path: Path) -> None:
    """Start from the defaults; what was there is set aside under another name."""
    with contextlib.suppress(OSError):
        path.replace(path.with_suffix(".before_reset"))


def settings_file() -> Path:
    """Where the preferences of this user lie; SPLATIME_CONFIG names another folder."""
    folder = os.environ.get("SPLATIME_CONFIG")
    return (Path(folder) if folder else platformdirs.user_config_path("splatime")) / "settings.json"


def load_settings(path: Path) -> Settings:
    """Read preferences; whatever is missing or makes no sense is the default."""
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            path.replace(path.with_suffix(".damaged"))
        return Settings()
    if not isinstance(data, dict):
        return Settings()
    theme, recent, geometry = data.get("theme"), data.get("recent"), data.get("geometry")
    mouse = data.get("mouse")
    workspace, layouts, keys = data.get("workspace"), data.get("layouts"), data.get("keys")
    providers = data.get("providers")
    return Settings(
        theme=theme if theme in THEMES else "system",
        mouse=mouse if isinstance(mouse, str) and mouse in MAPS else DEFAULT,
        recent=tuple(str(p) for p in recent[:RECENT]) if isinstance(recent, list) else (),
        geometry=geometry if isinstance(geometry, str) else "",
        workspace=workspace if isinstance(workspace, str) else "lift",
        layouts={str(k): str(v) for k, v in layouts.items()} if isinstance(layouts, dict) else {},
        keys={str(k): tuple(map(str, v)) for k, v in keys.items() if isinstance(v, list)}
        if isinstance(keys, dict)
        else {},
        providers={str(k): v for k, v in providers.items() if isinstance(v, dict)}
        if isinstance(providers, dict)
        else {},
    )


def save_settings(path: Path, settings: Settings) -> None:
    """Write preferences atomically; a read-only home is no reason to stop."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
        scratch.replace(path)
