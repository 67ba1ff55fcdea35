"""What this machine has and lacks for Splatime: one finding a line, each tried rather than looked up.

pycolmap and torch are imported in child processes: pycolmap must never share a process with the image
libraries, and a broken install of either can take the process that imports it down.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from renderer.errors import Refusal

CHILD_SECONDS = 120
LOW_DISK = 2 << 30

_TORCH = (
    "import torch; gpu = torch.cuda.is_available();"
    "print(torch.__version__, '|', torch.cuda.get_device_name(0) if gpu else '', '|', torch.get_num_threads())"
)
_COLMAP = "import pycolmap; print(pycolmap.__version__)"
_NUMBA = (
    "import numba, numpy as np\n"
    "@numba.njit(parallel=True)\n"
    "def total(x):\n"
    "    s = 0.0\n"
    "    for i in numba.prange(x.size): s += x[i]\n"
    "    return s\n"
    "assert total(np.ones(64)) == 64.0\n"
    "print(numba.__version__, '|', numba.threading_layer(), '|', numba.get_num_threads())"
)
_CODECS = (
    "import av\n"
    "missing = [n for n in ('libx264', 'ffv1') if not (n in av.codecs_available and av.Codec(n, 'w').name)]\n"
    "print(av.__version__, '|', ','.join(missing))"
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `state` is good, note (works without, or slower) or bad (Splatime cannot work so)."""

    name: str
    state: str
    text: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything; takes some seconds, because libraries are really loaded."""
    looks: tuple[Callable[[], list[Finding]], ...] = (
        _python, _torch, _gsplat, _colmap, _numba, _codecs, _providers, _display, _disk,
    )  # fmt: skip
    return [finding for look in looks for finding in look()]


def _python() -> list[Finding]:
    good = sys.version_info >= (3, 11)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {cores} cores"
    return [Finding("python", "good" if good else "bad", text if good else f"{text}; 3.11 or newer is needed")]


def _torch() -> list[Finding]:
    found = _child(_TORCH)
    if found is None:
        return [Finding("torch", "bad", "cannot be imported; run make install")]
    number, gpu, threads = (part.strip() for part in found.split("|"))
    cuda = (
        Finding("cuda", "good", gpu)
        if gpu
        else Finding("cuda", "note", "no GPU that torch can use; lifts run on the CPU")
    )
    return [Finding("torch", "good", f"{number}, {threads} threads"), cuda]


def _gsplat() -> list[Finding]:
    try:
        return [Finding("gsplat", "good", f"{version('gsplat')} (used on CUDA only)")]
    except PackageNotFoundError:
        return [Finding("gsplat", "note", "not installed; it is needed on CUDA only")]


def _colmap() -> list[Finding]:
    found = _child(_COLMAP)
    if found is None:
        return [Finding("pycolmap", "bad", "cannot be imported, so no cameras can be solved; run make install")]
    return [Finding("pycolmap", "good", found)]


def _numba() -> list[Finding]:
    found = _child(_NUMBA)
    if found is None:
        return [Finding("numba", "bad", "no omp or tbb threads; install libgomp1 (Debian, Ubuntu) or the package tbb")]
    number, layer, threads = (part.strip() for part in found.split("|"))
    return [Finding("numba", "good", f"{number}, threading layer {layer}, {threads} threads")]


def _codecs() -> list[Finding]:
    found = _child(_CODECS)
    if found is None:
        return [Finding("codecs", "bad", "av cannot be imported, so no video can be read; run make install")]
    number, missing = (part.strip() for part in found.split("|"))
    if missing:
        return [Finding("codecs", "bad", f"av {number} cannot write {missing}; install av from its wheel")]
    return [Finding("codecs", "good", f"av {number}: H.264 and FFV1")]


def _providers() -> list[Finding]:
    """What makes videos here; one that lacks a package, or a model, says so."""
    from pipeline.generate.registry import adjusted, find, rows

    findings = []
    for row in rows():
        try:
            ability = adjusted(find(row.name), {}).ability
        except Refusal as refusal:
            findings.append(Finding(f"provider {row.name}", "note", str(refusal)))
            continue
        if ability.needs:
            findings.append(Finding(f"provider {row.name}", "note", ability.needs))
        else:
            kinds = ", ".join(kind.replace("_", "-") for kind in ability.kinds)
            findings.append(Finding(f"provider {row.name}", "good", f"{ability.title}: {kinds}"))
    return findings


def _display() -> list[Finding]:
    if importlib.util.find_spec("PySide6") is None:
        return [Finding("window", "bad", "PySide6 is not installed; run make install")]
    native = platform.system() in ("Darwin", "Windows")
    if not (native or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return [Finding("window", "note", "no display here; the verbs work without one")]
    missing = [name for name in ("libEGL.so.1", "libGL.so.1", "libxcb-cursor.so.0") if not (native or _loads(name))]
    if missing:
        return [Finding("window", "bad", f"{', '.join(missing)} cannot be loaded; run make install")]
    return [Finding("window", "good", f"PySide6 {version('PySide6_Essentials')}, OpenGL library loads")]


def _disk() -> list[Finding]:
    findings = []
    for name, folder in (("disk here", Path.cwd()), ("disk for scratch files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        text = f"{free / 2**30:.1f} GB free"
        findings.append(Finding(name, "good" if free > LOW_DISK else "note", text))
    return findings


def _loads(library: str) -> bool:
    return _child(f"import ctypes; ctypes.CDLL({library!r}); print('yes')") is not None


def _child(code: str) -> str | None:
    """What a child process prints, or None when it fails, crashes or hangs."""
    environment = {"NUMBA_THREADING_LAYER_PRIORITY": "tbb omp workqueue", "NUMBA_THREADING_LAYER": "threadsafe"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],
            capture_output=True, text=True, timeout=CHILD_SECONDS, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
