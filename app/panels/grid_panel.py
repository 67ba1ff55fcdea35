"""The dock of the time x view grid: what its cells show, how large they are, and the grid."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from app.cells import Cells
from app.panels.grid_cell import SHOWS
from app.panels.time_view_grid import LARGEST_CELL, SMALLEST, USUAL, TimeViewGrid
from app.view_state import ViewState

WORDS = {
    "source": "Source, else render",
    "render": "Render",
    "wipe": "Wipe source and render",
    "difference": "Difference",
}


class GridPanel(QWidget):
    """Shows `Cells`; a click in the grid moves the view."""

    def __init__(self, cells: Cells, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = TimeViewGrid(cells, view)
        self.show_box = QComboBox()
        self.show_box.setAccessibleName("What cells show")
        self.show_box.setToolTip("What cells show that have a source frame; a wipe follows the pointer")
        for name in SHOWS:
            self.show_box.addItem(WORDS[name], name)
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self.zoom.setRange(SMALLEST, LARGEST_CELL)
        self.zoom.setValue(USUAL)
        self.zoom.setFixedWidth(110)
        self.zoom.setAccessibleName("Size of cells")
        self.zoom.setToolTip("Size of cells (Ctrl + wheel)")
        hint = QLabel("A folded corner: a video has this frame. Click or arrow keys: go there.")
        hint.setObjectName("muted")
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 8, 10, 0)
        bar.setSpacing(10)
        bar.addWidget(self.show_box)
        bar.addWidget(self.zoom)
        bar.addWidget(hint, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(bar)
        whole.addWidget(self.grid, 1)
        self.show_box.activated.connect(lambda row: self.grid.show_as(self.show_box.itemData(row)))
        self.zoom.valueChanged.connect(self.grid.set_height)
        self.grid.zoomed.connect(self._zoom)

    def _zoom(self, height: int) -> None:
        with QSignalBlocker(self.zoom):
            self.zoom.setValue(height)
        self.grid.set_height(height)
