"""The Poses panel: whether and how well the freeze-time cameras are solved, frame by frame; a row looks through one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.panels.camera_map import CameraMap, Stand, placed
from app.panels.push_button import push_button
from app.pose_report import FrameRow, PoseReport
from app.theme import current_theme
from pipeline.project.project import SolveSettings

LOOKS = {
    "registered": ("●", "good"), "weak": ("◐", "warm"), "prior": ("◇", "warm"), "lost": ("○", "bad"),
}  # fmt: skip
TELLS = {
    "registered": "its camera is held by many features",
    "weak": "its camera is held by few features; look at it, and re-roll it where it differs",
    "prior": "posed by the expected orbit alone; drop or re-roll it",
    "lost": "no camera was found; drop or re-roll it",
}
HEADS = ("Frame", "State", "Tracks", "Error", "Angle", "Jump")
HEAD_TIPS = (
    "Source frame of the freeze-time take", "How well its camera is known", "Features that hold it",
    "Median miss of its points, px", "Median angle under which its points are seen, degrees",
    "How far it is off the line between its neighbours, in steps of the path",
)  # fmt: skip
OWN_LENS = "Give each frame a focal length of its own; for a freeze-time video whose lens zooms"
LEAVE_OUT = "What of the pictures the solver is not to look at"
WHOLE, FLOW, MASKS = range(3)
WAYS = ("Use the whole picture", "Leave out what moves", "Leave out by masks…")
WAY_TIPS = (
    "Every part of the freeze-time frames is looked at",
    "What moves by itself, found from optical flow, is not looked at, if cameras are better so",
    "A folder of pictures over the freeze-time frames, black where the solver is not to look: one for each frame, or "
    "named for frames, as frame_00003.png",
)  # fmt: skip
WIDTHS = (54, 92, 57, 46, 49, 50)


class PosesPanel(QWidget):
    """`frame_picked(int)`: look through this freeze-time frame's camera. `selection_changed`: other rows are meant.

    `solve_wanted(SolveSettings)`: the person would have the cameras solved in another way. `masks_wanted`: with masks
    that are still to be chosen.
    """

    frame_picked = Signal(int)
    solve_wanted = Signal(object)
    masks_wanted = Signal()
    selection_changed = Signal()

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.solve = push_button(actions["solve_cameras"], "Solve the cameras", "primary")
        self.bring = push_button(actions["import_cameras"], "From another program…")
        self.instead = push_button(actions["solve_instead"], "Solve them instead")
        self.drop = push_button(actions["drop_lost"], "Drop the selected")
        self.own_lens, self.leave_out = QCheckBox("The lens zooms"), QComboBox()
        self.own_lens.setToolTip(OWN_LENS)
        self.own_lens.clicked.connect(self._want_lens)
        self.leave_out.setToolTip(LEAVE_OUT)
        self.leave_out.setAccessibleName(LEAVE_OUT)
        for place, (way, tip) in enumerate(zip(WAYS, WAY_TIPS, strict=True)):
            self.leave_out.addItem(way)
            self.leave_out.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        self.leave_out.activated.connect(self._want_left_out)
        self.status, self.score, self.facts, self.reasons = (QLabel() for _ in range(4))
        self.score.setObjectName("cardTitle")
        for label in (self.status, self.score, self.facts, self.reasons):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setObjectName("muted")
        self.facts.setObjectName("muted")
        self.status.setAccessibleName("What is known of the cameras")
        self.table = QTreeWidget()
        self.table.setAccessibleName("Freeze-time frames and their cameras")
        self.table.setToolTip("Click a frame to look through its camera; tracks: features that hold it")
        self.table.setHeaderLabels(HEADS)
        for column, tip in enumerate(HEAD_TIPS):
            self.table.headerItem().setToolTip(column, tip)
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setAllColumnsShowFocus(True)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.header().setStretchLastSection(True)
        for column, width in enumerate(WIDTHS):
            self.table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.table.header().resizeSection(column, width)
        self.map = CameraMap()
        self.map.hide()
        self.map.frame_picked.connect(self._choose)
        self._report: PoseReport | None = None
        self._solve = SolveSettings()
        self._lay_out()
        self.table.itemSelectionChanged.connect(self.selection_changed)
        self.table.currentItemChanged.connect(self._pick)

    def show_report(self, report: PoseReport | None, scene: bool) -> None:
        """The cameras of the frames that are used now; None where they are not reported yet.

        `scene`: there is one, whose viewport shows them better than a map does.
        """
        for part in (self.score, self.facts, self.table, self.drop):
            part.setVisible(report is not None)
        self.reasons.setVisible(report is not None and bool(report.reasons))
        if report is not None:
            self.map.setVisible(not scene)
        elif self._report is not None:
            self.show_live(())
        if report is not None and report != self._report:
            self._fill(report)
        self._report = report

    def show_solve(self, settings: SolveSettings, reason: str, *, imported: bool) -> None:
        """How the cameras are solved; `reason`: why that can't be chosen now, or empty. `imported`: they are not."""
        self._solve = settings
        self.instead.setVisible(imported)
        self.own_lens.setChecked(settings.per_frame_focal)
        way = MASKS if settings.masks is not None else FLOW if settings.flow_masks else WHOLE
        self.leave_out.setCurrentIndex(way)
        for box, tip in ((self.own_lens, OWN_LENS), (self.leave_out, WAY_TIPS[way])):
            box.setEnabled(not reason)
            box.setToolTip(reason or tip)

    def _want_lens(self) -> None:
        self.solve_wanted.emit(replace(self._solve, per_frame_focal=self.own_lens.isChecked()))

    def _want_left_out(self, way: int) -> None:
        if way == MASKS:
            self.masks_wanted.emit()
        else:
            self.solve_wanted.emit(replace(self._solve, flow_masks=way == FLOW, masks=None))

    def show_live(self, stands: Sequence[Stand]) -> None:
        """Cameras as a solver has placed them so far; none hides the map."""
        self.map.show_cameras(stands)
        self.map.setVisible(bool(stands))

    def _fill(self, report: PoseReport) -> None:
        colours = {row.frame: LOOKS[row.state][1] for row in report.frames}
        numbers = [number for row in report.frames for number in row.pose]
        self.map.show_cameras(placed(list(colours), numbers, colours))
        self.score.setText(f"Liftability {report.score} of 100, {report.word}")
        self.facts.setText(report.facts())
        self.reasons.setText("\n".join(f"• {reason}" for reason in report.reasons))
        with QSignalBlocker(self.table):
            self.table.clear()
            self.table.addTopLevelItems([_item(row) for row in report.frames])

    def show_status(self, words: str, solvable: bool) -> None:
        """What is going on, or why nothing can; `solvable`: there is something to solve, now or later."""
        self.solve.setVisible(solvable)
        self.status.setText(words)
        self.status.setVisible(bool(words))

    def show_frame(self, frame: int | None) -> None:
        """Mark the frame whose camera the view stands at."""
        self.map.show_frame(frame)
        with QSignalBlocker(self.table):
            for place in range(self.table.topLevelItemCount()):
                item = self.table.topLevelItem(place)
                if item is not None:
                    font = item.font(0)
                    font.setBold(_frame(item) == frame)
                    item.setFont(0, font)

    def selected(self) -> frozenset[int]:
        """The source frames of the selected rows."""
        return frozenset(_frame(item) for item in self.table.selectedItems())

    def _pick(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.map.show_frame(_frame(item))
            self.frame_picked.emit(_frame(item))

    def _choose(self, frame: int) -> None:
        for place in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(place)
            if item is not None and _frame(item) == frame:
                self.table.setCurrentItem(item)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        how = QHBoxLayout()
        how.setSpacing(14)
        how.addWidget(self.own_lens)
        how.addWidget(self.leave_out, 1)
        column.addLayout(how)
        for widget in (self.instead, self.solve, self.status, self.score, self.facts, self.reasons, self.map):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        others = QHBoxLayout()
        others.setSpacing(8)
        others.addWidget(self.drop, 1)
        others.addWidget(self.bring, 1)
        column.addLayout(others)
        column.addStretch(0)


def _item(row: FrameRow) -> QTreeWidgetItem:
    mark, colour = LOOKS[row.state]
    figures = (
        f"{value:.{digits}f}" if math.isfinite(value) else "–"
        for value, digits in ((row.error, 2), (row.angle, 1), (row.jump, 2))
    )
    item = QTreeWidgetItem([str(row.frame), f"{mark} {row.state}", str(row.inliers), *figures])
    item.setData(0, Qt.ItemDataRole.UserRole, row.frame)
    item.setForeground(1, current_theme().colour(colour))
    for column in range(len(HEADS)):
        item.setToolTip(column, f"Frame {row.frame}: {TELLS[row.state]}")
    return item


def _frame(item: QTreeWidgetItem) -> int:
    return int(item.data(0, Qt.ItemDataRole.UserRole))
