"""A page of the Measure dialog: a form, a button, its reason, and what came of it; pages differ in form and words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from app.panels.form import Form
from app.verb_process import VerbProcess
from pipeline.cli.words import PROGRAM


class AnswerPage(QWidget):
    """`copied(str)` is a command line. Subclasses fill `form`, and say `reason`, `do` and `command`."""

    copied = Signal(str)

    def __init__(self, lead: str, do: str, tip: str) -> None:
        super().__init__()
        self._tip = tip
        self.form = Form()
        self.says, self.result = QLabel(), QTextBrowser()
        self.says.setObjectName("muted")
        self.says.setWordWrap(True)
        self.result.setAccessibleName("What came of it")
        self.result.setOpenLinks(False)
        self.result.hide()
        self.start, self.copy = QPushButton(do), QPushButton("Copy as command line")
        self.start.setObjectName("primary")
        self.start.clicked.connect(self.do)
        self.copy.setToolTip("The words that do this in a terminal")
        self.copy.clicked.connect(lambda: self.copied.emit(self.command()))
        self.buttons = QHBoxLayout()
        self.buttons.addWidget(self.copy)
        self.buttons.addStretch(1)
        self.buttons.addWidget(self.start)
        words = QLabel(lead)
        words.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 16, 16, 12)
        self._column.setSpacing(12)
        self._column.addWidget(words)
        self._column.addLayout(self.form)
        self._column.addWidget(self.says)
        self._column.addWidget(self.result, 1)
        self._column.addStretch(0)
        self._column.addLayout(self.buttons)
        for button in (self.start, self.copy):
            button.setAutoDefault(False)

    def rows(self, rows: Sequence[tuple[str, QWidget]]) -> None:
        """Add rows to the form; an empty label leaves the field by itself."""
        for label, field in rows:
            self.form.row(label, field)

    def judge(self, *_: Any) -> None:
        """Allow what can be done, and say why not."""
        reason = self.reason()
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or self._tip)
        self.copy.setEnabled(not reason)
        self.says.setText(reason or self._tip + ".")

    def show_text(self, text: str, *, markdown: bool = False) -> None:
        """Show what came of it."""
        self.result.setMarkdown(text) if markdown else self.result.setPlainText(text)
        self.result.show()

    def reason(self) -> str:
        """Why it can't be done, in one sentence; empty when it can."""
        raise NotImplementedError

    def do(self) -> None:
        """Have it done."""
        raise NotImplementedError

    def command(self) -> str:
        """The same as one line for a shell."""
        raise NotImplementedError

    def close_page(self) -> None:
        """The dialog closes."""


class VerbPage(AnswerPage):
    """A page whose answer is that of one verb, in a child process that ends with the dialog.

    Subclasses say `words` and `answered` besides; `self.process` runs the verb.
    """

    def __init__(self, lead: str, do: str, tip: str) -> None:
        super().__init__(lead, do, tip)
        self.process = VerbProcess(self)
        self.process.answered.connect(self.answered)
        self.process.failed.connect(self._failed)

    def words(self) -> list[str]:
        """The verb and what it is told."""
        raise NotImplementedError

    def answered(self, told: dict[str, Any]) -> None:
        """Show what the verb printed."""
        raise NotImplementedError

    def do(self) -> None:
        self.process.ask(self.words())
        self.judge()

    def command(self) -> str:
        return shlex.join([PROGRAM, *self.words()])

    def close_page(self) -> None:
        self.process.end()

    def _failed(self, sentence: str) -> None:
        self.judge()
        self.says.setText(sentence)
