"""Ablate: what each part of the method is worth, as a job of the queue; its table and sheet are read back here."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLineEdit, QWidget

from app.panels.answer_page import AnswerPage
from app.panels.lift_dialog import DEVICES, PRESETS
from app.panels.model_choice import PRIORS, ModelChoice
from app.panels.number_field import WholeField
from app.panels.path_row import ask_folder, ask_video, path_row
from app.panels.run_list import WITHOUT_WORDS
from pipeline.cli.words import command_line
from pipeline.generate import priors
from pipeline.jobs.ablation_report import TABLE
from pipeline.jobs.spec import ABLATIONS_FOLDER, AblationJob
from pipeline.project.project import ABLATIONS

LEAD = (
    "Lifts a scene as a whole and then with one part left out after the other, and measures them all. It runs in the "
    "queue; the table grows with every arm."
)
MAX_BYTES = 1 << 20
MAX_SEEDS = 16


class AblatePage(AnswerPage):
    """`wanted(AblationJob)` is to be queued. `unready`: why nothing can be queued, or empty."""

    wanted = Signal(object)

    def __init__(self, project: Path, unready: str) -> None:
        super().__init__(LEAD, "Queue it", "Put it into the queue")
        self._project, self._unready = project, unready
        self.scene, self.freeze_time = QLineEdit(), QLineEdit()
        self.preset, self.device, self.seeds = QComboBox(), QComboBox(), WholeField()
        self.prior = ModelChoice(PRIORS, priors.names)
        self.scene.setPlaceholderText("A folder with scene.json and held_out.mp4; empty: the sample with faults")
        self.freeze_time.setPlaceholderText("Optional: another freeze-time video; its frame k is camera k of the scene")
        for box, words in ((self.preset, PRESETS), (self.device, DEVICES)):
            for name, called in words:
                box.addItem(called, name)
        self.preset.setToolTip("How long and how fine each arm is lifted")
        self.device.setToolTip("What it is computed on")
        self.prior.setToolTip("The video model that score distillation asks; without one its two arms are left out")
        self.seeds.setRange(1, MAX_SEEDS)
        self.seeds.setToolTip("Every arm is lifted so many times, with other seeds")
        self.arms = {name: QCheckBox(WITHOUT_WORDS[name]) for name in ABLATIONS}
        self.tables = QComboBox()
        self.tables.setToolTip("An ablation of this project")
        self.rows((
            ("&Scene", path_row(self.scene, ask_folder, "Choose the scene folder")),
            ("&Freeze-time", path_row(self.freeze_time, ask_video, "Choose the freeze-time video")),
            ("&Preset", self.preset), ("S&eeds", self.seeds), ("&Device", self.device), ("Pr&ior", self.prior),
            ("Arms", self._arms()), ("&Results", self.tables),
        ))  # fmt: skip
        self.tables.activated.connect(self._show_table)
        for field in (self.scene, self.freeze_time):
            field.textChanged.connect(self.judge)
        for arm in self.arms.values():
            arm.toggled.connect(self.judge)
        self.refresh()
        self.judge()

    def refresh(self) -> None:
        """Look for tables again; the newest is shown."""
        found = sorted((self._project / ABLATIONS_FOLDER).glob(f"*/{TABLE}"), key=_age)
        self.tables.clear()
        for table in found:
            self.tables.addItem(table.parent.name, str(table))
        self.form.setRowVisible(self.tables, bool(found))
        self._show_table()

    def job(self) -> AblationJob:
        """The job that the fields describe, in the project."""
        chosen = tuple(name for name, box in self.arms.items() if box.isChecked())
        arms = () if len(chosen) == len(ABLATIONS) else chosen
        wish = AblationJob(
            "", _whole(self.scene), arms, str(self.preset.currentData()), self.seeds.value(),
            str(self.device.currentData()), _whole(self.freeze_time), self.prior.name,
        )  # fmt: skip
        return wish.within(self._project)

    def reason(self) -> str:
        scene = self.scene.text().strip()
        if self._unready:
            return self._unready
        if scene and not (Path(scene).expanduser() / "scene.json").is_file():
            return f"There is no scene.json in {Path(scene).name}; choose a scene folder."
        video = self.freeze_time.text().strip()
        if video and not Path(video).expanduser().is_file():
            return f"There is no video {Path(video).name}; choose the freeze-time video, or leave it empty."
        return "" if any(box.isChecked() for box in self.arms.values()) else "Choose an arm, a part to leave out."

    def do(self) -> None:
        self.wanted.emit(self.job())
        self.says.setText("Queued; its table appears under Results when the first arm is done.")

    def command(self) -> str:
        return command_line(self.job())

    def _arms(self) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        for index, box in enumerate(self.arms.values()):
            box.setChecked(True)
            box.setToolTip("Lift once without this part")
            grid.addWidget(box, index // 2, index % 2)
        return holder

    def _show_table(self) -> None:
        place = Path(str(self.tables.currentData() or ""))
        with contextlib.suppress(OSError):
            if place.is_file() and place.stat().st_size <= MAX_BYTES:
                self.result.setSearchPaths([str(place.parent)])
                self.show_text(place.read_text(encoding="utf-8", errors="replace"), markdown=True)


def _whole(field: QLineEdit) -> str | None:
    text = field.text().strip()
    return str(Path(text).expanduser().resolve()) if text else None


def _age(path: Path) -> float:
    """Newest first; a file that vanished meanwhile comes last."""
    with contextlib.suppress(OSError):
        return -path.stat().st_mtime
    return 0.0
