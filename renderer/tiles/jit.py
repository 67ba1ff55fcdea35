"""How every kernel is compiled: one typed decorator pair and the dynamic tile counter.

Fast-math leaves out `nnan` and `ninf`: a NaN parameter must reach the image, where the trainer's check
sees it, and must never make a comparison undefined. Compiled code is cached on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

_FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}


def inner(function: F) -> F:
    """Compile a helper that is only ever called by kernels."""
    return cast(F, numba.njit(fastmath=_FAST, error_model="numpy")(function))


def kernel(function: F) -> F:
    """Compile a kernel that Python calls: threads, no GIL, cached on disk, specialised lazily per dtype."""
    return cast(
        F, numba.njit(cache=True, parallel=True, nogil=True, fastmath=_FAST, error_model="numpy")(function)
    )


@intrinsic  # type: ignore[untyped-decorator]
def take_ticket(typingctx: Any, counter: Any) -> Any:
    """Atomically return counter[0] and add one: how workers share tiles whose costs differ."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(types.Array(types.int64, 1, "C")), codegen
