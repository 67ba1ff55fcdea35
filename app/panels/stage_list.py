"""The stages of a lift, one row each: done, running or to come, what is trained and held still, how long it takes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.lift_status import BUSY, COMPLETED, PAUSED, RUNNING, STAGE_WORDS, LiftStatus, duration
from app.theme import current_theme
from pipeline.messages import StageStarted

MARKS = {"done": "✓", "now": "▸", "later": "·"}
ROW = 26


class StageList(QWidget):
    """Shows the plan of a lift and where it is; painted, because a dozen labels a refresh would flicker."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stages")
        self.setAccessibleName("Stages of the lift")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.stages: tuple[StageStarted, ...] = ()
        self.status = LiftStatus()
        self.detail = QLabel()
        self.detail.setObjectName("muted")
        self.detail.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(1)
        column.addWidget(self.detail)

    def show_stages(self, stages: Sequence[StageStarted], status: LiftStatus) -> None:
        """`stages` as planned or as announced; `status` of the lift."""
        self.stages, self.status = tuple(stages), status
        now = self.current()
        stage = self.stages[now] if now is not None else None
        self.detail.setText("" if stage is None else detail(stage))
        self.detail.setVisible(bool(self.detail.text()))
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def current(self) -> int | None:
        """The row that is being done; None where none is."""
        if self.status.state not in (RUNNING, PAUSED, BUSY) or not self.status.count:
            return None
        return self.status.index if self.status.index < len(self.stages) else None

    def words(self, row: int) -> tuple[str, str, str]:
        """Mark, name and what stands at the right of a row."""
        stage, now = self.stages[row], self.current()
        name = STAGE_WORDS.get(stage.name, stage.name)
        if self.status.state == COMPLETED or (now is not None and row < now):
            return MARKS["done"], name, f"{stage.steps:,} steps" if stage.steps else "done"
        if row == now:
            return MARKS["now"], name, self._progress(stage)
        return MARKS["later"], name, self._forecast(stage)

    def _progress(self, stage: StageStarted) -> str:
        status = self.status
        if not status.steps:
            return "under way"
        left = (status.steps - status.step) / status.per_second if status.per_second else None
        share = f"{100 * status.fraction:.0f} %"
        return share if left is None or stage.steps == 0 else f"{share} · {duration(left)} left"

    def _forecast(self, stage: StageStarted) -> str:
        """Steps, and what they take at the present speed; stages differ, so it is a rough figure."""
        if not stage.steps:
            return ""
        speed = self.status.per_second
        return f"{stage.steps:,} steps" if not speed else f"{stage.steps:,} steps · ~{duration(stage.steps / speed)}"

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        below = self.detail.heightForWidth(max(200, self.width())) + 6 if self.detail.text() else 0
        return QSize(260, ROW * len(self.stages) + below)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme, painter, now = current_theme(), QPainter(self), self.current()
        for row in range(len(self.stages)):
            mark, name, right = self.words(row)
            box = QRectF(0, row * ROW, self.width(), ROW)
            if row == now:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("raised"))
                painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 5, 5)
            done = mark == MARKS["done"]
            painter.setPen(theme.colour("good" if done else "accent" if row == now else "faint"))
            painter.drawText(box.adjusted(6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, mark)
            painter.setPen(theme.colour("text" if done or row == now else "muted"))
            painter.drawText(box.adjusted(26, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(theme.colour("muted"))
            painter.drawText(
                box.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, right
            )
        painter.end()


def detail(stage: StageStarted) -> str:
    """What is held still and what is measured in a stage, in words."""
    parts = []
    if stage.frozen:
        parts.append("Held still: " + ", ".join(stage.frozen) + ".")
    if stage.losses:
        parts.append("Losses: " + ", ".join(stage.losses) + ".")
    return "  ".join(parts)
