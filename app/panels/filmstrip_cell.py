"""Paints one frame of the filmstrip, and the two handles of the trim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from app.frame_store import image_of
from app.panels.take_card import ON_DARK
from app.theme import Theme, current_theme, icon
from pipeline.project.hints import Hints

BELOW = 39  # px under a picture: its number, and three bars for sharpness, motion and bending
BAR = 3.0


@dataclass(frozen=True)
class CellLook:
    """What there is to say of a frame."""

    index: int
    inside: bool
    dropped: bool
    locked: bool
    canonical: bool
    selected: bool
    current: bool
    bent: float | None = None
    bent_odd: bool = False


def paint_cell(
    painter: QPainter, box: QRect, frame: npt.NDArray[np.uint8] | None, look: CellLook, hints: Hints | None
) -> None:
    """The frame in `box`, its number and hints below."""
    theme = current_theme()
    painter.fillRect(box, theme.colour("base"))
    if frame is not None:
        painter.setOpacity(0.12 if look.dropped else 1.0 if look.inside else 0.28)
        painter.drawImage(box, image_of(frame))
        painter.setOpacity(1.0)
    if look.dropped:
        _paint_gap(painter, box, theme)
    _paint_marks(painter, box, look, theme)
    _paint_edge(painter, box, look, theme)
    _paint_number(painter, box, look, theme)
    if hints is not None:
        _paint_hints(painter, box, look, hints, theme)
    if look.bent is not None:
        _paint_bar(painter, box, 2, look.bent, theme.colour("bad" if look.bent_odd else "accent"), theme)


def paint_handle(painter: QPainter, top: QPointF, height: float, which: str, theme: Theme) -> None:
    """A bracket that opens to the right for "in", to the left for "out"."""
    painter.setPen(QPen(theme.colour("warm"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    foot = QPointF(top.x(), top.y() + height)
    painter.drawLine(top, foot)
    tip = 7.0 if which == "in" else -7.0
    painter.drawLine(top, top + QPointF(tip, 0))
    painter.drawLine(foot, foot + QPointF(tip, 0))


def _paint_gap(painter: QPainter, box: QRect, theme: Theme) -> None:
    painter.fillRect(box, QBrush(theme.colour("line"), Qt.BrushStyle.BDiagPattern))
    side = min(24, box.width() - 4)
    spot = QRect(0, 0, side, side)
    spot.moveCenter(box.center())
    icon("drop", theme["muted"]).paint(painter, spot)


def _paint_marks(painter: QPainter, box: QRect, look: CellLook, theme: Theme) -> None:
    if look.locked or look.current:
        spot = QRect(box.right() - 21, box.bottom() - 21, 18, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(QRectF(spot).adjusted(-2, -2, 2, 2), 4, 4)
        icon("lock" if look.locked else "unlock", ON_DARK if look.locked else "#c6cad2").paint(painter, spot)
    if look.canonical:
        x, y = box.left() + 12.0, box.top() + 12.0
        painter.setPen(QPen(QColor(0, 0, 0, 170), 1.5))
        painter.setBrush(theme.colour("accent"))
        painter.drawPolygon(QPolygonF([QPointF(x, y - 8), QPointF(x + 7, y), QPointF(x, y + 8), QPointF(x - 7, y)]))


def _paint_edge(painter: QPainter, box: QRect, look: CellLook, theme: Theme) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if look.selected:
        painter.setPen(QPen(theme.colour("accent"), 3))
        painter.drawRect(QRectF(box).adjusted(1.5, 1.5, -1.5, -1.5))
    if look.current:
        painter.setPen(QPen(theme.colour("text"), 2))
        painter.drawRect(QRectF(box).adjusted(-1, -1, 1, 1))


def _paint_number(painter: QPainter, box: QRect, look: CellLook, theme: Theme) -> None:
    painter.setPen(theme.colour("text" if look.current else "muted" if look.inside and not look.dropped else "faint"))
    line = QRectF(box.left(), box.bottom() + 3, box.width(), 16)
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(look.index))


def _paint_hints(painter: QPainter, box: QRect, look: CellLook, hints: Hints, theme: Theme) -> None:
    """Two bars, sharpness and motion against the video's largest, and a word where something is odd."""
    index = look.index
    line = QRectF(box.left(), box.bottom() + 3, box.width(), 16)
    flaws = (
        (look.bent_odd, "bent"), (hints.soft[index], "soft"), (hints.doubled[index], "repeat"),
        (hints.jumps[index], "jump"),
    )  # fmt: skip
    odd = next((word for flawed, word in flaws if flawed), "")
    if odd:
        painter.setPen(theme.colour("warm"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, odd)
    rows = ((hints.sharpness, hints.soft), (hints.change, hints.jumps | hints.doubled))
    for row, (values, flags) in enumerate(rows):
        most = float(values.max())
        share = float(values[index]) / most if most > 0 else 0.0
        _paint_bar(painter, box, row, share, theme.colour("warm" if flags[index] else "muted"), theme)


def _paint_bar(painter: QPainter, box: QRect, row: int, share: float, ink: QColor, theme: Theme) -> None:
    top = box.bottom() + 22 + row * (BAR + 2)
    painter.fillRect(QRectF(box.left(), top, box.width(), BAR), theme.colour("line"))
    painter.fillRect(QRectF(box.left(), top, share * box.width(), BAR), ink)
