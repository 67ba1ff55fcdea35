"""Check: what a video that is in no project is worth, by `splatime check` in a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLineEdit

from app.checks import Checked
from app.panels.answer_page import VerbPage
from app.panels.path_row import ask_video, path_row
from app.verb_process import SILENT

LEAD = (
    "Says in seconds what a video is worth before it is brought in, as a freeze-time and as a reference video, and why."
    " Takes of the project are judged by themselves: the gallery and the Take panel show it."
)


class CheckPage(VerbPage):
    """One video, or a folder of pictures, and the two answers."""

    def __init__(self) -> None:
        super().__init__(LEAD, "Check", "Look at the video; nothing is brought into the project")
        self.video = QLineEdit()
        self.video.setPlaceholderText("A video, or a folder of pictures")
        self.rows((("&Video", path_row(self.video, ask_video, "Choose a video")),))
        self.video.textChanged.connect(self.judge)
        self.judge()

    def reason(self) -> str:
        if self.process.running:
            return "The video is being looked at…"
        if not self.video.text().strip():
            return "Choose a video."
        return "" if self._place.exists() else f"{self._place.name} does not exist."

    def words(self) -> list[str]:
        return ["check", str(self._place)]

    def answered(self, told: dict[str, Any]) -> None:
        self.judge()
        try:
            found = Checked.of(told)
        except (KeyError, TypeError, ValueError):
            self.says.setText(SILENT)
            return
        head, *reasons = found.lines("freeze_time")
        rows = [f"As a freeze-time video: {head}", *(f"• {reason}" for reason in reasons), ""]
        self.show_text("\n".join([*rows, f"As a reference video: {found.sentence}"]))

    @property
    def _place(self) -> Path:
        return Path(self.video.text().strip()).expanduser().resolve()
