"""The bar over the picture: how splats are painted, what is drawn beside them, the source frame laid over."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QWidget

from app.actions import MARKS, PAINTS
from app.panels.transport import ActionButton
from app.view_state import FREE, SOURCES, ViewState

WORDS = {"off": "Source: off", "blend": "Source: blend", "wipe": "Source: wipe", "difference": "Source: difference"}


class ViewBar(QWidget):
    """Shows a `ViewState` and calls its methods."""

    def __init__(self, view: ViewState, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._view, self._actions = view, actions
        self.source = QComboBox()
        self.source.setAccessibleName("Source frame")
        self.source.setToolTip(f"{actions['source'].toolTip()}; stand at a solved camera first")
        self.source.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for name in SOURCES:
            self.source.addItem(WORDS[name], name)
        self.share = QSlider(Qt.Orientation.Horizontal)
        self.share.setRange(0, 100)
        self.share.setFixedWidth(96)
        self.share.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.share.setAccessibleName("How much of the source frame")
        self.share.setToolTip("How much of the source frame is seen")
        self._lay_out()
        self.source.activated.connect(lambda row: view.set_source(self.source.itemData(row)))
        self.share.valueChanged.connect(lambda value: view.set_source(view.source, value / 100))
        for signal in (view.moment_changed, view.marks_changed, view.camera_changed, view.scene_changed):
            signal.connect(self.show_view)
        self.show_view()

    def show_view(self) -> None:
        """Which paint, which marks, which way of comparing."""
        view = self._view
        for name, paint in PAINTS.items():
            self._actions[name].setChecked(paint is view.paint)
        for name, mark in MARKS.items():
            self._actions[name].setChecked(mark in view.marks)
        self._actions["fly"].setChecked(view.flying)
        self._actions["flat"].setChecked(view.flat)
        solved = view.snapshot is not None and view.station != FREE
        self.source.setEnabled(solved)
        with QSignalBlocker(self.source), QSignalBlocker(self.share):
            self.source.setCurrentIndex(SOURCES.index(view.source))
            self.share.setValue(round(100 * (view.wipe if view.source == "wipe" else view.opacity)))
        self.share.setEnabled(solved and view.source in ("blend", "wipe"))

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(0)
        for i, name in enumerate(PAINTS):
            button = ActionButton(self._actions[name])
            button.setObjectName("segment")
            button.setProperty("place", "first" if i == 0 else "last" if i == len(PAINTS) - 1 else "middle")
            row.addWidget(button)
        row.addSpacing(12)
        for name in (*MARKS, "fly"):
            button = ActionButton(self._actions[name])
            button.setObjectName("toggle")
            row.addWidget(button)
            row.addSpacing(2)
        row.addStretch(1)
        row.addWidget(self.source)
        row.addSpacing(8)
        row.addWidget(self.share)
