"""The source frame over the picture of its own camera: blended, wiped, or as the difference; and the PSNR.

A difference needs the picture's pixels, which are only taken at rest.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from app.frame_store import image_of
from app.theme import current_theme
from app.view_state import ViewState

Pixels = npt.NDArray[np.uint8]
AMPLIFIED = 3  # times: a difference of 10 in 255 is hardly seen


def pixels_of(image: QImage, size: tuple[int, int]) -> Pixels:
    """[H, W, 3] an image's pixels at (height, width)."""
    height, width = size
    scaled = image.scaled(
        width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    rgb = scaled.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(height, rgb.bytesPerLine())
    return rows[:, : 3 * width].reshape(height, width, 3).copy()


def psnr(a: Pixels, b: Pixels) -> float:
    """Decibels between two pictures of one size; infinite when they are equal."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def difference(a: Pixels, b: Pixels) -> Pixels:
    """[H, W, 3] how far two pictures of one size are apart, amplified so that it can be seen."""
    off = np.abs(a.astype(np.int16) - b.astype(np.int16))
    made: Pixels = np.minimum(AMPLIFIED * off, 255).astype(np.uint8)
    return made


class SourceFrame:
    """The frame that is laid over, and what was found by comparing; `words` names the frame."""

    def __init__(self) -> None:
        self.image: QImage | None = None
        self.words = ""
        self.decibels: float | None = None
        self._difference: QImage | None = None

    def show(self, image: QImage | None, words: str) -> None:
        """Lay another frame over, or none."""
        self.image, self.words = image, words
        self.forget()

    def forget(self) -> None:
        """The picture has changed: what was compared is no longer true."""
        self.decibels, self._difference = None, None

    def compare(self, picture: QImage, rect: QRectF, widget: tuple[int, int]) -> None:
        """Hold the part `rect` of the widget's (width, height) picture against the frame, at the frame's size."""
        if self.image is None or picture.isNull():
            return
        sx, sy = picture.width() / widget[0], picture.height() / widget[1]
        part = QRectF(rect.x() * sx, rect.y() * sy, rect.width() * sx, rect.height() * sy).toAlignedRect()
        size = self.image.height(), self.image.width()
        shown, source = pixels_of(picture.copy(part), size), pixels_of(self.image, size)
        self.decibels = psnr(shown, source)
        self._difference = image_of(difference(shown, source))

    def paint(self, painter: QPainter, rect: QRectF, view: ViewState) -> None:
        """Draw the frame over `rect` in the way that the view asks for."""
        if view.source == "off" or self.image is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if view.source == "blend":
            painter.setOpacity(view.opacity)
            painter.drawImage(rect, self.image)
        elif view.source == "wipe":
            self._paint_wipe(painter, rect, view.wipe)
        elif self._difference is not None:
            painter.drawImage(rect, self._difference)
        painter.restore()
        self._paint_words(painter, rect, view)

    def _paint_wipe(self, painter: QPainter, rect: QRectF, share: float) -> None:
        edge = rect.left() + share * rect.width()
        painter.setClipRect(QRectF(rect.left(), rect.top(), edge - rect.left(), rect.height()))
        if self.image is not None:
            painter.drawImage(rect, self.image)
        painter.setClipping(False)
        painter.setPen(QPen(current_theme().colour("warm"), 2))
        painter.drawLine(QPointF(edge, rect.top()), QPointF(edge, rect.bottom()))
        painter.setBrush(current_theme().colour("warm"))
        painter.drawEllipse(QPointF(edge, rect.center().y()), 6, 6)

    def _paint_words(self, painter: QPainter, rect: QRectF, view: ViewState) -> None:
        how = {"blend": f"{100 * view.opacity:.0f} % over the render", "wipe": "left, the render right"}
        text = f"{self.words} {how.get(view.source, f'and render: difference ×{AMPLIFIED}')}"
        if self.decibels is not None:
            text += "   equal" if math.isinf(self.decibels) else f"   PSNR {self.decibels:.1f} dB"
        theme = current_theme()
        width = painter.fontMetrics().horizontalAdvance(text) + 20
        chip = QRectF(rect.left() + 12, rect.top() + 12, width, 26)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = theme.colour("panel")
        ground.setAlphaF(0.9)
        painter.setBrush(ground)
        painter.drawRoundedRect(chip, 6, 6)
        painter.setPen(theme.colour("text"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
