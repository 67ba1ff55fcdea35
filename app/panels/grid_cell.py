"""Paints one cell of the time x view grid: source or render, wiped or subtracted, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from app.cells import Picture
from app.panels.take_card import ON_DARK
from app.theme import current_theme

SHOWS = ("source", "render", "wipe", "difference")
ROOMY = 44  # px of height from which a figure fits


@dataclass(frozen=True, eq=False)
class CellFace:
    """What there is of a cell: its source frame, its render, and where a wipe stands in it, 0 to 1."""

    source: QImage | None
    picture: Picture | None
    current: bool = False
    hovered: bool = False
    wipe: float = 0.5


def paint_face(painter: QPainter, box: QRectF, face: CellFace, show: str) -> None:
    """The cell in `box`; `show` is one of `SHOWS`, and cells without a source frame show the render in any case."""
    theme, render = current_theme(), None if face.picture is None else face.picture.render
    painter.fillRect(box, theme.colour("raised"))
    both = face.source is not None and render is not None
    if show == "difference" and both and face.picture is not None and face.picture.difference is not None:
        painter.drawImage(box, face.picture.difference)
    elif show == "wipe" and both and face.source is not None and render is not None:
        _paint_wipe(painter, box, face.source, render, face.wipe)
    else:
        first, second = (render, face.source) if show in ("render", "wipe") else (face.source, render)
        image = first or second
        if image is not None:
            painter.drawImage(box, image)
    if face.source is not None:
        _paint_corner(painter, box)
    if face.picture is not None and face.picture.decibels is not None and box.height() >= ROOMY:
        _paint_figure(painter, box, f"{face.picture.decibels:.1f} dB")
    _paint_edge(painter, box, face)


def _paint_wipe(painter: QPainter, box: QRectF, source: QImage, render: QImage, share: float) -> None:
    edge = box.left() + share * box.width()
    painter.drawImage(box, render)
    painter.save()
    painter.setClipRect(QRectF(box.left(), box.top(), edge - box.left(), box.height()))
    painter.drawImage(box, source)
    painter.restore()
    painter.setPen(QPen(current_theme().colour("warm"), 1.5))
    painter.drawLine(QPointF(edge, box.top()), QPointF(edge, box.bottom()))


def _paint_corner(painter: QPainter, box: QRectF) -> None:
    """A folded corner: a video has this frame."""
    side = min(12.0, 0.25 * box.height())
    tip = box.topLeft()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(ON_DARK))
    painter.drawPolygon(QPolygonF([tip, tip + QPointF(side, 0), tip + QPointF(0, side)]))


def _paint_figure(painter: QPainter, box: QRectF, words: str) -> None:
    painter.save()
    font = QFont(painter.font())
    font.setPointSizeF(0.82 * font.pointSizeF())
    painter.setFont(font)
    wide = QFontMetricsF(font).horizontalAdvance(words) + 8
    chip = QRectF(box.right() - wide - 2, box.bottom() - 16, wide, 14)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 165))
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def _paint_edge(painter: QPainter, box: QRectF, face: CellFace) -> None:
    if face.current or face.hovered:
        theme = current_theme()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent" if face.current else "muted"), 3 if face.current else 1))
        inset = 1.5 if face.current else 0.5
        painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
