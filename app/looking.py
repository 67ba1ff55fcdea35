"""How the scene is looked at: the stage in the middle and the commands of View, connected to `ViewState`.

Holds no truth: the view is `ViewState`, the source frames are the takes', found by `Sources`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup

from app.actions import MARKS, MODES, PAINTS
from app.cells import Cells
from app.document import Document
from app.frame_store import FrameStore
from app.grid_plan import Cell
from app.panels.column import column
from app.panels.grid_panel import GridPanel
from app.panels.transport import Transport
from app.panels.view_bar import ViewBar
from app.player import Player
from app.scene_loader import Scene
from app.sources import Sources
from app.view_state import ViewState
from app.viewport import Viewport
from app.viewport_backend import Backend, Reports
from app.workspaces import BOTTOM, Panel


class Looking(QObject):
    """Owns viewport, view bar and transport; `stage` is the three of them over each other."""

    def __init__(
        self,
        view: ViewState,
        document: Document,
        store: FrameStore,
        actions: dict[str, QAction],
        make_backend: Callable[[Reports], Backend],
        busy: Callable[[], bool],
        parent: QObject,
    ) -> None:
        """`busy` answers whether a lift renews the scene all the time."""
        super().__init__(parent)
        self._view, self._document = view, document
        self._run = ""
        self._player = Player(view, self)
        self.sources = Sources(store, lambda: document.project, lambda: self._run)
        self.cells = Cells(view, self.sources, busy, self)
        self.grid = GridPanel(self.cells, view)
        self.grid.grid.go_requested.connect(self._go)
        self.viewport = Viewport(view, make_backend)
        self.view_bar = ViewBar(view, actions)
        self.transport = Transport(view, actions)
        self.stage = column(self.view_bar, self.viewport, self.transport, tall=self.viewport)
        self._connect_actions(actions)
        document.changed.connect(lambda: self.cells.show_project(document.project))
        for signal in (view.camera_changed, view.moment_changed, view.marks_changed, store.ready):
            signal.connect(self._lay_source)

    def panels(self) -> tuple[Panel, ...]:
        """The docks of looking."""
        return (Panel("grid", "Times and views", self.grid, BOTTOM, ("poses",), size=290),)

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of looking do."""
        view = self._view
        return {
            "reset_view": view.reset, "frame_scene": view.frame_scene, "source": view.next_source,
            "previous_camera": lambda: view.step_station(-1), "next_camera": lambda: view.step_station(1),
            "from_front": lambda: view.from_axis("front"), "from_right": lambda: view.from_axis("right"),
            "from_top": lambda: view.from_axis("top"),
        }  # fmt: skip

    def show_scene(self, scene: Scene | None, same_run: bool = False) -> None:
        """Draw another snapshot."""
        self.viewport.show_scene(scene)
        self.cells.show_scene(scene, same_run)
        self.cells.show_project(self._document.project)

    def close(self) -> None:
        """For the end of the program."""
        self.cells.close()
        self.viewport.close_backend()

    def show_run(self, run: Path | None) -> None:
        """Which run the scene is of: its takes are the sources."""
        self._run = "" if run is None else run.name
        self._lay_source()

    def refresh_theme(self) -> None:
        """After a change of theme."""
        self.viewport.refresh_theme()
        self.transport.show_playing()

    def _lay_source(self) -> None:
        """Give the viewport the source frame of what it shows, once it is asked for."""
        view = self._view
        image, words = (None, "") if view.source == "off" else self.sources.at(view.station, view.time)
        self.viewport.show_source(image, words)

    def _go(self, cell: Cell) -> None:
        self._view.pause()
        self._view.go_to(cell.station)
        self._view.set_time(cell.time)

    def _connect_actions(self, actions: dict[str, QAction]) -> None:
        view, modes, paints = self._view, QActionGroup(self), QActionGroup(self)
        for name, mode in MODES.items():
            modes.addAction(actions[name])
            actions[name].triggered.connect(lambda _checked=False, mode=mode: view.set_mode(mode))
        for name, paint in PAINTS.items():
            paints.addAction(actions[name])
            actions[name].triggered.connect(lambda _checked=False, paint=paint: view.set_paint(paint))
        for name, mark in MARKS.items():
            actions[name].triggered.connect(lambda on, mark=mark: view.set_mark(mark, on))
        actions["fly"].triggered.connect(view.set_flying)
        actions["flat"].triggered.connect(view.set_flat)
