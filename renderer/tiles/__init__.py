"""The CPU tile rasteriser: numba kernels, threads and SIMD, no torch (house.md, "Threads and kernels").

Importing this package settles where compiled kernels are kept and which threading layer runs them; what the
user has set in the environment wins. The kernels take and return plain arrays; `renderer.diff.rasterize`
wraps them for autograd, `renderer.tiles.render` for the viewport.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import platformdirs


def _settle_numba() -> None:
    """Fill in what the environment leaves open, before numba reads it."""
    # numba notices changes of the file a kernel stands in, not of the helpers that it calls: digest them all.
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    name = f"kernels-{hashlib.sha256(sources).hexdigest()[:12]}"
    if "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = _cache_folder(name)
    # The workqueue layer aborts the process when two threads launch kernels at once; omp allows it.
    os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    # Spinning OpenMP threads would take the cores that torch and COLMAP share with the kernels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


def _cache_folder(name: str) -> str:
    """A writeable folder in the user's cache, or a private one for this process: without one, numba refuses to work."""
    folder = Path(platformdirs.user_cache_dir("splatime", appauthor=False)) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        # Not a fixed name: what lies in the cache is run, so nobody else may be able to write it first.
        private = tempfile.mkdtemp(prefix="splatime-")
        atexit.register(shutil.rmtree, private, ignore_errors=True)
        return private
    return str(folder)


_settle_numba()
