"""The one holder of the project: panels show it and ask for changes; only this file stores and undoes them.

The cut (the intent) goes through the undo stack; the library (takes, runs, renders) is appended to by jobs and
never undone. `Document` is told edits, which are pure functions, and announces only finished values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from pipeline.project import project_file
from pipeline.project.project import Cut, Project

Edit = Callable[[Project], Project]


class Document(QObject):
    """Holds the current `Project` and where it lies; `changed` carries no value, readers take `project`."""

    changed = Signal()
    opened = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = Project()
        self.folder: Path | None = None
        self.undo_stack = QUndoStack(self)

    def open(self, folder: Path) -> None:
        """Read a project folder; raises `Refusal` and keeps the present project when it can't be read."""
        project = project_file.load(folder)
        self.project, self.folder = project, folder.resolve()
        self.undo_stack.clear()
        self.opened.emit()
        self.changed.emit()

    def close(self) -> None:
        """Hold an empty project that lies nowhere."""
        self.project, self.folder = Project(), None
        self.undo_stack.clear()
        self.opened.emit()
        self.changed.emit()

    def reload_library(self) -> None:
        """Take in what jobs have added on disk since; the cut in memory stays. Raises `Refusal` as `open` does."""
        if self.folder is not None:
            found = project_file.load(self.folder)
            self.apply(lambda p: replace(p, takes=found.takes, runs=found.runs, renders=found.renders))

    def apply(self, edit: Edit) -> None:
        """Change the library; not undoable."""
        self._set(edit(self.project))

    def do(self, text: str, edit: Edit) -> None:
        """Change the cut as one undo step named `text`, and save; raises what `edit` raises, changing nothing."""
        after = edit(self.project).cut
        if after != self.project.cut:
            self.undo_stack.push(_CutCommand(self, text, self.project.cut, after))

    def amend(self, edit: Edit) -> None:
        """Change the cut as part of the step that was done last: what follows from it, found out a moment later."""
        last = self.undo_stack.index() - 1
        command = self.undo_stack.command(last) if last >= 0 else None
        cut = edit(self.project).cut
        if isinstance(command, _CutCommand):
            command.after = cut
        self.set_cut(cut)

    def set_cut(self, cut: Cut) -> None:
        """Used by the undo stack: put a cut in place, in memory and on disk."""
        self._set(replace(self.project, cut=cut))
        if self.folder is not None:
            project_file.update(self.folder, lambda p: replace(p, cut=cut))

    def _set(self, project: Project) -> None:
        if project != self.project:
            self.project = project
            self.changed.emit()


class _CutCommand(QUndoCommand):
    def __init__(self, document: Document, text: str, before: Cut, after: Cut) -> None:
        super().__init__(text)
        self._document, self._before, self.after = document, before, after

    def undo(self) -> None:
        self._document.set_cut(self._before)

    def redo(self) -> None:
        self._document.set_cut(self.after)
