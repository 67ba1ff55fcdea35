"""The scene on show: snapshot files of the open project's runs, read and put into the view, newest wins."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.bending import Bending
from app.document import Document
from app.lift_session import LiftSession
from app.looking import Looking
from app.making import Making, run_of
from app.scene_loader import Scene, SceneLoader
from app.view_state import ViewState


class Showing(QObject):
    """`changed`: another scene is seen, or none; `bent(Bending)` of its freeze-time frames; `unreadable(str)`: why a
    file can't be."""

    changed = Signal()
    unreadable = Signal(str)
    bent = Signal(object)

    def __init__(
        self, document: Document, session: LiftSession, view: ViewState, looking: Looking, making: Making
    ) -> None:
        super().__init__(document)
        self._document, self._session, self._view = document, session, view
        self._looking, self._making = looking, making
        self.loader = SceneLoader(self)
        self._runs: Path | None = None
        document.opened.connect(self._opened)
        making.look.connect(self.loader.load)
        session.picture_ready.connect(self.loader.load)
        self.loader.loaded.connect(self._show)
        self.loader.failed.connect(lambda _path, sentence: self.unreadable.emit(sentence))

    def _show(self, scene: Scene) -> None:
        # Runs of one project share their cameras' frame, so a free view stays for looking back and comparing.
        runs = run_of(scene.path).parent
        keep = self._runs == runs and self._view.snapshot is not None
        same = keep and self._making.shown_run == run_of(scene.path)
        self._runs = runs
        self._view.show(scene.snapshot, keep_view=keep)
        self._looking.show_run(run_of(scene.path))
        self._looking.show_scene(scene, same_run=same)
        self._making.scene_shown(scene.path)
        take = self._looking.sources.take("freeze_time")
        self.bent.emit(Bending("" if take is None else take.id, scene.bent))
        self.changed.emit()

    def _opened(self) -> None:
        folder, session = self._document.folder, self._session
        if folder is not None and folder == session.folder:
            return  # a lift that runs here has made its project; its picture stays
        if folder is None and session.running_here:
            folder = session.folder
        self.loader.forget()
        self._view.show(None)
        self._looking.show_scene(None)
        self._looking.show_run(None)
        self._runs, self._making.shown_run = None, None
        session.watch(folder)
        self.bent.emit(Bending())
        self.changed.emit()
