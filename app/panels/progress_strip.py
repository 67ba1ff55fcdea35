"""The strip above the picture while a lift runs: stage, bar, speed, PSNR, time left; then how it ended."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from app.lift_status import LiftStatus


class ProgressStrip(QWidget):
    """Shows a `LiftStatus`; hidden when there is nothing to say or it was put away."""

    def __init__(self, stop: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("progress")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.headline, self.figures = QLabel(), QLabel()
        self.headline.setWordWrap(True)
        self.headline.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.figures.setObjectName("muted")
        self.figures.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the stage")
        self.bar.setRange(0, 1000)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip(stop.toolTip())
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(stop.trigger)
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setToolTip("Put this away")
        self.dismiss.setAccessibleName("Put this message away")
        self.dismiss.clicked.connect(self.hide)
        grid = QGridLayout(self)
        grid.setContentsMargins(14, 8, 10, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.addWidget(self.headline, 0, 0)
        grid.addWidget(self.figures, 0, 1)
        grid.addWidget(self.bar, 1, 0, 1, 2)
        grid.addWidget(self.stop, 0, 2, 2, 1)
        grid.addWidget(self.dismiss, 0, 3, 2, 1)
        grid.setColumnStretch(0, 1)
        self.hide()

    def show_status(self, status: LiftStatus, stoppable: bool) -> None:
        """`stoppable`: the lift runs under this window, not elsewhere."""
        if status.state == "idle":
            self.hide()
            return
        ended = status.over
        self.setProperty("state", status.state)
        self.style().unpolish(self.bar)
        self.style().polish(self.bar)
        self.headline.setText(status.headline())
        self.figures.setText(status.figures())
        self.figures.setVisible(not ended)
        self.bar.setVisible(not ended)
        if status.steps > 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * status.fraction))
        else:
            self.bar.setRange(0, 0)
        self.stop.setVisible(stoppable and not ended)
        self.dismiss.setVisible(ended)
        self.show()
