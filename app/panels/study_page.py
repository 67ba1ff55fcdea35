"""Study: a page that asks people which of two films is better, by `splatime study` in a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton

from app.panels.answer_page import VerbPage
from app.panels.path_row import ask_video, path_row

LEAD = (
    "Writes one HTML file that works offline: two films side by side, left and right drawn by lot, and the questions "
    "of the paper's user study."
)


class StudyPage(VerbPage):
    """`films`: what the first two fields start with, where there are as many; `out`: where the page goes."""

    def __init__(self, films: tuple[Path, ...], prompt: str, out: Path) -> None:
        super().__init__(LEAD, "Write the page", "Write the page; answers are kept in the browser of who opens it")
        fields = QLineEdit(), QLineEdit(), QLineEdit(prompt), QLineEdit(str(out))
        self.a, self.b, self.prompt, self.out = fields
        for field, film in zip((self.a, self.b), films, strict=False):
            field.setText(str(film))
        self.prompt.setPlaceholderText("What the films should show; without it one question less")
        self.rows((
            ("Film &A", path_row(self.a, ask_video, "Choose the first film")),
            ("Film &B", path_row(self.b, ask_video, "Choose the second film")),
            ("&Prompt", self.prompt),
            ("Pa&ge", path_row(self.out, self._ask_out, "Choose where the page goes")),
        ))  # fmt: skip
        self.open = QPushButton("Open the page")
        self.open.setToolTip("Open the page that was written in the browser")
        self.open.setAutoDefault(False)
        self.open.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(_whole(self.out)))))
        self.open.hide()
        self.buttons.insertWidget(2, self.open)
        for line in fields:
            line.textChanged.connect(self.judge)
        self.judge()

    def reason(self) -> str:
        if self.process.running:
            return "The page is being written…"
        for field, name in ((self.a, "first"), (self.b, "second")):
            if not field.text().strip():
                return f"Choose the {name} film."
            if not _whole(field).is_file():
                return f"The {name} film {_whole(field).name} does not exist."
        if _whole(self.a) == _whole(self.b):
            return "Choose two different films."
        return "" if self.out.text().strip().endswith((".html", ".htm")) else "The page's name ends in .html."

    def do(self) -> None:
        self.open.hide()
        super().do()

    def words(self) -> list[str]:
        words = ["study", str(_whole(self.a)), str(_whole(self.b)), f"--out={_whole(self.out)}"]
        prompt = self.prompt.text().strip()
        return words + ([f"--prompt={prompt}"] if prompt else [])

    def answered(self, told: dict[str, Any]) -> None:
        self.judge()
        questions = (told.get("summary") or {}).get("questions")
        self.says.setText(f"Written; it asks {questions} questions.")
        self.open.show()

    def _ask_out(self, field: QLineEdit) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Write the page to", field.text(), "Pages (*.html)")
        if name:
            field.setText(name)


def _whole(field: QLineEdit) -> Path:
    return Path(field.text().strip()).expanduser().resolve()
