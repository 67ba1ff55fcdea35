"""How the window starts a child of its own: the same Python, the same installation, polite threads."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QProcessEnvironment


def python() -> str:
    """The interpreter that runs this program."""
    return sys.executable


def environment() -> QProcessEnvironment:
    """A child's surroundings: it finds this very installation, whatever folder it starts in."""
    made = QProcessEnvironment.systemEnvironment()
    root = str(Path(__file__).resolve().parents[1])
    rest = made.value("PYTHONPATH", "")
    made.insert("PYTHONPATH", root + (os.pathsep + rest if rest else ""))
    made.insert("PYTHONUNBUFFERED", "1")
    made.insert("NUMBA_THREADING_LAYER", "omp")
    made.insert("OMP_WAIT_POLICY", "PASSIVE")
    return made
