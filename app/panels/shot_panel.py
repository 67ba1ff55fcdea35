"""The Shot panel: keys and presets, the selected key's values, the film's size and rate, over the timeline."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.panels.number_field import RealField
from app.panels.shot_timeline import ShotTimeline
from app.panels.through import let_through
from app.panels.transport import ActionButton
from app.shot_state import ShotState
from renderer.shots import PRESETS
from renderer.trajectory import EASINGS

SIZES = ((288, 512), (540, 960), (720, 1280), (1080, 1920), (1440, 2560), (2160, 3840))
PRESET_WORDS = {
    "orbit": "Orbit: once round, time stands", "arc": "Arc: from side to side, time stands",
    "dolly": "Dolly: closer, time runs", "dolly zoom": "Dolly zoom: closer, the lens widens",
    "bullet time": "Bullet time: time runs, freezes, runs on",
    "study orbit": "Study orbit: four stops, there and back (the paper's)",
}  # fmt: skip
EASING_WORDS = {
    "linear": "Linear", "smooth": "Smooth", "in": "Ease in", "out": "Ease out", "hold": "Hold, then jump",
}  # fmt: skip

KEY_TIPS = ("Scene time at this key", "Vertical field of view at this key", "How the way to the next key is gone")
NO_KEY = "choose a key on the timeline, or add one of the present view"


class ShotPanel(QWidget):
    """Shows a `ShotState`; what the hand asks for are the signals.

    `preset_chosen(name)`; `key_changed(field, value)` of the selected key; `film_changed(field, value)`.
    """

    preset_chosen = Signal(str)
    key_changed = Signal(str, object)
    film_changed = Signal(str, object)

    def __init__(self, shot: ShotState, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shot, self._actions = shot, actions
        self.timeline = ShotTimeline(shot)
        self.presets = QToolButton()
        self.presets.setObjectName("way")
        self.presets.setText("Presets")
        self.presets.setToolTip("Lay a ready-made path about the point that the view turns about")
        self.presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.presets.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self.presets)
        for name in PRESETS:
            menu.addAction(PRESET_WORDS[name]).triggered.connect(
                lambda _c=False, name=name: self.preset_chosen.emit(name)
            )
        self.presets.setMenu(menu)
        self.time, self.fov = _spin(0, 1, 2, "", KEY_TIPS[0]), _spin(2, 170, 1, "°", KEY_TIPS[1])
        self.easing = _combo([(EASING_WORDS[name], name) for name in EASINGS], KEY_TIPS[2])
        self.speed = _spin(0.05, 20, 2, "×", "Speed of the whole film")
        self.fps = _spin(1, 240, 0, " fps", "Pictures a second")
        self.picture_size = _combo([(f"{w} × {h}", (h, w)) for h, w in SIZES], "Size of the film's pictures")
        self.length = QLabel()
        self.length.setObjectName("muted")
        self._wire()
        self._lay_out()
        shot.shot_changed.connect(self.refresh)
        shot.head_changed.connect(self.refresh)
        self.refresh()

    def show_times(self, times: tuple[float, float]) -> None:
        """The scene's first and last time."""
        self.time.setRange(*times)
        self.timeline.show_times(times)

    def refresh(self) -> None:
        """All values of the film and of the selected key."""
        shot, index = self._shot.shot, self._shot.selected
        key = None if index is None else shot.keys[index]
        widgets = (self.time, self.fov, self.easing, self.speed, self.fps, self.picture_size)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        for widget, tip in zip((self.time, self.fov, self.easing), KEY_TIPS, strict=True):
            widget.setEnabled(key is not None)
            widget.setToolTip(tip if key is not None else f"{tip}: {NO_KEY}")
        if key is not None:
            self.time.setValue(key.time)
            self.fov.setValue(math.degrees(key.fov_y))
            self.easing.setCurrentIndex(self.easing.findData(key.easing))
        self.speed.setValue(shot.speed)
        self.fps.setValue(shot.fps)
        words = f"{shot.size[1]} × {shot.size[0]}"
        if self.picture_size.findText(words) < 0:
            self.picture_size.addItem(words, shot.size)
        self.picture_size.setCurrentIndex(self.picture_size.findText(words))
        self._actions["shot_loop"].setChecked(shot.closes > 0)
        del blockers
        count = f"{len(shot.keys)} keys" if len(shot.keys) != 1 else "1 key"
        self.length.setText(f"{count} · {shot.seconds:.2f} s · {shot.n_frames} frames" if shot.keys else "")

    def _wire(self) -> None:
        self.time.valueChanged.connect(lambda value: self.key_changed.emit("time", float(value)))
        self.fov.valueChanged.connect(lambda value: self.key_changed.emit("fov_y", math.radians(value)))
        self.easing.activated.connect(lambda row: self.key_changed.emit("easing", self.easing.itemData(row)))
        self.speed.valueChanged.connect(lambda value: self.film_changed.emit("speed", float(value)))
        self.fps.valueChanged.connect(lambda value: self.film_changed.emit("fps", float(value)))
        self.picture_size.activated.connect(
            lambda row: self.film_changed.emit("size", tuple(self.picture_size.itemData(row)))
        )

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(6)
        for name in ("play", "add_key", "update_key", "remove_key", "previous_key", "next_key", "shot_loop"):
            first.addWidget(ActionButton(self._actions[name]))
        first.addWidget(self.presets)
        first.addStretch(1)
        first.addWidget(self.length)
        for words, name in (("Import…", "import_path"), ("Export…", "export_path")):
            first.addWidget(_button(words, self._actions[name]))
        for words, widget in (
            ("Scene time", self.time), ("Field of view", self.fov), ("Easing", self.easing),
        ):  # fmt: skip
            second.addWidget(_muted(words))
            second.addWidget(widget)
        second.addStretch(1)
        for words, widget in (("Speed", self.speed), ("Rate", self.fps), ("Size", self.picture_size)):
            second.addWidget(_muted(words))
            second.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(8)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.timeline, 1)


def _spin(low: float, high: float, digits: int, unit: str, tip: str) -> QDoubleSpinBox:
    made = RealField()
    made.setRange(low, high)
    made.setDecimals(digits)
    made.setSuffix(unit)
    made.setSingleStep(1.0 if digits < 2 else 0.25)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setKeyboardTracking(False)
    made.setObjectName("number")
    made.setFixedWidth(76)
    let_through(made)
    return made


def _combo(items: list[tuple[str, object]], tip: str) -> QComboBox:
    made = QComboBox()
    for words, data in items:
        made.addItem(words, data)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    return made


def _muted(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("muted")
    return label


def _button(words: str, action: QAction) -> QPushButton:
    button = QPushButton(words)
    button.setToolTip(action.toolTip())
    button.clicked.connect(action.trigger)
    action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
    return button
