"""Not a test: takes pictures of the window for eyes and README, at two sizes, dark and light, as small PNG files;
and of its dialogs. QT_SCALE_FACTOR=1.25 and so on in front for dense screens.

xvfb-run -a -s "-screen 0 1920x1080x24" .venv/bin/python -m tests.app.looks OUT_FOLDER [PROJECT]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDialog, QTabWidget

from app.dialogs import ask_recovery
from app.main import make_application
from app.main_window import MainWindow
from app.panels.doctor import DoctorDialog
from app.panels.lift_dialog import LiftDialog
from app.takes_model import ENTRY
from app.theme import load_theme
from pipeline.project.project import Project
from pipeline.project.project_file import save
from tests.renderer.gl.synthetic import synthetic_snapshot

SIZES = ((1280, 800), (1920, 1080))
DIALOGS = (
    "lift",
    "export",
    "preferences",
    "measure",
    "doctor",
    "fetch_model",
    "train_model",
    "about",
    "palette",
    "keys",
)


def spin(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def settle(window: MainWindow) -> None:
    """Wait for the picture at rest in full size."""
    spin(800)  # the rest begins a moment after the last change; a picture of before may have the same size
    for _ in range(600):
        spin(100)
        camera = window.viewport.view_camera()
        if camera is not None and window.viewport.backend.grab().height() == camera.size[0]:
            break
    spin(400)


def read(window: MainWindow) -> None:
    """Wait for the pixels of all takes, and for what they are worth."""
    store, takes, model = window.curation.store, window.document.project.takes, window.curation.gallery.list.model()
    for _ in range(900):
        spin(100)
        judged = all(model.index(row, 0).data(ENTRY).check is not None for row in range(model.rowCount()))
        if judged and all(store.strip(take.clip) is not None and store.full(take.clip) is not None for take in takes):
            break
    spin(1500)


def fill(window: MainWindow) -> None:
    """Wait for the cells of the grid that are seen; they begin once the view rests."""
    cells = window.looking.cells
    for _ in range(900):
        spin(200)
        if cells.complete:
            break
    spin(300)


def lay(window: MainWindow) -> None:
    """A camera path to look at, seen from beside and behind; the caller takes it back by an undo."""
    window.view.reset()
    window.shooting.lay("bullet time")
    window.shooting.state.let_go()
    window.view.reset()
    window.view.turn(0.6, 0.3)
    window.view.dolly(1.7)
    height, width = camera.size if (camera := window.view.camera) else (0, 0)
    window.view.pan(-0.1 * width, -0.12 * height)
    window.shooting.state.selected = 2
    window.shooting.panel.refresh()
    window.shooting.refresh()


def dialogs(window: MainWindow, folder: Path, theme: str) -> None:
    """Every dialog of a command, each page of it, and the question after a crash."""
    openers: dict[str, Callable[[], object]] = {name: window.commands[name].trigger for name in DIALOGS}
    told = ["The freeze-time take is trimmed to frames 2 to 20", "A camera key is added"]
    openers["recovery"] = lambda: ask_recovery(window, told, lambda _back: None)
    for name, opener in openers.items():
        opener()
        spin(1000)
        for dialog in [found for found in window.findChildren(QDialog) if found.isVisible()]:
            if isinstance(dialog, DoctorDialog):
                spin(20_000)  # libraries are really loaded
            tabs = dialog.findChild(QTabWidget)
            for page in range(1 if tabs is None else tabs.count()):
                if tabs is not None:
                    tabs.setCurrentIndex(page)
                    spin(200)
                dialog.grab().save(str(folder / f"dialog_{name}{page or ''}_{theme}.png"))
            dialog.reject()
        spin(100)


def look(folder: Path, project: Path, theme: str, size: tuple[int, int]) -> None:
    """The first screen, the new project dialog, then every workspace from a freeze-time camera, mid-motion."""
    with tempfile.TemporaryDirectory() as scratch:
        window = MainWindow(Path(scratch) / "settings.json")
        window.resize(*size)
        window.desk.dress(theme)
        window.show()
        name = f"{theme}_{size[0]}x{size[1]}"
        spin(300)
        window.grab().save(str(folder / f"first_{name}.png"))
        window.arrivals.ask_lift()
        spin(200)
        dialog = window.findChild(LiftDialog)
        if dialog is not None:
            dialog.grab().save(str(folder / f"dialog_{name}.png"))
            dialog.reject()
        window.open_project(project)
        while window.view.snapshot is None:
            spin(50)
        spin(1500)  # until it is known that the lift has ended, which is then put away
        window.progress.dismiss.click()
        window.curation.review.show(window.document.project.takes[-1])
        frames = window.view.freeze_frames
        window.view.go_to(frames[len(frames) // 4])
        first, last = window.view.time_range
        window.view.set_time(round(first + 0.6 * (last - first), 1))
        for workspace in ("curate", "poses", "lift", "shot"):
            window.workspaces.go_to(workspace)
            if workspace == "poses":
                shared = window.looking.cells.plan.shared_time
                window.view.set_time(window.view.time if shared is None else shared)
            if workspace == "shot":
                lay(window)
            read(window) if workspace == "curate" else settle(window)
            if workspace == "poses":
                fill(window)
            window.grab().save(str(folder / f"{workspace}_{name}.png"))
        if size == SIZES[0]:
            dialogs(window, folder, theme)
        window.document.undo_stack.undo()
        window.close()
        window.deleteLater()
        spin(50)


def shrink(path: Path) -> None:
    """A palette of few colours, the themes' own among them: a third of the bytes, and the window keeps its colours."""
    colours = [QColor(colour) for theme in ("dark", "light") for _, colour in load_theme(theme).colours]
    named = sorted({(colour.red(), colour.green(), colour.blue()) for colour in colours})
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
    count = 256 if rgb.width <= SIZES[0][0] else 128
    few = rgb.quantize(count - len(named), dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in named for value in colour] + (few.getpalette() or []))
    rgb.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    make_application()
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "ball"
        project = Path(sys.argv[2]) if len(sys.argv) > 2 else made
        if project == made:
            save(made, Project())
            synthetic_snapshot(40_000).save(made / "runs" / "made_up" / "snapshot.safetensors")
        for theme in ("dark", "light"):
            for size in SIZES:
                look(out, project, theme, size)
    for path in out.glob("*.png"):
        shrink(path)


if __name__ == "__main__":
    main()
