"""Picks a model of a lift: one of a few words, a name that another package gives, or a folder of weights.

It reads no weights. Whether something loads under the name is the lift's to say, in the reason beside its Start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from pipeline.generate import priors

PRIORS = ((priors.AUTO, "As the preset asks"), (priors.NONE, "None"), (priors.SHIPPED, "Pixel model"))
UPSAMPLERS = ((priors.NONE, "None"), (priors.SHIPPED, "Pixel model"))
FOLDER = "\0folder"
"""The data of the row that asks for a folder; no path and no name can be it."""


class ModelChoice(QComboBox):
    """`chosen(str)` is a name or a folder that a person picked; `more` tells further names when the list opens."""

    chosen = Signal(str)

    def __init__(
        self,
        words: Sequence[tuple[str, str]],
        more: Callable[[], Sequence[str]] = tuple,
        parent: QWidget | None = None,
    ) -> None:
        """`words`: (name, what it is called); names of `more` are called by themselves."""
        super().__init__(parent)
        self._more = more
        self._name = words[0][0]
        for name, called in words:
            self.addItem(called, name)
        self.addItem("Folder of weights…", FOLDER)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.activated.connect(self._pick)

    @property
    def name(self) -> str:
        """What is chosen."""
        return self._name

    def show_name(self, name: str) -> None:
        """Show what is chosen; a name that is not listed joins the list, a folder by its last part."""
        self._name = name
        self._list(name)
        self.setCurrentIndex(self.findData(name))

    def showPopup(self) -> None:  # noqa: N802 (Qt's name)
        for name in self._more():
            self._list(name)
        super().showPopup()

    def _list(self, name: str) -> None:
        if self.findData(name) < 0:
            self.insertItem(self.findData(FOLDER), Path(name).name or name, name)

    def _pick(self, row: int) -> None:
        name = str(self.itemData(row))
        if name == FOLDER:
            start = str(Path(self._name).parent) if Path(self._name).is_absolute() else ""
            name = QFileDialog.getExistingDirectory(self, "A folder of weights", start)
        before = self._name
        self.show_name(name or before)
        if name and name != before:
            self.chosen.emit(name)
