"""All that is known and thought of the take under review: facts, where it came from, seven scores, notes."""

from __future__ import annotations

import html

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QGuiApplication, QHideEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.checks import Checked
from app.panels.score_dots import ScoreDots
from app.panels.transport import ActionButton
from app.takes_model import KIND_WORDS
from pipeline.project.curated import QUESTIONS, REJECT, STAR, Curated
from pipeline.project.project import Project
from pipeline.project.take import Take

BUTTONS = ("star", "reject", "use_reference", "use_freeze_time")
AGAIN = ("recall", "remix", "vary")


class TakeDetails(QScrollArea):
    """Wishes: `score_requested(question, value)`, `note_requested(take, text)`, a prompt, another take."""

    score_requested = Signal(int, int)
    note_requested = Signal(str, str)
    prompt_requested = Signal(str)
    take_requested = Signal(str)

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setMinimumWidth(296)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._take: Take | None = None
        self.title, self.facts, self.lineage, self.prompt, self.worth = (QLabel() for _ in range(5))
        self.worth.setAccessibleName("What this take is worth")
        self.title.setObjectName("cardTitle")
        for label in (self.title, self.facts, self.lineage, self.prompt, self.worth):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.lineage.setTextFormat(Qt.TextFormat.RichText)
        self.lineage.linkActivated.connect(self.take_requested)
        self.dots = [ScoreDots(question) for question in QUESTIONS]
        self.notes = Notes()
        self.notes.written.connect(self._note)
        self.recall_prompt = QPushButton("Recall prompt")
        self.copy_seed = QPushButton("Copy seed")
        self.buttons = {name: ActionButton(actions[name]) for name in BUTTONS}
        self.again = [ActionButton(actions[name]) for name in AGAIN]
        for button in self.again:
            button.setObjectName("way")
        for number, dots in enumerate(self.dots):
            dots.score_requested.connect(lambda value, number=number: self.score_requested.emit(number, value))
        self.recall_prompt.clicked.connect(self._recall)
        self.copy_seed.clicked.connect(self._copy)
        self._lay_out()
        self.show_take(Project(), None)

    def show_take(self, project: Project, take: Take | None, check: Checked | None = None) -> None:
        """Another take, or another opinion of it; `check` says what it is worth, once that is known."""
        if self._take is not None and (take is None or take.id != self._take.id):
            self.notes.finish()
        self._take = take
        self.body.setVisible(take is not None)
        if take is None:
            return
        opinion, clip, request = project.cut.opinion(take.id), take.clip, take.request
        self.title.setText(take.title)
        kind = KIND_WORDS[request.kind]
        self.facts.setText(f"{kind} · {clip.n_frames} frames · {clip.size[1]}x{clip.size[0]} · {clip.fps:g} fps")
        self.lineage.setText(lineage_text(project, take))
        brought = request.provider == "file"
        self.prompt.setText("Brought as a file" if brought else f"{request.prompt} (seed {request.seed})")
        self._offer(self.recall_prompt, bool(request.prompt), "Make this take's prompt the scene's",
                    "This take was brought as a file and has no prompt")  # fmt: skip
        self._offer(self.copy_seed, not brought, "Copy the seed, to make the take again",
                    "This take was brought as a file and has no seed")  # fmt: skip
        self._show_opinion(opinion)
        lines = ["Being judged…"] if check is None else check.lines(request.role)
        self.worth.setText("\n• ".join(lines))

    def _show_opinion(self, opinion: Curated) -> None:
        for dots, score in zip(self.dots, opinion.scores, strict=True):
            dots.show_score(score)
        self.buttons["star"].setChecked(opinion.verdict == STAR)
        self.buttons["reject"].setChecked(opinion.verdict == REJECT)
        self.notes.show_text(opinion.notes)

    def _offer(self, button: QPushButton, possible: bool, tip: str, reason: str) -> None:
        button.setEnabled(possible)
        button.setToolTip(tip if possible else reason)

    def _note(self, text: str) -> None:
        if self._take is not None:
            self.note_requested.emit(self._take.id, text)

    def _recall(self) -> None:
        if self._take is not None:
            self.prompt_requested.emit(self._take.request.prompt)

    def _copy(self) -> None:
        if self._take is not None:
            QGuiApplication.clipboard().setText(str(self._take.request.seed))

    def _lay_out(self) -> None:
        self.body = QWidget()
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, widget in (("Facts", self.facts), ("Made by", self.prompt), ("Lineage", self.lineage)):
            label = QLabel(words)
            label.setObjectName("muted")
            form.addRow(label, widget)
        verdicts = QHBoxLayout()
        for button in self.buttons.values():
            verdicts.addWidget(button)
        verdicts.addStretch(1)
        recalls = QHBoxLayout()
        recalls.addWidget(self.recall_prompt)
        recalls.addWidget(self.copy_seed)
        recalls.addStretch(1)
        again = QHBoxLayout()
        for button in self.again:
            again.addWidget(button)
        again.addStretch(1)
        scores = QGridLayout()
        scores.setVerticalSpacing(4)
        for row, (question, dots) in enumerate(zip(QUESTIONS, self.dots, strict=True)):
            scores.addWidget(QLabel(question), row, 0)
            scores.addWidget(dots, row, 1, Qt.AlignmentFlag.AlignRight)
        scores.setColumnStretch(0, 1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addLayout(verdicts)
        column.addLayout(form)
        column.addLayout(recalls)
        column.addLayout(again)
        column.addWidget(_heading("Liftability"))
        column.addWidget(self.worth)
        column.addWidget(_heading("Scores"))
        column.addLayout(scores)
        column.addWidget(_heading("Notes"))
        column.addWidget(self.notes, 1)
        self.setWidget(self.body)


class Notes(QPlainTextEdit):
    """Text that is handed over once it is finished: when the focus leaves."""

    written = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("What is good, what is wrong, what to try next")
        self.setAccessibleName("Notes")
        self.setTabChangesFocus(True)
        self.setMinimumHeight(70)
        self._given = ""

    def show_text(self, text: str) -> None:
        """Show a text, unless the person is writing one."""
        self._given = text
        if not self.hasFocus() and self.toPlainText() != text:
            with QSignalBlocker(self):
                self.setPlainText(text)

    def finish(self) -> None:
        """Hand over what was written, if anything was."""
        text = self.toPlainText()
        if text != self._given:
            self._given = text
            self.written.emit(text)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        super().focusOutEvent(event)
        self.finish()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self.finish()


def lineage_text(project: Project, take: Take) -> str:
    """Which takes this one came from and which came from it, as links."""
    known = {other.id: other for other in project.takes}
    parents = [name for name in (take.parent, *take.request.sources) if name is not None]
    children = [other.id for other in project.takes if take.id in (other.parent, *other.request.sources)]

    def links(names: list[str]) -> str:
        return ", ".join(
            f'<a href="{html.escape(name)}">{html.escape(known[name].title if name in known else name)}</a>'
            for name in dict.fromkeys(names)
        )

    told = [f"from {links(parents)}" if parents else "", f"led to {links(children)}" if children else ""]
    return "; ".join(words for words in told if words) or "an original"


def _heading(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("heading")
    return label
