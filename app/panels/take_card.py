"""Paints one take of the gallery: its picture, scrubbed under the pointer, its badges, its name and its figures."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.frame_store import FrameStore, image_of
from app.takes_model import ENTRY, KIND_WORDS, Entry
from app.theme import Theme, current_theme, icon
from pipeline.project.curated import REJECT, STAR

CARD = QSize(176, 150)
PICTURE = QRect(6, 6, 164, 92)  # within the card
ON_DARK, BAD_ON_DARK, GOOD_ON_DARK = (
    "#ffb454",
    "#ff7a85",
    "#7ee0b0",
)  # badges lie on pictures, so they do not follow the theme
Index = QModelIndex | QPersistentModelIndex


class TakeCard(QStyledItemDelegate):
    """`hover` names the take under the pointer and where over its picture, 0 left to 1 right."""

    def __init__(self, store: FrameStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.hover: tuple[str, float] | None = None

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return CARD

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry, theme = index.data(ENTRY), current_theme()
        box = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, box, state, theme)
        place = PICTURE.translated(box.topLeft())
        self._paint_picture(painter, place, entry, theme)
        self._paint_badges(painter, place, entry, theme)
        self._paint_words(painter, box, entry, theme)
        painter.restore()

    def _paint_ground(self, painter: QPainter, box: QRect, state: QStyle.StateFlag, theme: Theme) -> None:
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.setBrush(theme.colour("hover" if over else "raised" if chosen else "panel"))
        edge = theme.colour("focus" if focused else "accent") if chosen or focused else QColor(0, 0, 0, 0)
        painter.setPen(QPen(edge, 2))
        painter.drawRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), 8, 8)

    def _paint_picture(self, painter: QPainter, place: QRect, entry: Entry, theme: Theme) -> None:
        clip = entry.take.clip
        strip = self._store.strip(clip)
        painter.fillRect(place, theme.colour("base"))
        if strip is None:
            fault = self._store.fault(clip)
            painter.setPen(theme.colour("bad" if fault else "muted"))
            words = "This video can't be read" if fault else "Reading…"
            painter.drawText(
                place.adjusted(8, 8, -8, -8), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words
            )
            return
        share = self.hover[1] if self.hover is not None and self.hover[0] == entry.take.id else None
        frame = len(strip.frames) // 2 if share is None else min(len(strip.frames) - 1, int(share * len(strip.frames)))
        image = image_of(strip.frames[frame])
        size = image.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(place.center())
        painter.setOpacity(0.35 if entry.opinion.verdict == REJECT else 1.0)
        painter.drawImage(target, image)
        painter.setOpacity(1.0)
        if share is not None:
            x = place.left() + share * place.width()
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))

    def _paint_badges(self, painter: QPainter, place: QRect, entry: Entry, theme: Theme) -> None:
        if entry.role:
            corner = QPointF(place.left() + 4, place.top() + 4)
            self._chip(painter, corner, KIND_WORDS[entry.role], theme.colour("accent"), theme.colour("accent_text"))
        worth = worth_of(entry)
        if worth is not None:
            corner = QPointF(place.left() + 4, place.bottom() - 21)
            self._chip(painter, corner, worth[0], QColor(0, 0, 0, 175), QColor(worth[1]))
        verdict = entry.opinion.verdict
        if verdict:
            spot = QRect(place.right() - 25, place.top() + 3, 22, 22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 150))
            painter.drawEllipse(spot)
            name, colour = ("star", ON_DARK) if verdict == STAR else ("reject", BAD_ON_DARK)
            icon(name, colour).paint(painter, spot.adjusted(4, 4, -4, -4))

    def _chip(self, painter: QPainter, corner: QPointF, words: str, ground: QColor, ink: QColor) -> None:
        painter.save()
        font = QFont(painter.font())
        font.setPointSizeF(0.85 * font.pointSizeF())
        font.setBold(True)
        painter.setFont(font)
        wide = QFontMetricsF(font).horizontalAdvance(words) + 12
        box = QRectF(corner.x(), corner.y(), wide, 18)
        path = QPainterPath()
        path.addRoundedRect(box, 4, 4)
        painter.fillPath(path, ground)
        painter.setPen(ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()

    def _paint_words(self, painter: QPainter, box: QRect, entry: Entry, theme: Theme) -> None:
        line = QRectF(box.left() + 8, box.top() + 102, box.width() - 16, 20)
        font = QFont(self.parent().font())  # type: ignore[union-attr]
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        metrics = QFontMetricsF(font)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter,
                         metrics.elidedText(entry.title, Qt.TextElideMode.ElideMiddle, line.width()))  # fmt: skip
        painter.setPen(theme.colour("muted"))
        below = line.translated(0, 20)
        clip, kind = entry.take.clip, KIND_WORDS[entry.take.request.kind]
        scored = bool(entry.opinion.mean_score)
        figures = f"{clip.n_frames} frames" + ("" if scored else f" · {kind.lower()}")
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, figures)
        if scored:
            painter.setPen(theme.colour("warm"))
            painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                             f"{entry.opinion.mean_score:.1f} / 5")  # fmt: skip


def worth_of(entry: Entry) -> tuple[str, str] | None:
    """The badge of what a take is worth: words and their colour; None until it is judged."""
    check = entry.check
    if check is None or check.fault:
        return None
    if entry.take.request.role == "reference":
        return ("still", GOOD_ON_DARK) if check.still else ("not still", ON_DARK)
    colour = {"good": GOOD_ON_DARK, "doubtful": ON_DARK}.get(check.word, BAD_ON_DARK)
    return f"{check.score} {check.word}", colour
