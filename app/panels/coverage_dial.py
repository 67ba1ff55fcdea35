"""The coverage dial: a ring around the canonical frame that shows how many degrees a freeze-time take covers.

The scene stands in the middle, the canonical camera at the bottom; the arc is where the camera has been, left of it
what lies before the canonical frame, right of it what follows. The faint arc is the wanted sweep.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import current_theme
from pipeline.project.provenance import Coverage

SIDE = 132
BOTTOM = 270.0  # degrees in Qt's sense, anticlockwise from the right


def words_of(covered: Coverage) -> str:
    """For a tooltip and for those who cannot see the ring."""
    how = "from solved cameras" if covered.solved else "estimated from the picture"
    sides = f"{covered.left:.0f}° left and {covered.right:.0f}° right of the canonical frame"
    return f"{covered.degrees:.0f}° covered, {sides}, {how}"


class CoverageDial(QWidget):
    """Shows a `Coverage`, or nothing where no freeze-time take is looked at or it is not measured yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.covered: Coverage | None = None
        self._wanted = 180.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Coverage")
        self.show_covered(None, self._wanted)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(SIDE, SIDE)

    def show_covered(self, covered: Coverage | None, wanted: float) -> None:
        """What is covered, and what is wanted, in degrees."""
        self.covered, self._wanted = covered, wanted
        words = "How far the camera goes around is not known" if covered is None else words_of(covered)
        self.setToolTip(words)
        self.setAccessibleDescription(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        for width, key, left, right in self._arcs():
            painter.setPen(QPen(theme.colour(key), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawArc(ring, round(16 * (BOTTOM - left)), round(16 * (left + right)))
        self._paint_canonical(painter, ring)
        covered = self.covered
        font = QFont(painter.font())
        font.setPointSizeF(1.7 * font.pointSizeF())
        font.setBold(True)
        painter.setPen(theme.colour("text" if covered is not None else "faint"))
        plain = painter.font()
        painter.setFont(font)
        number = "–" if covered is None else f"{'' if covered.solved else '≈ '}{covered.degrees:.0f}°"
        painter.drawText(ring.adjusted(0, -10, 0, -10), Qt.AlignmentFlag.AlignCenter, number)
        painter.setFont(plain)
        painter.setPen(theme.colour("muted"))
        painter.drawText(ring.adjusted(0, 24, 0, 24), Qt.AlignmentFlag.AlignCenter, f"of {self._wanted:.0f}°")
        painter.end()

    def _arcs(self) -> list[tuple[float, str, float, float]]:
        """Width, colour, and degrees to either side of the bottom: the whole ring, what is wanted, what is there."""
        arcs = [(6.0, "base", 180.0, 180.0), (6.0, "line", self._wanted / 2, self._wanted / 2)]
        if self.covered is not None:
            left, right = min(180.0, self.covered.left), min(180.0, self.covered.right)
            arcs.append((8.0, "good" if self.covered.degrees >= self._wanted else "accent", left, right))
        return arcs

    def _paint_canonical(self, painter: QPainter, ring: QRectF) -> None:
        """The diamond that marks the shared moment everywhere else too."""
        theme, at = current_theme(), QPointF(ring.center().x(), ring.bottom())
        painter.setPen(QPen(theme.colour("panel"), 2))
        painter.setBrush(theme.colour("text"))
        painter.drawPolygon([at + QPointF(0, -8), at + QPointF(7, 0), at + QPointF(0, 8), at + QPointF(-7, 0)])
