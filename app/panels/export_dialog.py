"""What to render or export, as a job: format, camera, time, size, passes. Says beforehand what will come of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import plain
from app.panels.form import Form
from app.panels.number_field import RealField, WholeField
from pipeline.cli.words import command_line
from pipeline.jobs.spec import MAX_SUPERSAMPLING, ExportJob, RenderJob
from pipeline.project.media_codecs import CODECS

SIZES = ((720, 1280), (1080, 1920), (2160, 3840))  # after the camera's own
FORMS = (
    ("h264", "Film: H.264 (.mp4)", ".mp4"), ("h265", "Film: H.265 (.mp4)", ".mp4"),
    ("prores", "Film: ProRes (.mov)", ".mov"), ("vp9", "Film: VP9 (.webm)", ".webm"), ("gif", "Film: GIF", ".gif"),
    ("png", "Frames: PNG", "/"), ("exr", "Frames: EXR, linear light", "/"), ("picture", "Picture: PNG", ".png"),
    ("ply", "Splats: PLY, one moment", ".ply"), ("ply-sequence", "Splats: PLY, one file a frame", "/"),
)  # fmt: skip
SPLATS = ("ply", "ply-sequence")


PATH_IS_FILM = "A camera path is a film; choose another camera for one picture, or a film or frames for the path."


@dataclass(frozen=True)
class Film:
    """The project's camera path: its file, pictures of `size` (height, width) px, their rate and number."""

    camera: str
    size: tuple[int, int]
    fps: float
    n_frames: int


@dataclass(frozen=True)
class Scope:
    """What there is to render: the project's folder, the run, its times, cameras, size (height, width) and rate.

    `film`: the camera path, where one is laid; its `camera` is among the cameras.
    """

    folder: Path
    run: str
    time_range: tuple[float, float]
    time: float
    cameras: tuple[tuple[str, str], ...]
    size: tuple[int, int]
    fps: float
    film: Film | None = None


