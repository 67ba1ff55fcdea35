"""Workspaces: four layouts of the one window's docks, switched, reset, and remembered between starts.

A panel is added once, by one explicit call, and says in which workspaces it stands when nobody has moved it. The
person may move, float, tab and close docks; each workspace remembers that. A remembered layout is only used by the
set of panels that it was made for, so a new version of the program starts from the built-in one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

WORKSPACES = ("curate", "poses", "lift", "shot")
LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
TOP, BOTTOM = Qt.DockWidgetArea.TopDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
LAYOUT = 1
"""Raised when the built-in layouts change so much that remembered ones should be forgotten."""


@dataclass(frozen=True)
class Panel:
    """A dock in the making.

    Attributes:
        name: stable and unique; layouts are remembered by it.
        workspaces: where it stands by default; nowhere means that View > Panels shows it.
        size: px across its area by default (width at the sides, height above and below); 0 leaves it to the widget.
        tabbed_with: name of a panel, added before, on which it lies as a tab.
    """

    name: str
    title: str
    widget: QWidget
    area: Qt.DockWidgetArea
    workspaces: tuple[str, ...] = ()
    size: int = 0
    tabbed_with: str = ""

    def __post_init__(self) -> None:
        if not set(self.workspaces) <= set(WORKSPACES):
            raise ValueError(f"workspaces are {', '.join(WORKSPACES)}, not {self.workspaces}")


class Workspaces(QObject):
    """Owns the docks of a window. `changed(str)` names the workspace that is shown from now on."""

    changed = Signal(str)

    def __init__(self, window: QMainWindow, remembered: Mapping[str, str], current: str) -> None:
        """`remembered` has a layout in hex for some workspaces; `current` is the one to begin with."""
        super().__init__(window)
        self._window = window
        self._docks: dict[str, tuple[Panel, QDockWidget]] = {}
        self._layouts = {name: QByteArray.fromHex(text.encode()) for name, text in remembered.items()}
        self._on_show = False
        self.current = current if current in WORKSPACES else "lift"
        window.setDockNestingEnabled(True)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            window.setCorner(corner, BOTTOM)

    def add(self, panel: Panel) -> QDockWidget:
        """Put a widget into a dock of its own; it appears where the panel says, once a project is open."""
        if panel.name in self._docks:
            raise ValueError(f"there is a panel {panel.name} already")
        dock = QDockWidget(panel.title, self._window)
        dock.setObjectName(panel.name)
        dock.setWidget(panel.widget)
        dock.hide()
        dock.toggleViewAction().setEnabled(False)
        self._docks[panel.name] = panel, dock
        if self._on_show:
            self._arrange()
        return dock

    def dock(self, name: str) -> QDockWidget:
        """The dock of a panel."""
        return self._docks[name][1]

    def toggles(self) -> list[QAction]:
        """For the menu: one action a panel that shows or hides it."""
        return [dock.toggleViewAction() for _panel, dock in self._docks.values()]

    def go_to(self, name: str) -> None:
        """Show a workspace; what was moved in the present one is kept for its return."""
        if name != self.current:
            self._remember()
            self.current = name
            for _panel, dock in self._docks.values():
                dock.hide()  # while the middle changes, or the old docks beside the new middle would widen the window
            self.changed.emit(name)
            if self._on_show:
                self._arrange()

    def bring_out(self) -> None:
        """Show the docks: there is something for them to show."""
        if not self._on_show:
            self._on_show = True
            self._arrange()

    def put_away(self) -> None:
        """Hide all docks: no project is open."""
        self._remember()
        self._on_show = False
        for _panel, dock in self._docks.values():
            dock.hide()
            dock.toggleViewAction().setEnabled(False)

    def reset(self) -> None:
        """The built-in layout of the present workspace again."""
        self._layouts.pop(self.current, None)
        if self._on_show:
            self._arrange()

    def layouts(self) -> dict[str, str]:
        """Every workspace's layout in hex, as the constructor takes them."""
        self._remember()
        return {name: bytes(state.toHex().data()).decode() for name, state in self._layouts.items()}

    @property
    def _version(self) -> int:
        return (zlib.crc32(" ".join(sorted(self._docks)).encode()) + LAYOUT) & 0x7FFFFFFF

    def _remember(self) -> None:
        if self._on_show and self._docks:
            self._layouts[self.current] = self._window.saveState(self._version)

    def _arrange(self) -> None:
        for _panel, dock in self._docks.values():
            dock.toggleViewAction().setEnabled(True)
        state = self._layouts.get(self.current)
        if state is None or not self._window.restoreState(state, self._version):
            self._build_in()

    def _build_in(self) -> None:
        # Hidden docks get their place too: one that is in no area could not be shown from the menu later.
        for panel, dock in self._docks.values():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
            self._window.addDockWidget(panel.area, dock)
            dock.setVisible(self.current in panel.workspaces)
        shown = [(panel, dock) for panel, dock in self._docks.values() if self.current in panel.workspaces]
        for panel, dock in shown:
            if panel.tabbed_with and self.current in self._docks[panel.tabbed_with][0].workspaces:
                under = self.dock(panel.tabbed_with)
                self._window.tabifyDockWidget(under, dock)
                under.raise_()
        for areas, direction in (((LEFT, RIGHT), Qt.Orientation.Horizontal), ((TOP, BOTTOM), Qt.Orientation.Vertical)):
            sized = [(dock, panel.size) for panel, dock in shown if panel.size and panel.area in areas]
            self._window.resizeDocks([dock for dock, _ in sized], [size for _, size in sized], direction)
