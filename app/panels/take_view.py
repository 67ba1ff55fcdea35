"""The picture of the take under review, alone or beside another one: side by side, wiped, or as their difference."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.frame_store import FrameStore, image_of
from app.review_state import Compare, ReviewState
from app.theme import current_theme
from pipeline.project.clip import FrameSelection
from pipeline.project.take import Take

GRIP = 8.0  # px on each side of the wipe's line where it is taken


class TakeView(QWidget):
    """Shows a `ReviewState`; dragging the line of a wipe moves it."""

    def __init__(self, review: ReviewState, store: FrameStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 180)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Take under review")
        self._review, self._store = review, store
        self._selection: FrameSelection | None = None
        self._wiping = False
        review.take_changed.connect(self.update)
        review.moment_changed.connect(self.update)
        store.ready.connect(self.update)

    def show_selection(self, selection: FrameSelection | None) -> None:
        """Which frames of the take are used."""
        self._selection = selection
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(640, 360)

    def picture_box(self) -> QRectF:
        """Where the take under review lies, in widget pixels."""
        take = self._review.take
        area = QRectF(self.rect()).adjusted(8, 8, -8, -8)
        if take is None:
            return area
        if self._review.compare is Compare.SIDE_BY_SIDE:
            area.setWidth(0.5 * area.width() - 4)
        return fitted(area, take.clip.size)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        review, theme = self._review, current_theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("viewport"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if review.take is not None:
            box = self.picture_box()
            self._paint_take(painter, box, review.take, review.index)
            if review.other is not None:
                self._paint_other(painter, box, review.other)
            self._paint_state(painter, box)
        painter.end()

    def _paint_take(self, painter: QPainter, box: QRectF, take: Take, index: int) -> None:
        image = self._image(take, index)
        if image is not None:
            painter.drawImage(box, image)
            return
        fault = self._store.fault(take.clip)
        painter.setPen(current_theme().colour("bad" if fault else "viewport_text"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box.adjusted(24, 24, -24, -24), flags, fault or "Reading the frames…")

    def _paint_other(self, painter: QPainter, box: QRectF, other: Take) -> None:
        review, how = self._review, self._review.compare
        if how is Compare.SIDE_BY_SIDE:
            area = QRectF(self.rect()).adjusted(8, 8, -8, -8)
            area.setLeft(area.center().x() + 4)
            box = fitted(area, other.clip.size)
            self._paint_take(painter, box, other, review.other_index)
            _tag(painter, box, other.title)
        elif how is Compare.WIPE:
            line = box.left() + review.wipe * box.width()
            painter.save()
            painter.setClipRect(QRectF(line, box.top(), box.right() - line, box.height()))
            self._paint_take(painter, box, other, review.other_index)
            painter.restore()
            painter.setPen(QPen(current_theme().colour("accent"), 2))
            painter.drawLine(QPointF(line, box.top()), QPointF(line, box.bottom()))
            _tag(painter, box, other.title, right=True)
        elif how is Compare.DIFFERENCE:
            image = self._image(other, review.other_index)
            if image is not None:
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
                painter.drawImage(box, image)
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _paint_state(self, painter: QPainter, box: QRectF) -> None:
        review = self._review
        take, words = review.take, []
        if take is None:
            return
        chosen = self._selection or FrameSelection.whole(take.clip)
        if review.index in chosen.dropped:
            words.append("dropped")
        elif not chosen.start <= review.index < chosen.stop:
            words.append("trimmed away")
        if review.other is not None:
            words.insert(0, take.title)
        if review.compare is Compare.DIFFERENCE and review.other is not None:
            words.append(f"difference from {review.other.title}")
        if words:
            _tag(painter, box, " · ".join(words))

    def _image(self, take: Take, index: int) -> QImage | None:
        """The frame in full, or its small stand-in until that is there."""
        full = self._store.full(take.clip)
        if full is not None:
            return image_of(full[min(index, len(full) - 1)])
        strip = self._store.strip(take.clip)
        return None if strip is None else image_of(strip.frames[min(index, len(strip.frames) - 1)])

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() is Qt.MouseButton.LeftButton and self._on_line(event.position()):
            self._wiping = True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        box = self.picture_box()
        if self._wiping:
            self._review.set_wipe((event.position().x() - box.left()) / max(1.0, box.width()))
        grip = self._wiping or self._on_line(event.position())
        self.setCursor(Qt.CursorShape.SplitHCursor if grip else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._wiping = False

    def _on_line(self, at: QPointF) -> bool:
        box = self.picture_box()
        line = box.left() + self._review.wipe * box.width()
        return self._review.compare is Compare.WIPE and abs(at.x() - line) <= GRIP


def fitted(area: QRectF, size: tuple[int, int]) -> QRectF:
    """The largest box of the shape of `size` (height, width) in the middle of `area`."""
    height, width = size
    scale = max(0.0, min(area.width() / width, area.height() / height))
    box = QRectF(0, 0, scale * width, scale * height)
    box.moveCenter(area.center())
    return box


def _tag(painter: QPainter, box: QRectF, words: str, right: bool = False) -> None:
    """A few words in a corner of a picture."""
    metrics = painter.fontMetrics()
    words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(20, int(box.width()) - 28))
    wide = metrics.horizontalAdvance(words) + 16
    left = box.right() - wide - 6 if right else box.left() + 6
    spot = QRectF(left, box.top() + 6, wide, metrics.height() + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawRoundedRect(spot, 4, 4)
    painter.setPen(QColor(235, 238, 242))
    painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, words)
