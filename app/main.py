"""Starts the window: attributes that must precede QApplication, looks, qasync's loop, and the project.

Nothing heavy is imported here or below: no torch, no numba, and vispy only where OpenGL draws the picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from renderer.errors import Refusal


def run_window(project: Path | None = None) -> int:
    """Show the window until it is closed, with `project` open; the exit code.

    Raises `Refusal` where there is no display. A folder that is no project is said in the window.
    """
    app = make_application()
    os.environ.setdefault("QT_API", "pyside6")
    import qasync

    from app.errors import install
    from app.main_window import MainWindow
    from app.settings import settings_file

    with qasync.QEventLoop(app) as loop:
        asyncio.set_event_loop(loop)
        window = MainWindow(settings_file())
        window.desk.dress(window.desk.settings.theme)
        window.show()
        undo = install(window)
        if project is not None:
            QTimer.singleShot(0, window, lambda: window.open_project(project))
        closed = asyncio.Event()
        app.lastWindowClosed.connect(closed.set)
        with _interrupts(window.close):
            loop.run_until_complete(closed.wait())
        undo()
        window.deleteLater()
    return 0


def make_application() -> QApplication:
    """The one QApplication, set up as vispy, HiDPI and the desktop want it."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    headless = os.environ.get("QT_QPA_PLATFORM") or sys.platform in ("win32", "darwin")
    if not headless and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise Refusal("There is no display for the window; use the verbs (splatime --help) or start an X server.")
    # Without shared contexts a canvas that is moved to another top level widget goes blank.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication([sys.argv[0] if sys.argv else "splatime"])
    app.setApplicationName("Splatime")
    app.setApplicationDisplayName("Splatime")
    app.setDesktopFileName("splatime")
    from app.theme import app_icon

    app.setWindowIcon(app_icon())
    return app


@contextlib.contextmanager
def _interrupts(close: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C in the terminal closes the window like its own button."""
    before = signal.signal(signal.SIGINT, lambda *_: close() and None)
    # Python looks at signals only while it runs; an idle Qt loop would never let it.
    pulse = QTimer(interval=300)
    pulse.timeout.connect(lambda: None)
    pulse.start()
    try:
        yield
    finally:
        pulse.stop()
        signal.signal(signal.SIGINT, before)
