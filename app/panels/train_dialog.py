"""Training the pixel model from the window: `train-prior` in a child process that goes on where the folder stands.

Stopping keeps a checkpoint and the weights, and so does closing the dialog.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import platformdirs
from PySide6.QtCore import QElapsedTimer, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.job_runner import JobRunner
from app.panels.answer_page import AnswerPage
from app.panels.number_field import WholeField
from app.panels.path_row import ask_folder, path_row
from pipeline.cli.words import PROGRAM
from pipeline.messages import Failed, Finished, Message, Note, Progress

LEAD = (
    "The pixel model makes videos from a prompt, and lifts distil from it. It learns from made-up scenes that are "
    "drawn while it trains. The longer the better: hours on a CPU, an hour on a GPU."
)
SIZES = (
    ("Small: for a laptop", "small"),
    ("Medium: for a GPU", "medium"),
    ("The paper's", "paper"),
    ("Toy: to try", "toy"),
)
STAGES = (("Videos", "base"), ("The upsampler of its videos", "upsampler"))
DEVICES = (("The best there is", "auto"), ("CPU", "cpu"), ("GPU", "cuda"))
PATIENCE_MS = 180_000  # after a stop the step at hand ends, and the model is measured on videos it has not seen
MOST_MINUTES = 100_000


class TrainPage(AnswerPage):
    """`changed`: it runs now, or does not any more."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(LEAD, "Train", "Train into the folder; what is there is gone on with")
        self.runner, self._clock = JobRunner(self, PATIENCE_MS), QElapsedTimer()
        self.folder, self.model, self.stage, self.device = QLineEdit(), QComboBox(), QComboBox(), QComboBox()
        for box, rows in ((self.model, SIZES), (self.stage, STAGES), (self.device, DEVICES)):
            for words, value in rows:
                box.addItem(words, value)
        self.minutes, self.workers, self.bar = WholeField(), WholeField(), QProgressBar()
        self.minutes.setRange(1, MOST_MINUTES)
        self.minutes.setValue(120)
        self.minutes.setSuffix(" min")
        self.workers.setRange(0, 64)
        self.workers.setValue(1)
        self.workers.setToolTip("Processes that draw scenes to learn from, besides the one that learns")
        self.folder.setText(str(Path(platformdirs.user_data_path("splatime")) / "models" / "pixel"))
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How much of the time is over")
        self.bar.setMinimumHeight(8)
        room = self.bar.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(room)
        self.bar.hide()
        self.rows((
            ("&Folder", path_row(self.folder, ask_folder, "Choose a folder for its weights and checkpoint")),
            ("&Model", self.model), ("&Part", self.stage), ("&Time", self.minutes), ("&Device", self.device),
            ("Pr&ocesses", self.workers), ("", self.bar),
        ))  # fmt: skip
        for box in (self.model, self.stage, self.device):
            box.currentIndexChanged.connect(self.judge)
        self.folder.textChanged.connect(self.judge)
        self.runner.message.connect(self._hear)
        self.runner.ended.connect(self._ended)
        self.judge()

    def words(self) -> list[str]:
        """The verb and what it is told."""
        place = self._place
        words = ["train-prior", f"--out={place}", f"--config={self.model.currentData()}"]
        words += [f"--stage={self.stage.currentData()}", f"--minutes={self.minutes.value()}"]
        words += [f"--workers={self.workers.value()}", f"--device={self.device.currentData()}"]
        return [*words, "--resume"] if self._begun else words

    def reason(self) -> str:
        if self.runner.running:
            return "It trains; a stop keeps what it has learnt."
        return "" if self.folder.text().strip() else "Choose a folder for it."

    def do(self) -> None:
        self.runner.start(["-P", "-m", "main", *self.words(), "--attended", "--json"])
        self.bar.setRange(0, 0)  # scenes are drawn first
        self.judge()
        self.says.setText("Drawing the first scenes to learn from…")
        self.changed.emit()

    def command(self) -> str:
        return shlex.join([PROGRAM, *self.words()])

    def judge(self, *_: object) -> None:
        super().judge()
        running = self.runner.running
        for field in (self.folder, self.model, self.stage, self.minutes, self.device, self.workers):
            field.setEnabled(not running)
        self.bar.setVisible(running)
        if not self.reason() and self._begun:
            self.says.setText("Training was begun in this folder; it goes on from there.")

    @property
    def _place(self) -> Path:
        return Path(self.folder.text().strip()).expanduser().resolve()

    @property
    def _begun(self) -> bool:
        return bool(self.folder.text().strip()) and (self._place / f"{self.stage.currentData()}.pt").is_file()

    def _hear(self, message: Message) -> None:
        if isinstance(message, Note):
            self.says.setText(f"{message.text[:1].upper()}{message.text[1:]}…")
        elif isinstance(message, Progress):
            if self.bar.maximum() == 0:
                self.bar.setRange(0, 60 * self.minutes.value())
                self._clock.start()
            self.bar.setValue(min(self.bar.maximum(), self._clock.elapsed() // 1000))
            self.says.setText(
                f"Step {message.step}, loss {message.loss or 0.0:.4f}, {message.per_second or 0.0:.2f} steps a second."
            )

    def _ended(self, last: Message) -> None:
        self.judge()
        if isinstance(last, Failed):
            self.says.setText(last.sentence)
        elif isinstance(last, Finished):
            self.says.setText(f"Trained for {last.summary['steps']} steps; its weights lie in {self._place}.")
        self.changed.emit()


class TrainDialog(QDialog):
    """Closing it stops the training first, which keeps what it has learnt. `copied(str)`: a command line."""

    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trainModel")
        self.setWindowTitle("Train the pixel model")
        self.setMinimumWidth(620)
        self.page, self.leave = TrainPage(), QPushButton()
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self._leave)
        self.page.buttons.insertWidget(self.page.buttons.count() - 1, self.leave)
        self.page.changed.connect(self._judge)
        self.page.copied.connect(self.copied)
        self._closing = False
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 4)
        column.addWidget(self.page)
        self._judge()
        self.page.start.setFocus()

    def _leave(self) -> None:
        if self.page.runner.running:
            self.leave.setEnabled(False)
            self.page.says.setText("Stopping after the step at hand…")
            self.page.runner.stop()
        else:
            self.reject()

    def reject(self) -> None:
        if self.page.runner.running:
            self._closing = True
            self._leave()
        else:
            super().reject()

    def _judge(self) -> None:
        running = self.page.runner.running
        if self._closing and not running:
            self.reject()
            return
        self.leave.setEnabled(True)
        self.leave.setText("Stop" if running else "Close")
        self.leave.setToolTip("End after the step at hand, with its weights" if running else "Close this dialog (Esc)")

    def done(self, result: int) -> None:
        """Closed, by whichever way: nothing goes on behind it."""
        self.page.runner.kill()
        super().done(result)
        self.deleteLater()
