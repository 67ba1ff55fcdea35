"""The runs of a project, finished or not: pick one to look at, two to compare in the same view, fork one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from pipeline.jobs.run_names import all_runs
from pipeline.jobs.spec import RUNS, SNAPSHOT
from pipeline.project.project import LiftSettings, Project

WITHOUT_WORDS = {
    "per-frame-deformation": "No per-frame deformation",
    "small-motion": "No small-motion loss",
    "multi-view-sds": "No multi-view distillation",
    "joint-sds": "No joint distillation",
    "freeze-time": "No freeze-time video",
    "camera-fine-tuning": "No camera fine-tuning",
    "new-splats": "No growth of new splats",
}


@dataclass(frozen=True)
class RunRow:
    """A run as it is listed; `settings` is None where its spec can't be read."""

    folder: Path
    settings: LiftSettings | None
    finished: bool
    psnr: float | None = None
    splats: int | None = None

    def title(self) -> str:
        """Its settings in words."""
        return self.folder.name if self.settings is None else run_words(self.settings)

    def facts(self) -> str:
        """How far it came and what it measures on its own frames."""
        parts = ["finished" if self.finished else "not finished"]
        parts += [] if self.psnr is None else [f"{self.psnr:.1f} dB"]
        parts += [] if self.splats is None else [f"{self.splats:,} splats"]
        return " · ".join(parts)


def runs_of(project: Project, folder: Path | None) -> tuple[RunRow, ...]:
    """Every run that has a picture: the finished ones of the library, then those that stopped on the way."""
    if folder is None:
        return ()
    rows = []
    for run in project.runs:
        psnr, splats = run.figures.get("psnr"), run.figures.get("splats")
        fit = float(psnr) if isinstance(psnr, int | float) else None
        rows.append(
            RunRow(folder / RUNS / run.id, run.settings, True, fit, splats if isinstance(splats, int) else None)
        )
    known = {run.id for run in project.runs}
    rows += [RunRow(path, settings, False) for path, settings in all_runs(folder) if path.name not in known]
    return tuple(row for row in rows if (row.folder / SNAPSHOT).is_file())


def run_words(settings: LiftSettings) -> str:
    """A run's settings in a few words."""
    parts = [settings.preset.capitalize()]
    parts += [f"seed {settings.seed}"] if settings.seed else []
    parts += [WITHOUT_WORDS[name].lower() for name in settings.without]
    parts += [f"prior {Path(settings.prior).name}"] if settings.prior != "auto" else []
    parts += [f"upsampler {Path(settings.upsampler).name}"] if settings.upsampler != "none" else []
    return ", ".join(parts)


class RunList(QWidget):
    """`picked(Path)` is a run's folder to look at. `pair` holds A and B while two are chosen."""

    picked = Signal(object)
    selection_changed = Signal()

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[RunRow, ...] = ()
        self.list = QListWidget()
        self.list.setObjectName("runs")
        self.list.setAccessibleName("Runs of this project")
        self.list.setToolTip("Click a run to look at it; Ctrl+click a second one to compare them")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self.list.itemSelectionChanged.connect(self.selection_changed)
        self.swap, self.fork = QPushButton("A / B"), QPushButton("Fork…")
        for button, name in ((self.swap, "swap_runs"), (self.fork, "fork_run")):
            action = actions[name]
            button.clicked.connect(action.trigger)
            action.changed.connect(lambda button=button, action=action: _follow(button, action))
            _follow(button, action)
        self.title = QLabel("Runs")
        self.title.setObjectName("cardTitle")
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.swap)
        head.addWidget(self.fork)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addLayout(head)
        column.addWidget(self.list)
        self.hide()

    def show_runs(self, rows: Sequence[RunRow], shown: Path | None) -> None:
        """List them; `shown` is the one in the view."""
        chosen = {row.folder for row in self.chosen()}
        if tuple(rows) != self.rows:
            self.rows = tuple(rows)
            self.list.blockSignals(True)
            self.list.clear()
            for row in self.rows:
                item = QListWidgetItem(f"{row.title()}\n{row.facts()}")
                item.setData(Qt.ItemDataRole.UserRole, str(row.folder))
                self.list.addItem(item)
                item.setSelected(row.folder in chosen)
            self.list.blockSignals(False)
            self.list.setFixedHeight(min(5, max(1, len(self.rows))) * 48 + 8)
        for index, row in enumerate(self.rows):
            font = self.list.item(index).font()
            font.setBold(row.folder == shown)
            self.list.item(index).setFont(font)
        self.setVisible(bool(self.rows))

    def chosen(self) -> tuple[RunRow, ...]:
        """The selected rows, from the top."""
        return tuple(row for index, row in enumerate(self.rows) if self.list.item(index).isSelected())

    def _clicked(self, item: QListWidgetItem) -> None:
        self.picked.emit(Path(str(item.data(Qt.ItemDataRole.UserRole))))


def _follow(button: QPushButton, action: QAction) -> None:
    button.setEnabled(action.isEnabled())
    button.setToolTip(action.toolTip())
