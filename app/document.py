"""The one holder of the project: panels show it and ask for changes; only this file stores and undoes them.

The cut (the intent) goes through the undo stack; the library (takes, runs, renders) is appended to by jobs and
never undone. `Document` is told edits, which are pure functions, and announces only finished values.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.saver import Saver
from app.session_lock import SessionLock
from pipeline.project import journal, project_file
from pipeline.project.project import Cut, Project
from renderer.errors import Refusal

Edit = Callable[[Project], Project]
GESTURE_SECONDS = 1.0  # a hand that rests so long has ended its gesture


class Document(QObject):
    """Holds the current `Project` and where it lies; `changed` carries no value, readers take `project`."""

    changed = Signal()
    opened = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = Project()
        self.folder: Path | None = None
        self.saver = Saver(self)
        self._lock = SessionLock()
        self.undo_stack = QUndoStack(self)

    def open(self, folder: Path) -> None:
        """Read a project folder; raises `Refusal` and keeps the present project when it can't be read."""
        self.saver.finish()
        project = project_file.load(folder)
        self.saver.drop()
        self._lock.take(folder)
        self.project, self.folder = project, folder.resolve()
        self.undo_stack.clear()
        self.opened.emit()
        self.changed.emit()

    @property
    def read_only(self) -> str:
        """Why the project may not be changed; empty when it may."""
        return self._lock.reason

    def unsaved(self) -> Cut | None:
        """The cut of a program that ended before it could save, where that is not the saved one."""
        if self.folder is None or self.read_only:
            return None
        cut = journal.newest(self.folder)
        if cut is None or cut == self.project.cut:
            journal.clear(self.folder)
            return None
        return cut

    def recover(self, cut: Cut | None) -> None:
        """Take the unsaved cut as a step that can be undone, or with None forget it."""
        if cut is None and self.folder is not None:
            journal.clear(self.folder)
        elif cut is not None:
            self.do("Recover unsaved changes", lambda project: replace(project, cut=cut))

    def shut_down(self) -> None:
        """For the end of the program: write what waits, let go of the project."""
        self.saver.close()
        self._lock.release()

    def close(self) -> None:
        """Hold an empty project that lies nowhere."""
        self.saver.finish()
        self.saver.drop()
        self._lock.take(None)
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

    def do(self, text: str, edit: Edit, gesture: str = "") -> None:
        """Change the cut as one undo step named `text`, and save; raises `Refusal` or what `edit` raises.

        Steps of one `gesture` that follow each other closely, as those of a number whose arrow is held, are one step.
        """
        if self.read_only:
            raise Refusal(self.read_only)
        after = edit(self.project).cut
        if after == self.project.cut:
            return
        now, last = time.monotonic(), self._last()
        going_on = last is not None and last.gesture == gesture and not self.undo_stack.canRedo()
        if gesture and last is not None and going_on and now - last.at < GESTURE_SECONDS:
            last.after, last.at = after, now
            self.set_cut(after)
        else:
            self.undo_stack.push(_CutCommand(self, text, self.project.cut, after, gesture))

    def amend(self, edit: Edit) -> None:
        """Change the cut as part of the step that was done last: what follows from it, found out a moment later."""
        if self.read_only:
            return
        cut, last = edit(self.project).cut, self._last()
        if last is not None:
            last.after = cut
        self.set_cut(cut)

    def _last(self) -> _CutCommand | None:
        """The step that an undo would take back."""
        at = self.undo_stack.index() - 1
        command = self.undo_stack.command(at) if at >= 0 else None
        return command if isinstance(command, _CutCommand) else None

    def set_cut(self, cut: Cut) -> None:
        """Used by the undo stack: put a cut in place, in memory and on disk."""
        self._set(replace(self.project, cut=cut))
        if self.folder is not None:
            self.saver.save(self.folder, cut)

    def _set(self, project: Project) -> None:
        if project != self.project:
            self.project = project
            self.changed.emit()


class _CutCommand(QUndoCommand):
    def __init__(self, document: Document, text: str, before: Cut, after: Cut, gesture: str) -> None:
        super().__init__(text)
        self.gesture, self.at = gesture, time.monotonic()
        self._document, self._before, self.after = document, before, after

    def undo(self) -> None:
        self._document.set_cut(self._before)

    def redo(self) -> None:
        self._document.set_cut(self.after)
