"""The row of buttons above the filmstrip: what can be done to frames."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.panels.transport import ActionButton

TOOLS = ("set_in", "set_out", "clear_trim", "", "drop_frames", "lock_frames", "pick_canonical", "", "reroll")


class FrameTools(QWidget):
    """Buttons of commands; what they act on is the selection, or the frame that is shown."""

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 2)
        row.setSpacing(2)
        for name in TOOLS:
            if name:
                row.addWidget(ActionButton(actions[name]))
            else:
                row.addSpacing(12)
        row.addStretch(1)
        self.legend = QLabel()
        self.legend.setObjectName("muted")
        row.addWidget(self.legend)
        self.show_bending(False)

    def show_bending(self, shown: bool) -> None:
        """Whether frames have a third bar."""
        self.legend.setText("bars: sharpness, motion, bending" if shown else "bars: sharpness, motion")
        third = "; the third how far the lift had to bend it to make it agree with the others" if shown else ""
        self.legend.setToolTip(
            "The upper bar is a frame's sharpness, the next one how much changes against the frame before"
            f"{third}. What is odd is written beside its number."
        )
