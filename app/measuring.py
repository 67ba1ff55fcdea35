"""Measure: evaluation, ablations, user studies and loose videos, asked for in one dialog; holds nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from app.dialogs import plain
from app.document import Document
from app.job_queue import JobQueue
from app.panels.ablate_page import AblatePage
from app.panels.answer_page import AnswerPage
from app.panels.check_page import CheckPage
from app.panels.evaluate_page import EvaluatePage
from app.panels.run_list import run_words
from app.panels.study_page import StudyPage
from pipeline.jobs.spec import RENDERS
from pipeline.project.project import Project

FILMS = (".mp4", ".mov", ".webm", ".mkv")
UNLIFTED = "Nothing is lifted to its end in this project yet."


class MeasureDialog(QDialog):
    """Pages side by side; a page's work that is under way ends with the dialog, what is queued does not."""

    def __init__(self, pages: dict[str, AnswerPage], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("measure")
        self.setWindowTitle("Measure")
        self.resize(760, 640)
        self.pages = pages
        self.tabs = QTabWidget()
        for title, page in pages.items():
            self.tabs.addTab(page, title)
        buttons = plain(QDialogButtonBox(QDialogButtonBox.StandardButton.Close))
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        self.finished.connect(self._end)

    def _end(self) -> None:
        for page in self.pages.values():
            page.close_page()
        self.deleteLater()


class Measuring(QObject):
    """`copied(str)`: a command line for the clipboard."""

    copied = Signal(str)

    def __init__(self, document: Document, jobs: JobQueue, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._jobs, self._window = document, jobs, window

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the command of this file does."""
        return {"measure": self.ask}

    def ask(self) -> None:
        """Open the dialog for the project that is open."""
        folder, project = self._document.folder, self._document.project
        if folder is None:
            return
        ablate = AblatePage(folder, self._document.read_only)
        films = newest_films(project, folder)
        pages: dict[str, AnswerPage] = {
            "&Evaluate": EvaluatePage(folder, "" if project.newest_run() else UNLIFTED, finished(project)),
            "&Ablate": ablate,
            "&Study": StudyPage(films, project.cut.prompt, folder / RENDERS / "study.html"),
            "&Check": CheckPage(),
        }
        dialog = MeasureDialog(pages, self._window)
        ablate.wanted.connect(self._jobs.add)
        self._jobs.ended.connect(ablate.refresh)
        for page in pages.values():
            page.copied.connect(self.copied)
        dialog.open()


def finished(project: Project) -> tuple[tuple[str, str], ...]:
    """(id, words) of the finished lifts, the newest first; words that would stand twice have the id behind."""
    words = [run_words(run.settings) for run in project.runs]
    told = [
        f"{word} ({run.id})" if words.count(word) > 1 else word for run, word in zip(project.runs, words, strict=True)
    ]
    return tuple(reversed([(run.id, word) for run, word in zip(project.runs, told, strict=True)]))


def newest_films(project: Project, folder: Path) -> tuple[Path, ...]:
    """The last two films that the project rendered and that are still there, the older one first."""
    places = [folder / render.path for render in project.renders]
    return tuple([place for place in places if place.suffix.lower() in FILMS and place.is_file()][-2:])
