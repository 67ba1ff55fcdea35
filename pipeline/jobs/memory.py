"""How much memory this process holds, and how its lack shows."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

_PAGE = 4096
_SIGNS = ("out of memory", "can't allocate memory", "unable to allocate", "cannot allocate memory")


def resident_bytes() -> int:
    """Bytes that this process holds now: its pages in memory, and what torch has reserved on a GPU.

    Where the system does not tell the present size it is the largest so far.
    """
    return _resident() + _on_gpu()


def is_out_of_memory(fault: BaseException) -> bool:
    """Whether a fault means that memory ran out: Python's, numpy's, or torch's on either device."""
    text = str(fault).lower()
    return isinstance(fault, MemoryError) or (isinstance(fault, RuntimeError) and any(sign in text for sign in _SIGNS))


def _resident() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return 0


def _on_gpu() -> int:
    torch = sys.modules.get("torch")  # looked for, not loaded: most jobs have no use for it
    if torch is None or not torch.cuda.is_initialized():
        return 0
    return int(torch.cuda.memory_reserved())
