"""Asks for a new project: two videos, a folder, a preset; lift at once, or bring them in and curate first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.dialogs import plain
from app.panels.path_row import ask_video, path_row
from pipeline.jobs.spec import VideosJob
from pipeline.project.project import LiftSettings
from pipeline.project.project_file import is_project

PRESETS = (("draft", "Draft: minutes on two cores"), ("standard", "Standard: a quarter of an hour"),
           ("paper", "Paper: the paper's schedule; needs a GPU"))  # fmt: skip
DEVICES = (("auto", "Automatic"), ("cpu", "CPU"), ("cuda", "GPU (CUDA)"))


@dataclass(frozen=True)
class LiftWish:
    """What was asked for."""

    reference: Path
    freeze_time: Path
    out: Path
    preset: str
    lift: bool = True

    def job(self) -> VideosJob:
        """The job that does it; in a project that is there already it goes on from its checkpoint."""
        videos = str(self.reference), str(self.freeze_time)
        return VideosJob(str(self.out), *videos, LiftSettings(self.preset), resume=is_project(self.out))


def reason_against(reference: str, freeze_time: str, out: str) -> str:
    """Why a lift can't start, in one sentence; empty when it can."""
    for text, name in ((reference, "reference video"), (freeze_time, "freeze-time video")):
        if not text.strip():
            return f"Choose the {name}."
        if not Path(text).expanduser().exists():
            return f"The {name} {Path(text).name} does not exist."
    if not out.strip():
        return "Choose a folder for the project."
    folder = Path(out).expanduser()
    if folder.is_file() or not _parent(folder).is_dir():
        return "The project folder can't be there; choose another place."
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "project.json").is_file():
        return "That folder holds something else; choose a new or an empty one."
    return ""


class LiftDialog(QDialog):
    """`wish` is what was asked for, once accepted."""

    def __init__(
        self, reference: str = "", freeze_time: str = "", out: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project from two videos")
        self.setMinimumWidth(640)
        self.reference, self.freeze_time, self.out = QLineEdit(reference), QLineEdit(freeze_time), QLineEdit(out)
        self.reference.setPlaceholderText("The video that moves, from a camera that stands still")
        self.freeze_time.setPlaceholderText("The video in which time stands still and the camera moves")
        self.out.setPlaceholderText("A new folder for the project")
        self.preset = QComboBox()
        for name, words in PRESETS:
            self.preset.addItem(words, name)
        self.reason = QLabel()
        self.reason.setObjectName("muted")
        self.reason.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.curate = self.buttons.addButton("Curate first", QDialogButtonBox.ButtonRole.ActionRole)
        self.curate.setAutoDefault(False)
        self.curate.clicked.connect(self._accept_to_curate)
        self._lift = True
        self.start = self.buttons.addButton("Start the lift", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setObjectName("primary")
        plain(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QGridLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        for row, (words, field) in enumerate((
            ("&Reference", path_row(self.reference, self._ask_video, "Choose the reference video")),
            ("&Freeze-time", path_row(self.freeze_time, self._ask_video, "Choose the freeze-time video")),
            ("&Project folder", path_row(self.out, self._ask_folder, "Choose where the project goes")),
            ("Pre&set", self.preset),
        )):  # fmt: skip
            label = QLabel(words)
            label.setBuddy(field)
            form.addWidget(label, row, 0)
            form.addWidget(field, row, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 20, 20, 16)
        whole.setSpacing(14)
        whole.addLayout(form)
        whole.addWidget(self.reason)
        whole.addWidget(self.buttons)
        for field in (self.reference, self.freeze_time, self.out):
            field.textChanged.connect(self._judge)
        self._suggest_folder()
        self._judge()

    @property
    def wish(self) -> LiftWish:
        """What the fields say."""
        fields = self.reference, self.freeze_time, self.out
        reference, freeze_time, out = (Path(field.text().strip()).expanduser().resolve() for field in fields)
        return LiftWish(reference, freeze_time, out, str(self.preset.currentData()), self._lift)

    def _accept_to_curate(self) -> None:
        self._lift = False
        self.accept()

    def _judge(self) -> None:
        reason = reason_against(self.reference.text(), self.freeze_time.text(), self.out.text())
        self.reason.setText(reason or "The scene appears in the window as it grows.")
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or "Bring the videos in and lift them at once")
        self.curate.setEnabled(not reason)
        self.curate.setToolTip(reason or "Bring the videos in, to trim them and to drop frames before the lift")

    def _suggest_folder(self) -> None:
        source = Path(self.reference.text())
        if self.reference.text() and not self.out.text():
            folder = source.parent / f"{source.stem}_project"
            number = 2
            while folder.exists():
                folder = source.parent / f"{source.stem}_project_{number}"
                number += 1
            self.out.setText(str(folder))

    def _ask_video(self, field: QLineEdit) -> None:
        ask_video(field)
        self._suggest_folder()

    def _ask_folder(self, field: QLineEdit) -> None:
        name = QFileDialog.getExistingDirectory(self, "Choose an empty folder", field.text())
        if name:
            field.setText(name)


def _parent(folder: Path) -> Path:
    parent = folder.absolute().parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    return parent
