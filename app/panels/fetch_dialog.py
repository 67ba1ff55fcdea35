"""Fetching a published video model: its name is looked up, its size and licence are agreed to, then it comes.

Both are the verb `fetch-model` in a child process; nothing goes over the network before a button is pressed, and no
weights before the second one is.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.job_runner import JobRunner
from app.panels.form import Form
from app.panels.path_row import ask_folder, path_row
from app.verb_process import VerbProcess
from pipeline.messages import Failed, Message, StageStarted

LEAD = (
    "Open models lie on the Hugging Face hub, each with a licence of its own. Give a model's name as its page does; "
    "Splatime asks the hub what it consists of, and fetches it once you agree."
)
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
LOOK_MS = 500
CANCELLED = "Stopped; what came so far is kept, and the same fetch goes on from there."
CHANGED = "The model changed on the hub since it was looked up; look it up again."


class FetchDialog(QDialog):
    """`fetched(Path)`: the model lies in this folder now. Closing it stops what is under way."""

    fetched = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fetchModel")
        self.setWindowTitle("Fetch a video model")
        self.setMinimumWidth(600)
        self._offer: dict[str, Any] | None = None
        self.asking, self.runner = VerbProcess(self), JobRunner(self)
        self.name, self.folder = QLineEdit(), QLineEdit()
        self.name.setPlaceholderText("For example Lightricks/LTX-Video")
        self.told, self.says, self.bar = QLabel(), QLabel(), QProgressBar()
        self.look, self.fetch, self.leave = QPushButton("Look it up"), QPushButton("Fetch it"), QPushButton("Close")
        self._suggested = ""
        self._watch = QTimer(self)
        self._watch.setInterval(LOOK_MS)
        self._dress()
        self._lay_out()
        self._connect()
        self._judge()

    # -- what the person does ----------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._offer = None
        self.says.setText("")
        self.asking.ask(["fetch-model", self._repository, f"--out={self._place}"])
        self._judge()

    def _agree(self) -> None:
        words = ["-P", "-m", "main", "fetch-model", self._repository, f"--out={self._place}", "--yes", "--json"]
        self.says.setText("")
        self.runner.start(words)
        self._watch.start()
        self._judge()

    def _stop(self) -> None:
        if self.runner.running:
            self.runner.kill()
        else:
            self.reject()

    # -- what is heard -----------------------------------------------------------------------------------------

    def _offered(self, told: dict[str, Any]) -> None:
        if isinstance(told.get("words"), str) and isinstance(told.get("bytes"), int):
            self._offer = told
        self._judge()

    def _refused(self, sentence: str) -> None:
        self.says.setText(sentence)
        self._judge()

    def _hear(self, message: Message) -> None:
        if isinstance(message, StageStarted) and self._offer is not None and message.name != self._offer["words"]:
            self._offer = None
            self.says.setText(CHANGED)
            self.runner.kill()

    def _ended(self, last: Message) -> None:
        self._watch.stop()
        if isinstance(last, Failed):
            killed = last.kind == "killed" or last.cancelled
            self.says.setText(self.says.text() or (CANCELLED if killed else last.sentence))
            self._judge()
            return
        self.fetched.emit(self._place)
        self.accept()

    def _measure(self) -> None:
        """How much has come: large files grow for minutes, so files that are finished would say too little."""
        total = max(1, int((self._offer or {}).get("bytes", 1)))
        self.bar.setValue(min(1000, 1000 * bytes_in(self._place) // total))
        self.bar.setFormat(f"{bytes_in(self._place) / 2**30:.2f} of {total / 2**30:.2f} GB")

    # -- showing -----------------------------------------------------------------------------------------------

    @property
    def _repository(self) -> str:
        return self.name.text().strip()

    @property
    def _place(self) -> Path:
        return Path(self.folder.text().strip()).expanduser().resolve()

    def _renamed(self) -> None:
        """Another model: what was told of the last one is void, and so is the folder, unless a person chose it."""
        self._offer = None
        if self.folder.text() == self._suggested:
            name = self._repository.rpartition("/")[2]
            models = Path(platformdirs.user_data_path("splatime")) / "models"
            self._suggested = str(models / name) if NAME.fullmatch(self._repository) else ""
            self.folder.setText(self._suggested)
        self._judge()

    def _judge(self) -> None:
        running, named = self.runner.running, bool(NAME.fullmatch(self._repository))
        busy = running or self.asking.running
        reason = ""
        if not named:
            reason = "Give the model's name as its page does: owner/name."
        elif not self.folder.text().strip():
            reason = "Choose a folder for it."
        for field in (self.name, self.folder):
            field.setReadOnly(busy)
        self.look.setEnabled(not reason and not busy)
        self.look.setToolTip(reason or "Ask the hub for its size and licence; nothing else is fetched")
        self.fetch.setEnabled(self._offer is not None and not reason and not busy)
        agree = "Agree to the size and the licence, and fetch it into the folder"
        self.fetch.setToolTip(reason or (agree if self._offer else "Look it up first, to see its size and licence"))
        self.leave.setText("Stop" if running else "Close")
        self.leave.setToolTip("Stop fetching; what came is kept (Esc)" if running else "Close this dialog (Esc)")
        self.bar.setVisible(running)
        asking = "Asking the hub…" if self.asking.running else ""
        self.told.setText(self._offer["words"] if self._offer else asking)
        self.told.setVisible(bool(self.told.text()))
        self.says.setText(self.says.text() or ("" if busy or self._offer else reason))
        if named and self.says.text().startswith("Give the model's name"):
            self.says.setText("")

    def done(self, result: int) -> None:
        """Closed, by whichever way: nothing goes on behind it."""
        self.asking.end()
        self.runner.kill()
        self.runner.shut_down()
        super().done(result)
        self.deleteLater()

    # -- building ----------------------------------------------------------------------------------------------

    def _dress(self) -> None:
        self.fetch.setObjectName("primary")
        self.says.setObjectName("muted")
        self.bar.setRange(0, 1000)
        for label in (self.told, self.says):
            label.setWordWrap(True)
        for field, name in ((self.name, "Model"), (self.folder, "Folder"), (self.bar, "How much has come")):
            field.setAccessibleName(name)
        for button in (self.look, self.fetch, self.leave):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        form = Form()
        form.row("&Model", self.name)
        form.row("&Folder", path_row(self.folder, ask_folder, "Choose a folder for the model"))
        lead = QLabel(LEAD)
        lead.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.look)
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.fetch)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(lead)
        column.addLayout(form)
        for widget in (self.told, self.bar, self.says):
            column.addWidget(widget)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.name.textChanged.connect(self._renamed)
        self.folder.textChanged.connect(self._judge)
        self.name.returnPressed.connect(self.look.click)
        self.look.clicked.connect(self._ask)
        self.fetch.clicked.connect(self._agree)
        self.leave.clicked.connect(self._stop)
        self.asking.answered.connect(self._offered)
        self.asking.failed.connect(self._refused)
        self.runner.message.connect(self._hear)
        self.runner.ended.connect(self._ended)
        self._watch.timeout.connect(self._measure)


def bytes_in(folder: Path) -> int:
    """Of all files in a folder, those that are still coming among them."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it may be renamed at this moment
            total += path.stat().st_size if path.is_file() else 0
    return total
