"""How every kernel is compiled: typed decorators, the dynamic tile counter, aligned scratch memory.

Fast-math leaves out `nnan` and `ninf`: a NaN parameter must reach the image, where the trainer's check
sees it, and must never make a comparison undefined. Compiled code is cached on disk.
"""
# ruff: noqa: ARG001 (numba prescribes what typing and codegen functions take)

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

_FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}


def inner(function: F) -> F:
    """Compile a helper that is only ever called by kernels."""
    return cast(F, numba.njit(fastmath=_FAST, error_model="numpy")(function))


def kernel(function: F) -> F:
    """Compile a kernel that Python calls: threads, no GIL, cached on disk, specialised lazily per dtype."""
    return cast(F, numba.njit(cache=True, parallel=True, nogil=True, fastmath=_FAST, error_model="numpy")(function))


def serial_kernel(function: F) -> F:
    """Compile a kernel for one thread: for work that is over before a second thread has woken up."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def lowered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that exists only inside kernels and writes its own LLVM instructions (numba's `intrinsic`)."""
    return cast(Callable[..., Any], intrinsic(function))


@lowered
def take_ticket(typingctx: Any, counter: Any) -> Any:
    """Atomically return counter[0] and add one: how workers share tiles whose costs differ."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(types.Array(types.int64, 1, "C")), codegen


@lowered
def prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of a contiguous array's flat `index`, before it is needed; no index does harm."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(data, [args[1]]), byte)
        builder.call(function, [place, word(0), word(3), word(1)])  # to read, keep in all caches, data
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@inner
def aligned(count: int, like: Any) -> Any:
    """`count` uninitialised numbers of like's dtype that begin at a cache line: a SIMD row never straddles two."""
    room = np.empty(count + 16, like.dtype)
    start = (-room.ctypes.data) % 64 // room.itemsize
    return room[start : start + count]
