"""The CPU tile rasteriser: numba kernels, threads and SIMD, no torch (house.md, "Threads and kernels").

Importing this package settles where compiled kernels are kept and which threading layer runs them; what the
user has set in the environment wins. The kernels take and return plain arrays; `renderer.diff.rasterize`
wraps them for autograd, `renderer.tiles.render` for the viewport.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import platformdirs


def _settle_numba() -> None:
    """Fill in what the environment leaves open, before numba reads it."""
    # numba notices changes of the file a kernel stands in, not of the helpers that it calls: digest them all.
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    folder = Path(platformdirs.user_cache_dir("splatime", appauthor=False))
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / f"kernels-{hashlib.sha256(sources).hexdigest()[:12]}"))
    # The workqueue layer aborts the process when two threads launch kernels at once; omp allows it.
    os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    # Spinning OpenMP threads would take the cores that torch and COLMAP share with the kernels.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


_settle_numba()
