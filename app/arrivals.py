"""What comes into the window: dropped, pasted or chosen files, project folders, packed projects, the sample.

It decides what a thing is and asks for what follows; opening, lifting and saying why not are the window's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.curation import Curation
from app.document import Document
from app.drops import Drop, read_drop, with_kinds
from app.importer import Importer
from app.panels.lift_dialog import LiftDialog, LiftWish
from app.panels.path_row import VIDEOS
from app.sample import sample_project, sample_videos
from app.stabilising import Stabilising
from pipeline.project.project_file import is_project
from pipeline.project.take import Take


class Arrivals(QObject):
    """Wishes: `open_requested(Path)` a project folder, `unpack_requested(Path)` a zip file, `lift_requested(LiftWish)`,
    `look_requested(Path, Drop)` a file that may be a render of ours; `curating` when takes come in.
    """

    open_requested = Signal(object)
    unpack_requested = Signal(object)
    look_requested = Signal(object, object)
    lift_requested = Signal(object)
    curating = Signal()
    refused = Signal(str)

    def __init__(self, document: Document, curation: Curation, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._curation, self._window = document, curation, window
        self.importer = Importer(self)
        self.importer.took.connect(self._took)
        self.importer.refused.connect(self.refused)
        self.stabilising = Stabilising(document, curation.review, self.importer, self)
        self.stabilising.refused.connect(self.refused)

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of this file do."""
        return {
            "open": self._ask_open, "lift": self.ask_lift, "import": self._ask_import, "paste": self._paste,
            "sample": self._open_sample, **self.stabilising.deeds(),
        }  # fmt: skip

    def close(self) -> None:
        """For the end of the program: what comes in and is not whole yet is left out."""
        self.stabilising.close()
        self.importer.shut_down()

    def bring(self, drop: Drop) -> None:
        """Open the project, or bring the videos in: into the open project, else into a new one.

        A single file may be a render of ours that comes back.
        """
        if drop.project is not None:
            self.open_requested.emit(drop.project)
        elif drop.packed is not None:
            self.unpack_requested.emit(drop.packed)
        elif drop.picture is not None or len(drop.videos) == 1:
            self.look_requested.emit(drop.picture or drop.videos[0], drop)
        else:
            self.bring_takes(drop)

    def bring_takes(self, drop: Drop) -> None:
        """Bring videos in as takes, or ask for a new project of them."""
        if self._document.read_only:
            self.refused.emit(self._document.read_only)
        elif drop.videos and self._document.folder is not None:
            self.importer.bring(self._document.folder, with_kinds(drop.videos))
            self.curating.emit()
        elif drop.videos:
            self.ask_lift(*(str(path) for path in drop.videos[:2]))
        elif drop.picture is not None:
            name = drop.picture.name
            self.refused.emit(f"{name} is one picture and not a render of Splatime; bring a video or frames.")

    def ask_lift(self, reference: str = "", freeze_time: str = "", out: str = "") -> None:
        """Ask for a new project, with what is known filled in."""
        dialog = LiftDialog(reference, freeze_time, out, self._window)
        dialog.accepted.connect(lambda: self.begin(dialog.wish))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def begin(self, wish: LiftWish) -> None:
        """Lift at once, or only bring the videos in."""
        if wish.lift:
            self.lift_requested.emit(wish)
        else:
            self.importer.bring(wish.out, [(wish.reference, "reference"), (wish.freeze_time, "freeze_time")])

    def _took(self, folder: Path, take: Take) -> None:
        """A take came in: into the open project, or as the first one of a new one."""
        if self._document.folder is None:
            self.open_requested.emit(folder)
            self.curating.emit()
        if self._document.folder == folder.resolve():
            self._curation.take_in(take)

    def _ask_open(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open a project folder")
        if name:
            self.open_requested.emit(Path(name))

    def _ask_import(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self._window, "Bring videos in as takes", "", VIDEOS)
        self.bring(Drop(videos=tuple(Path(name) for name in names)))

    def _paste(self) -> None:
        drop = read_drop(QGuiApplication.clipboard().mimeData())
        if drop.empty:
            self.refused.emit("Nothing to paste: copy video files first.")
        self.bring(drop)

    def _open_sample(self) -> None:
        videos, home = sample_videos(), sample_project()
        if is_project(home):
            self.open_requested.emit(home)
        elif videos is not None:
            self.ask_lift(str(videos[0]), str(videos[1]), str(home))