class ExportDialog(QDialog):
    """`wanted(job)` when a job is to be queued; `copied(str)` a command line."""

    wanted = Signal(object)
    copied = Signal(str)

    def __init__(self, scope: Scope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = scope
        self.setWindowTitle("Render and export")
        self.setMinimumWidth(560)
        self.form, self.camera, self.size_choice = QComboBox(), QComboBox(), QComboBox()
        self.first, self.last, self.fps = RealField(), RealField(), RealField()
        self.wide, self.high, self.supersampling = WholeField(), WholeField(), WholeField()
        self.depth_pass, self.alpha_pass = QCheckBox("Depth"), QCheckBox("Alpha")
        self.transparent = QCheckBox("Transparent background")
        self.out, self.says = QLineEdit(), QLabel()
        self.says.setObjectName("muted")
        self.says.setWordWrap(True)
        self._fill()
        self._lay_out()
        self._camera_changed()
        self._form_changed()

    def job(self) -> RenderJob | ExportJob:
        """The job that the fields describe."""
        form, out, folder = self._form(), self.out.text().strip(), str(self.scope.folder)
        if form in SPLATS:
            return ExportJob(folder, out, form, self.first.value() if form == "ply" else None, self.scope.run)
        single = form == "picture"
        film = self._film() is not None
        time = None if film else (self.first.value(),) if single else (self.first.value(), self.last.value())
        extra = [("depth", self.depth_pass), ("alpha", self.alpha_pass)]
        passes = ("colour", *(name for name, box in extra if box.isChecked()))
        return RenderJob(
            folder, out, str(self.camera.currentData()), time, (self.high.value(), self.wide.value()),
            None if single or film else self.fps.value(), self.scope.run, form if form in CODECS else None,
            "exr" if form == "exr" else "png", passes, self.supersampling.value(),
            self.transparent.isChecked() and self.transparent.isEnabled(),
        )  # fmt: skip

    def show_job(self, job: RenderJob) -> None:
        """Fill the fields with an earlier render's."""
        suffix = Path(job.out).suffix.lower()
        form = job.codec or {".mov": "prores", ".webm": "vp9", ".gif": "gif", ".png": "picture"}.get(suffix, "h264")
        self.form.setCurrentIndex(self.form.findData(form if suffix else job.frames))
        self.camera.setCurrentIndex(max(0, self.camera.findData(job.camera)))
        if job.time:
            self.first.setValue(job.time[0])
            self.last.setValue(job.time[-1])
        if job.size:
            self._set_size(job.size)
        if job.fps:
            self.fps.setValue(job.fps)
        self.depth_pass.setChecked("depth" in job.passes)
        self.alpha_pass.setChecked("alpha" in job.passes)
        self.supersampling.setValue(job.supersampling)
        self.transparent.setChecked(job.transparent)

    def reason(self) -> str:
        """Why it can't be queued, in one sentence; empty when it can."""
        out = self.out.text().strip()
        if not out:
            return "Choose where it goes."
        if self.first.value() > self.last.value() and self.last.isEnabled():
            return "The range ends before it begins."
        if self._film() is not None and self._form() == "picture":
            return PATH_IS_FILM
        ending = self._ending()
        if ending != "/" and Path(out).suffix.lower() != ending:
            return f"This format needs a name that ends in {ending}."
        return ""

    def _form(self) -> str:
        return str(self.form.currentData())

    def _film(self) -> Film | None:
        """The camera path, when it is the camera."""
        film = self.scope.film
        return film if film is not None and self.camera.currentData() == film.camera else None

    def _ending(self) -> str:
        return next(ending for name, _words, ending in FORMS if name == self._form())

    def _fill(self) -> None:
        first, last = self.scope.time_range
        for name, words, _ending in FORMS:
            self.form.addItem(words, name)
        for name, words in self.scope.cameras:
            self.camera.addItem(words, name)
        for box, value in ((self.first, first), (self.last, last)):
            box.setRange(first, last)
            box.setDecimals(2)
            box.setValue(value)
        self.fps.setRange(1, 240)
        self.fps.setDecimals(3)
        self.fps.setValue(self.scope.fps)
        self.size_choice.addItem("", self.scope.size)
        for height, width in SIZES:
            self.size_choice.addItem(f"{width} × {height}", (height, width))
        self.size_choice.addItem("Another size", None)
        for side in (self.wide, self.high):
            side.setRange(16, 16384)
        self.supersampling.setRange(1, MAX_SUPERSAMPLING)
        self.supersampling.setSuffix(" ×")
        for number in (self.first, self.last, self.fps, self.wide, self.high, self.supersampling):
            number.setFixedWidth(84)
        for field, tip in (
            (self.form, "What is written"), (self.camera, "Where it is seen from"),
            (self.first, "First time, in reference frames"), (self.last, "Last time, in reference frames"),
            (self.fps, "Frames a second"), (self.size_choice, "Size of the pictures"), (self.wide, "Width in pixels"),
            (self.high, "Height in pixels"), (self.out, "File or folder"),
            (self.supersampling, "Draws so many times as wide and high and averages: smoother edges, slower"),
            (self.depth_pass, "Distance along the view, beside the colour"), (self.alpha_pass, "What the scene covers"),
            (self.transparent, "Keep alpha in the colour (ProRes, VP9, frames)"),
        ):  # fmt: skip
            field.setToolTip(tip)
            field.setAccessibleName(tip)

    def _set_size(self, size: tuple[int, int]) -> None:
        self.high.setValue(size[0])
        self.wide.setValue(size[1])

    def _lay_out(self) -> None:
        choose = QPushButton("Choose…")
        choose.setToolTip("Choose the file or folder")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._ask)
        form = Form(gaps=(14, 10))
        form.row("&Format", self.form)
        form.row("&Camera", self.camera)
        form.row("&Time", _row(self.first, QLabel("to"), self.last, QLabel("at"), self.fps, QLabel("fps")))
        form.row("&Size", _row(self.size_choice, self.wide, QLabel("×"), self.high))
        form.row("S&upersampling", self.supersampling)
        form.row("&Passes", _row(self.depth_pass, self.alpha_pass, self.transparent))
        form.row("&Into", _row(self.out, choose))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.queue = self.buttons.addButton("Add to the queue", QDialogButtonBox.ButtonRole.AcceptRole)
        self.queue.setObjectName("primary")
        self.copy = self.buttons.addButton("Copy as command line", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("The words that do the same in a terminal")
        plain(self.buttons)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(lambda: self.copied.emit(command_line(self.job())))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(14)
        column.addLayout(form)
        column.addWidget(self.says)
        column.addWidget(self.buttons)
        self.form.currentIndexChanged.connect(self._form_changed)
        self.camera.currentIndexChanged.connect(self._camera_changed)
        self.size_choice.currentIndexChanged.connect(self._size_chosen)
        for box in (self.first, self.last, self.fps, self.wide, self.high, self.supersampling):
            box.valueChanged.connect(self._judge)
        for check in (self.depth_pass, self.alpha_pass, self.transparent):
            check.toggled.connect(self._judge)
        self.out.textChanged.connect(self._judge)

    def _camera_changed(self) -> None:
        """A camera path brings its own size and rate; with other cameras they are the scene's."""
        film = self._film()
        size, fps = (self.scope.size, self.scope.fps) if film is None else (film.size, film.fps)
        self.size_choice.setItemText(0, f"As the {'camera' if film is None else 'path'} ({size[1]} × {size[0]})")
        self.size_choice.setItemData(0, size)
        if self.size_choice.currentIndex() == 0:
            self._set_size(size)
        self.fps.setValue(fps)
        self._allow()
        self._judge()

    def _allow(self) -> None:
        """Which fields count for this format and camera."""
        form = self._form()
        splats, single, path = form in SPLATS, form in ("picture", "ply"), self._film() is not None
        along = path and not splats
        self.last.setEnabled(not single and not splats and not along)
        self.first.setEnabled(form != "ply-sequence" and not along)
        self.fps.setEnabled(not single and not splats and not along)
        why = "The camera path says the time and the rate; change them in Shot" if along else ""
        for field in (self.first, self.last, self.fps):
            field.setToolTip(why or field.accessibleName())

    def _form_changed(self) -> None:
        form = self._form()
        splats, single = form in SPLATS, form in ("picture", "ply")
        self._allow()
        if single:
            self.first.setValue(self.scope.time)
        for field in (
            self.camera,
            self.size_choice,
            self.wide,
            self.high,
            self.supersampling,
            self.depth_pass,
            self.alpha_pass,
        ):
            field.setEnabled(not splats)
        keeps = form in ("png", "exr", "picture") or (form in CODECS and bool(CODECS[form].alpha))
        self.transparent.setEnabled(keeps)
        self.out.setText(str(_free(self.scope.folder / "renders", self._ending())))
        self._judge()

    def _size_chosen(self) -> None:
        size = self.size_choice.currentData()
        if size is not None:
            self._set_size(tuple(size))

    def _judge(self) -> None:
        reason = self.reason()
        self.says.setText(reason or self._summary())
        self.queue.setEnabled(not reason)
        self.queue.setToolTip(reason or "Put it into the queue; it runs when its turn comes (Return)")

    def _summary(self) -> str:
        form = self._form()
        if form in SPLATS:
            return "Splats as 3D Gaussian Splatting stores them, for other programs."
        size = f"{self.wide.value()} × {self.high.value()}"
        if form == "picture":
            return f"One picture of {size}."
        film = self._film()
        if film is not None:
            seconds = film.n_frames / film.fps
            return (
                f"{film.n_frames} frames of {size}, {seconds:.1f} s along the camera path. In full by the rasteriser."
            )
        frames = round((self.last.value() - self.first.value()) * self.fps.value() / self.scope.fps) + 1
        return f"{frames} frames of {size}, {frames / self.fps.value():.1f} s. Rendered in full by the rasteriser."

    def _accept(self) -> None:
        self.wanted.emit(self.job())
        self.accept()

    def _ask(self) -> None:
        ending = self._ending()
        if ending == "/":
            name = QFileDialog.getExistingDirectory(self, "Choose a new or empty folder", self.out.text())
        else:
            name, _ = QFileDialog.getSaveFileName(self, "Choose a file", self.out.text(), f"*{ending}")
        if name:
            self.out.setText(name)


def _free(folder: Path, ending: str) -> Path:
    """A name under `folder` that is not taken."""
    stem, suffix = ("frames", "") if ending == "/" else ("render", ending)
    number = 1
    while (place := folder / f"{stem}_{number}{suffix}").exists():
        number += 1
    return place


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLineEdit | QComboBox) else 0)
    row.addStretch(0)
    holder.setFocusProxy(widgets[0])
    return holder
