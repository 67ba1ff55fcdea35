"""The menu bar: which command stands where."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from app.settings import THEMES

THEME_WORDS = dict(zip(THEMES, ("As the &system", "&Dark", "&Light"), strict=True))

BAR: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("&File", ("new_project", "open", "RECENT", "sample", "", "import", "relink", "", "pack", "unpack", "", "export",
               "", "close", "", "quit")),
    ("&Edit", ("undo", "redo", "", "paste", "", "palette", "preferences")),
    ("&Generate", ("show_generate", "generate", "random_seed", "fetch_model", "train_model", "", "reroll",
                   "in_between", "accept_candidate", "vary", "", "recall", "remix", "", "extend_left", "extend_right",
                   "extend")),
    ("&Take", ("star", "reject", "", "use_reference", "use_freeze_time", "stabilise", "", "compare", "next_compare",
               "swap", "", "set_in", "set_out", "go_in", "go_out", "clear_trim", "", "drop_frames", "lock_frames",
               "pick_canonical")),
    ("&View", ("canonical", "per_frame", "temporal", "", "colour", "centres", "depth", "deformation", "",
               "show_cameras", "show_grid", "show_trails", "source", "", "fly", "reset_view", "frame_scene",
               "previous_camera", "next_camera", "from_front", "from_right", "from_top", "flat",
               "", "curate", "poses", "lifting", "shot", "PANELS", "reset_workspace", "", "THEME", "full_screen")),
    ("&Play", ("play", "backward", "pause", "forward", "", "previous_frame", "next_frame", "back_ten", "forward_ten",
               "", "first_frame", "last_frame")),
    ("&Lift", ("lift", "", "solve_cameras", "import_cameras", "solve_instead", "drop_lost", "", "start_lift", "resume",
               "pause_lift", "keep_snapshot", "stop_lift", "cancel_lift", "", "swap_runs", "fork_run", "measure", "",
               "run_queue", "job_up", "job_down", "retry_job", "remove_job", "copy_job", "clear_jobs")),
    ("&Shot", ("add_key", "update_key", "remove_key", "", "previous_key", "next_key", "", "shot_loop", "",
               "import_path", "export_path")),
    ("&Help", ("keys", "doctor", "", "about")),
)  # fmt: skip


class Menus:
    """Fills a menu bar; `recent`, `themes` and `panels` are the menus that change."""

    def __init__(self, bar: QMenuBar, actions: dict[str, QAction]) -> None:
        self.recent = QMenu("Open &recent", bar)
        self.themes = QMenu("&Theme", bar)
        self.panels = QMenu("Pa&nels", bar)
        changing = {"RECENT": self.recent, "THEME": self.themes, "PANELS": self.panels}
        for title, names in BAR:
            menu = bar.addMenu(title)
            for name in names:
                if name in changing:
                    menu.addMenu(changing[name])
                elif name:
                    menu.addAction(actions[name])
                else:
                    menu.addSeparator()

    def fill_themes(self, chosen: str, choose: Callable[[str], object]) -> None:
        """The three looks, one of them ticked."""
        group = QActionGroup(self.themes)
        for name in THEMES:
            action = self.themes.addAction(THEME_WORDS[name])
            action.setCheckable(True)
            action.setChecked(name == chosen)
            action.triggered.connect(lambda _checked=False, name=name: choose(name))
            group.addAction(action)

    def fill_panels(self, toggles: list[QAction]) -> None:
        """One entry a panel, ticked while it is shown."""
        self.panels.clear()
        self.panels.addActions(toggles)
        self.panels.menuAction().setVisible(bool(toggles))

    def fill_recent(self, paths: tuple[str, ...], choose: Callable[[str], object]) -> None:
        """The projects that were open last and still exist."""
        self.recent.clear()
        for path in paths:
            self.recent.addAction(path).triggered.connect(lambda _checked=False, path=path: choose(path))
        self.recent.setEnabled(bool(paths))
