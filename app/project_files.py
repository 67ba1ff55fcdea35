"""The project as files: packing it into one, unpacking, finding videos that are gone. Asks, then has it done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.chore import Chore, Work
from app.document import Document

ZIPS = "Packed projects (*.zip)"
PACK = "Pack the project into (without checkpoints and the lifts of ablations)"


class ProjectFiles(QObject):
    """`opened` is called with a folder that was unpacked, `restored` once videos lie where they belong again."""

    def __init__(
        self, document: Document, window: QWidget, opened: Callable[[Path], object], restored: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._document, self._window = document, window
        self._opened, self._restored = opened, restored
        self.chore = Chore(self)

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of this file do."""
        return {"pack": self._ask_pack, "unpack": self._ask_unpack, "relink": self._ask_relink}

    def pack(self, target: Path) -> None:
        """Pack the open project into a zip file."""
        folder = self._document.folder
        if folder is not None:
            self._document.saver.finish()
            words = ("pack", str(folder), "--out", str(target))
            self.chore.do(Work(words, f"Packing into {target.name}…", lambda: self.chore.said.emit(f"Packed {target}")))

    def unpack(self, source: Path, folder: Path) -> None:
        """Make a project folder from a zip file and open it."""
        words = ("unpack", str(source), "--out", str(folder))
        self.chore.do(Work(words, f"Unpacking {source.name}…", lambda: self._opened(folder)))

    def relink(self, search: Path) -> None:
        """Look for missing videos in a folder and below."""
        folder = self._document.folder
        if folder is not None:
            words = ("relink", str(folder), "--search", str(search))
            self.chore.do(Work(words, f"Looking in {search}…", self._restored))

    def ask_unpack_to(self, source: Path) -> None:
        """Ask where a packed project is to lie."""
        name = QFileDialog.getExistingDirectory(self._window, "An empty folder for the project", str(source.parent))
        if name:
            folder = Path(name)
            self.unpack(source, folder / source.stem if any(folder.iterdir()) else folder)

    def _ask_pack(self) -> None:
        folder = self._document.folder
        if folder is not None:
            start = str(folder.with_suffix(".zip"))
            name, _ = QFileDialog.getSaveFileName(self._window, PACK, start, ZIPS)
            if name:
                self.pack(Path(name))

    def _ask_unpack(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a packed project", "", ZIPS)
        if name:
            self.ask_unpack_to(Path(name))

    def _ask_relink(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Look for missing videos in")
        if name:
            self.relink(Path(name))
