"""The Lift panel: what to lift with, why it can't start yet, the stages, figures, curves and the runs.

It shows what it is given and asks; `app.making` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.lift_status import PAUSED, LiftStatus, duration
from app.panels.curves import Curves
from app.panels.lift_dialog import DEVICES, PRESETS
from app.panels.model_choice import PRIORS, UPSAMPLERS, ModelChoice
from app.panels.more_settings import MoreSettings
from app.panels.number_field import WholeField
from app.panels.push_button import push_button
from app.panels.run_list import WITHOUT_WORDS, RunList
from app.panels.snapshot_bar import Kept, SnapshotBar
from app.panels.stage_list import StageList
from app.panels.through import let_through
from app.run_track import Track
from pipeline.generate import priors
from pipeline.messages import StageStarted
from pipeline.project.project import ABLATIONS, LiftSettings


class LiftPanel(QScrollArea):
    """`settings_changed(LiftSettings)` is asked for by a person's change; buttons trigger the actions given."""

    settings_changed = Signal(object)

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("liftPanel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._settings = LiftSettings()
        self._actions = actions
        self._build_settings()
        self.start = push_button(actions["start_lift"], "Start the lift", "primary")
        self.pause = push_button(actions["pause_lift"], "Pause")
        self.snapshot = push_button(actions["keep_snapshot"], "Keep a picture")
        self.stop = push_button(actions["stop_lift"], "Stop here")
        self.cancel = push_button(actions["cancel_lift"], "Cancel")
        self.reason, self.figures = QLabel(), QLabel()
        for label in (self.reason, self.figures):
            label.setObjectName("muted")
            label.setWordWrap(True)
        self.reason.setAccessibleName("Why the lift can't start")
        self.stages, self.snapshots, self.curves = StageList(), SnapshotBar(), Curves()
        self.runs = RunList(actions)
        self._lay_out()

    def show_settings(self, settings: LiftSettings, locked: str) -> None:
        """`locked`: why they can't be changed now; empty when they can."""
        self._settings = settings
        fields = (self.preset, self.seed, self.device, self.prior, self.upsampler, *self.without.values())
        for field in fields:
            field.blockSignals(True)
        self.preset.setCurrentIndex(self.preset.findData(settings.preset))
        self.seed.setValue(settings.seed)
        self.device.setCurrentIndex(self.device.findData(settings.device))
        self.prior.show_name(settings.prior)
        self.upsampler.show_name(settings.upsampler)
        for name, box in self.without.items():
            box.setChecked(name in settings.without)
        for field in fields:
            field.blockSignals(False)
            field.setEnabled(not locked)
            field.setToolTip(locked or str(field.property("tip")))

    def show_state(self, status: LiftStatus, reason: str, here: bool) -> None:
        """`reason` against a start, empty when it can; `here`: the lift runs under this window."""
        self.start.setVisible(not here)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason) and not here)
        for button in (self.pause, self.snapshot, self.stop, self.cancel):
            button.setVisible(here)
        self.pause.setText("Go on" if status.state == PAUSED else "Pause")
        self.figures.setText("" if status.over else figures(status))
        self.figures.setVisible(bool(self.figures.text()))

    def show_progress(
        self, stages: Sequence[StageStarted], status: LiftStatus, kept: Sequence[Kept], track: Track
    ) -> None:
        """Stages, their bar with kept pictures, and curves of the run that is looked at."""
        self.stages.show_stages(stages, status)
        rows = [stage for stage in stages if stage.steps]
        before = sum(stage.steps for stage in stages if stage.index < status.index)
        done = before + status.step if not status.over else (track.points[-1].step if track.points else 0)
        self.snapshots.show_run(rows, kept, done)
        self.snapshots.setVisible(bool(rows) and (bool(kept) or done > 0))
        self.curves.setVisible(bool(track.points))
        if track != self.curves.track:
            self.curves.show_track(track)

    def refresh_theme(self) -> None:
        """After a change of theme."""
        self.curves.refresh_theme()
        self.stages.update()
        self.snapshots.update()

    def _build_settings(self) -> None:
        self.preset, self.device, self.seed = QComboBox(), QComboBox(), WholeField()
        for name, words in PRESETS:
            self.preset.addItem(words, name)
        for name, words in DEVICES:
            self.device.addItem(words, name)
        self.seed.setRange(0, 2**31 - 1)
        self.prior, self.upsampler = ModelChoice(PRIORS, priors.names), ModelChoice(UPSAMPLERS)
        self.without = {name: QCheckBox(WITHOUT_WORDS[name]) for name in ABLATIONS}
        for field, tip in (
            (self.preset, "How long and how fine the lift is"), (self.device, "What it is computed on"),
            (self.seed, "Another seed is another run"),
            (self.prior, "The video model that score distillation asks; a folder of weights may be chosen"),
            (self.upsampler, "The video model that re-upsamples the finished scene's film for more detail"),
            *((box, "Leave this part of the method out, to see what it is worth") for box in self.without.values()),
        ):  # fmt: skip
            field.setProperty("tip", tip)
            field.setToolTip(tip)
        self.preset.setAccessibleName("Preset")
        self.preset.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.preset.setMinimumContentsLength(12)
        self.preset.currentIndexChanged.connect(self._changed)
        self.device.currentIndexChanged.connect(self._changed)
        self.seed.editingFinished.connect(self._changed)
        self.prior.chosen.connect(lambda name: self._ask(prior=name))
        self.upsampler.chosen.connect(lambda name: self._ask(upsampler=name))
        let_through(self.seed)
        for box in self.without.values():
            box.toggled.connect(self._changed)

    def _changed(self) -> None:
        without = tuple(name for name, box in self.without.items() if box.isChecked())
        preset, device = str(self.preset.currentData()), str(self.device.currentData())
        self._ask(preset=preset, seed=self.seed.value(), device=device, without=without)

    def _ask(self, **wishes: Any) -> None:
        wish = replace(self._settings, **wishes)
        if wish != self._settings:
            self.settings_changed.emit(wish)

    def _lay_out(self) -> None:
        more = MoreSettings("Seed, device, video models, and parts to leave out", "More settings")
        more.form.row("Seed", self.seed)
        more.form.row("Device", self.device)
        more.form.row("Prior", self.prior)
        more.form.row("Upsampler", self.upsampler)
        for box in self.without.values():
            more.form.addRow(box)
        self.more = more
        buttons = QGridLayout()
        buttons.setSpacing(8)
        for place, button in enumerate((self.pause, self.snapshot, self.stop, self.cancel)):
            buttons.addWidget(button, place // 2, place % 2)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        for widget in (self.preset, more, more.rows, self.start, self.reason):
            column.addWidget(widget)
        column.addLayout(buttons)
        for widget in (self.figures, self.stages, self.snapshots, self.curves, self.runs):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(inner)


def figures(status: LiftStatus) -> str:
    """Speed, splats, memory, fit and what is left of the whole, those that are known."""
    parts = [
        "" if status.per_second is None else f"{status.per_second:.3g} it/s",
        "" if status.splats is None else f"{status.splats:,} splats",
        "" if status.memory is None else f"{status.memory / 2**30:.1f} GB",
        "" if status.psnr is None else f"{status.psnr:.1f} dB",
        "" if status.eta is None else f"{duration(status.eta)} left in all",
    ]
    return " · ".join(part for part in parts if part)
