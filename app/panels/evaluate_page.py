"""Evaluate: a finished lift against frames that it never saw, by `splatime evaluate` in a child process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QComboBox, QLineEdit

from app.panels.answer_page import VerbPage
from app.panels.path_row import ask_folder, ask_video, path_row
from pipeline.cli.report import evaluation_text

LEAD = (
    "Measures a finished lift against held-out frames: a scene folder has scene.json, held_out.mp4 and the two videos "
    "that were lifted."
)


class EvaluatePage(VerbPage):
    """`project`: the folder that is open; `unready`: why nothing can be measured in it, or empty.

    `runs`: (id, words) of its finished lifts, the newest first.
    """

    def __init__(self, project: Path, unready: str, runs: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(LEAD, "Measure", "Measure it; this takes a minute or so")
        self._project, self._unready = project, unready
        self.scene, self.judges, self.freeze_time = QLineEdit(), QLineEdit(), QLineEdit()
        self.run = QComboBox()
        self.run.setToolTip("Which lift is measured; the newest is above")
        for name, words in runs:
            self.run.addItem(words, name)
        self.scene.setPlaceholderText("A folder with scene.json and held_out.mp4")
        self.judges.setPlaceholderText("Optional: a folder with x-clip/ and videoscore/")
        self.freeze_time.setPlaceholderText("Optional: the freeze-time video that was lifted, if not the scene's own")
        self.rows((
            ("&Lift", self.run),
            ("&Scene", path_row(self.scene, ask_folder, "Choose the scene folder")),
            ("&Judges", path_row(self.judges, ask_folder, "Choose a folder with weights of judges")),
            ("&Freeze-time", path_row(self.freeze_time, ask_video, "Choose the freeze-time video")),
        ))  # fmt: skip
        self.form.setRowVisible(self.run, self.run.count() > 1)
        self.result.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        for field in (self.scene, self.judges, self.freeze_time):
            field.textChanged.connect(self.judge)
        self.judge()

    def reason(self) -> str:
        if self._unready:
            return self._unready
        if self.process.running:
            return "It is being measured…"
        scene = Path(self.scene.text().strip()).expanduser()
        if not self.scene.text().strip():
            return "Choose the scene folder."
        if not (scene / "scene.json").is_file():
            return f"There is no scene.json in {scene.name}; choose a scene folder."
        return ""

    def words(self) -> list[str]:
        words = ["evaluate", str(self._project), f"--scene={_whole(self.scene)}"]
        if self.run.currentIndex() > 0:
            words.append(f"--run={self.run.currentData()}")
        more = (("--judges", self.judges), ("--freeze-time", self.freeze_time))
        return words + [f"{name}={_whole(field)}" for name, field in more if field.text().strip()]

    def answered(self, figures: dict[str, Any]) -> None:
        self.judge()
        self.show_text(evaluation_text(figures))


def _whole(field: QLineEdit) -> Path:
    return Path(field.text().strip()).expanduser().resolve()
