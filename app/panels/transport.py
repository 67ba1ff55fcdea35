"""The bar under the picture: play, the time rail, the camera picker with its rail, and the three modes.

It shows a `ViewState` and calls its methods; nothing is stored here.
"""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from app.actions import MODES
from app.panels.rail import Rail
from app.theme import icon
from app.view_state import FREE, REFERENCE, ViewState
from renderer.gl.moment import Mode


class ActionButton(QToolButton):
    """A tool button of an action that Return presses too, because Space belongs to playback."""

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDefaultAction(action)
        self.setAccessibleName(action.text().replace("&", ""))
        self.setIconSize(QSize(20, 20))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


def _caption(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("muted")
    # Beside the rail's line, not its labels.
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    label.setContentsMargins(0, 6, 0, 0)
    return label


class Transport(QWidget):
    """Time, camera and mode of a view."""

    def __init__(self, view: ViewState, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._view, self._actions = view, actions
        self.time_rail = Rail("Time, in reference frames", snap=False)
        self.camera_rail = Rail("Freeze-time cameras", snap=True)
        self.time_rail.setToolTip("Time in reference frames: drag, or use the arrow keys")
        self.camera_rail.setToolTip("Freeze-time cameras: click one to look through it (PgUp, PgDown)")
        self.time_label = QLabel()
        self.picker = QComboBox()
        self.picker.setAccessibleName("Camera")
        self.picker.setToolTip("Look through the reference camera or a freeze-time frame's camera")
        self.picker.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self.time_rail.moved.connect(view.scrub)
        self.camera_rail.moved.connect(lambda frame: view.go_to(int(frame)))
        self.picker.activated.connect(lambda row: view.go_to(self.picker.itemData(row)))
        view.scene_changed.connect(self.show_scene)
        view.moment_changed.connect(self.show_moment)
        view.camera_changed.connect(self.show_camera)
        view.playing_changed.connect(self.show_playing)
        self.show_scene()

    def show_scene(self) -> None:
        """Marks, picker entries and what is possible at all."""
        view = self._view
        self.setEnabled(view.snapshot is not None)
        first, last = view.time_range
        info = {} if view.snapshot is None else view.snapshot.info
        frames = view.freeze_frames
        times = [float(t) for t in range(round(first), round(last) + 1)]
        self.time_rail.show_marks(times, special=info.get("canonical_reference_frame"))
        self.time_rail.setEnabled(last > first)
        self.camera_rail.show_marks([float(k) for k in frames], special=info.get("canonical_freeze_frame"))
        self.camera_rail.setEnabled(bool(frames))
        with QSignalBlocker(self.picker):
            self.picker.clear()
            self.picker.addItem("Reference camera", REFERENCE)
            for frame in frames:
                self.picker.addItem(f"Freeze-time {frame}", frame)
        self._actions["per_frame"].setEnabled(bool(frames))
        self.show_camera()
        self.show_moment()
        self.show_playing()

    def show_moment(self) -> None:
        """Time, mode, and which freeze-time frame is picked."""
        view = self._view
        temporal = view.mode is Mode.TEMPORAL
        self.time_rail.show_position(view.time if temporal else None)
        last = view.time_range[1]
        words = {
            Mode.TEMPORAL: f"frame {view.time:.1f} of {last:g}",
            Mode.CANONICAL: "no motion",
            Mode.PER_FRAME: f"as frame {view.freeze_frame} saw it",
        }
        self.time_label.setText(words[view.mode] if view.snapshot is not None else "")
        for name, mode in MODES.items():
            self._actions[name].setChecked(mode is view.mode)
        self.show_camera()

    def show_camera(self) -> None:
        """Which solved camera the view stands at, if any."""
        view = self._view
        free = self.picker.findData(FREE)
        with QSignalBlocker(self.picker):
            if view.station == FREE and free < 0 and view.snapshot is not None:
                self.picker.insertItem(0, "Free view", FREE)
            elif view.station != FREE and free >= 0:
                self.picker.removeItem(free)
            self.picker.setCurrentIndex(self.picker.findData(view.station))
        picked = isinstance(view.station, int) or view.mode is Mode.PER_FRAME
        self.camera_rail.show_position(float(view.freeze_frame) if picked else None)

    def show_playing(self) -> None:
        """The play button's face."""
        self._actions["play"].setIcon(icon("pause" if self._view.rate else "play"))

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 6)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.addLayout(self._row("first_frame", "previous_frame", "play", "next_frame", "last_frame"), 0, 0)
        grid.addWidget(_caption("Time"), 0, 1)
        grid.addWidget(self.time_rail, 0, 2)
        self.time_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time_label.setAccessibleName("Time")
        grid.addWidget(self.time_label, 0, 3)
        cameras = QHBoxLayout()
        cameras.setSpacing(2)
        cameras.addWidget(self.picker, 1)
        for name in ("previous_camera", "next_camera", "reset_view"):
            cameras.addWidget(ActionButton(self._actions[name]))
        grid.addLayout(cameras, 1, 0)
        grid.addWidget(_caption("Freeze-time"), 1, 1)
        grid.addWidget(self.camera_rail, 1, 2)
        grid.addLayout(self._segments(), 1, 3)
        grid.setColumnMinimumWidth(0, 250)
        grid.setColumnStretch(2, 1)

    def _row(self, *names: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        for name in names:
            row.addWidget(ActionButton(self._actions[name]))
        row.addStretch(1)
        return row

    def _segments(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        for i, name in enumerate(MODES):
            button = ActionButton(self._actions[name])
            button.setObjectName("segment")
            button.setProperty("place", "first" if i == 0 else "last" if i == len(MODES) - 1 else "middle")
            row.addWidget(button)
        return row
