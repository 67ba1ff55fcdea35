"""The strip above the picture while a lift runs: stage, bar, speed, PSNR, time left; then how it ended."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.lift_status import ERROR, READY, LiftStatus


class ProgressStrip(QWidget):
    """Shows a `LiftStatus`; hidden when there is nothing to say or it was put away."""

    def __init__(self, stop: QAction, resume: QAction, parent: QWidget | None = None) -> None:
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
        self.resume = QPushButton("Go on")
        self.resume.setToolTip(resume.toolTip())
        self.resume.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.resume.clicked.connect(resume.trigger)
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setToolTip("Put this away")
        self.dismiss.setAccessibleName("Put this message away")
        self.dismiss.clicked.connect(self._put_away)
        self._shown, self._away = LiftStatus(), LiftStatus()
        words = QHBoxLayout()
        words.setSpacing(12)
        words.addWidget(self.headline, 1)
        words.addWidget(self.figures)
        told = QVBoxLayout()
        told.setSpacing(5)
        told.addStretch(1)
        told.addLayout(words)
        told.addWidget(self.bar)
        told.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 10, 7)
        row.setSpacing(12)
        row.addLayout(told, 1)
        row.addWidget(self.stop)
        row.addWidget(self.resume)
        row.addWidget(self.dismiss)
        self.hide()

    def show_status(self, status: LiftStatus, stoppable: bool, resumable: bool) -> None:
        """`stoppable`: the lift runs under this window, not elsewhere; `resumable`: it can be gone on with here."""
        self._shown = status
        if (status.state == READY and not status.text) or status == self._away:
            self.hide()
            return
        self._away = LiftStatus()
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
        self.resume.setVisible(resumable and status.state in (READY, ERROR))
        self.dismiss.setVisible(ended)
        self.show()

    def _put_away(self) -> None:
        """Until there is something else to say."""
        self._away = self._shown
        self.hide()
