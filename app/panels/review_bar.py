"""The bar under the take: play and step, where it stands, how two takes are compared."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.panels.transport import ActionButton
from app.review_state import Compare, ReviewState
from app.theme import icon

STEPS = ("first_frame", "previous_frame", "play", "next_frame", "last_frame")


class ReviewBar(QWidget):
    """Shows a `ReviewState`."""

    def __init__(self, review: ReviewState, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self._review = review
        self.place, self.name = QLabel(), _Line()
        self.place.setAccessibleName("Frame")
        self.name.setObjectName("muted")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.play = ActionButton(actions["play"])
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(2)
        for step in STEPS:
            row.addWidget(self.play if step == "play" else ActionButton(actions[step]))
        row.addSpacing(12)
        row.addWidget(self.place)
        row.addSpacing(12)
        row.addWidget(self.name, 1)
        self.buttons = {name: ActionButton(actions[name]) for name in ("compare", "next_compare", "swap")}
        self.buttons["next_compare"].setObjectName("way")
        for button in self.buttons.values():
            row.addWidget(button)
        self._next = actions["next_compare"]
        review.take_changed.connect(self.show_review)
        review.moment_changed.connect(self.show_review)
        review.playing_changed.connect(self.show_review)
        self.show_review()

    def show_review(self) -> None:
        """Where it stands, and how it is compared."""
        review = self._review
        comparing = review.compare is not Compare.OFF
        self.play.setIcon(icon("pause" if review.rate else "play"))
        self.buttons["compare"].setChecked(comparing)
        self.buttons["next_compare"].setText(review.compare.value.capitalize())
        for name in ("next_compare", "swap"):
            self.buttons[name].setVisible(comparing)
        if review.take is None:
            self.place.clear()
            self.name.clear()
            return
        speed = f" · {review.rate:g}x" if review.rate not in (0.0, 1.0) else ""
        self.place.setText(f"frame {review.index} of {review.take.clip.n_frames - 1}{speed}")
        other = f"  beside  {review.other.title}" if comparing and review.other is not None else ""
        self.name.setText(review.take.title + other)
        self.name.setToolTip(review.take.title + other)


class _Line(QLabel):
    """One line that ends in an ellipsis where it has no room; `text` stays whole."""

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        ink = self.foregroundRole()
        self.style().drawItemText(painter, self.rect(), int(flags), self.palette(), self.isEnabled(), words, ink)
        painter.end()
