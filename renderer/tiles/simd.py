"""Sixteen numbers as one numba value: a vector type whose operations become SIMD instructions.

LLVM's auto-vectoriser decides anew with every release; these lanes don't depend on it. `Lanes` exists only
inside kernels: `lanes_load` and `lanes_store` move rows of 16 between it and 1-D arrays of float32 or
float64. The target's real vector width is LLVM's business. Not a general vector library.
"""
# ruff: noqa: ARG001, ARG002 (numba prescribes what codegen and typing functions take)

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import models, register_model

from renderer.tiles.jit import lowered

LANES = 16


class Lanes(types.Type):
    """The numba type of 16 float32 or float64."""

    def __init__(self, dtype: Any) -> None:
        self.dtype: Any = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(dmm.lookup(fe_type.dtype).get_value_type(), LANES))


def _constant(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * LANES)


def _splat(builder: ir.IRBuilder, vector: ir.VectorType, scalar: Any) -> Any:
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def _call(builder: ir.IRBuilder, name: str, vector: ir.VectorType, *args: Any) -> Any:
    kind = "f32" if isinstance(vector.element, ir.FloatType) else "f64"
    function_type = ir.FunctionType(vector, [vector] * len(args))
    function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.{name}.v{LANES}{kind}")
    return builder.call(function, args)


def _vector_of(context: Any, lanes: Lanes) -> ir.VectorType:
    return context.get_value_type(lanes)


def _operator(op: Any, emit: Callable[[ir.IRBuilder, Any, Any], Any]) -> None:
    """Teach numba one arithmetic operator between Lanes."""

    @infer_global(op)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and isinstance(args[0], Lanes) and args[0] == args[1]:
                return args[0](args[0], args[1])
            return None

    @lower_builtin(op, Lanes, Lanes)
    def _lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return emit(builder, args[0], args[1])


_operator(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=("contract",)))
_operator(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=("contract",)))
_operator(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=("contract",)))
_operator(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _pointer(context: Any, builder: ir.IRBuilder, array: Any, value: Any, index: Any, vector: ir.VectorType) -> Any:
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), ir.PointerType(vector))


@lowered
def lanes_load(typingctx: Any, array: Any, index: Any) -> Any:
    """array[index : index + 16] of a contiguous 1-D array; bounds are the caller's."""
    lanes = Lanes(array.dtype)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        vector = _vector_of(context, lanes)
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1], vector)
        return builder.load(pointer, align=lanes.dtype.bitwidth // 8)

    return lanes(array, types.int64), codegen


@lowered
def lanes_store(typingctx: Any, array: Any, index: Any, lanes: Any) -> Any:
    """array[index : index + 16] = lanes."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        vector = _vector_of(context, lanes)
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1], vector)
        builder.store(args[2], pointer, align=lanes.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, lanes), codegen


@lowered
def lanes_count(typingctx: Any, array: Any) -> Any:
    """0, 1, ... 15 in the dtype of `array`."""
    lanes = Lanes(array.dtype)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return ir.Constant(_vector_of(context, lanes), [float(i) for i in range(LANES)])

    return lanes(array), codegen


@lowered
def spread(typingctx: Any, like: Any, value: Any) -> Any:
    """The scalar `value` in every lane, in the dtype of the Lanes `like`."""
    scalar = like.dtype

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        cast = context.cast(builder, args[1], signature.args[1], scalar)
        return _splat(builder, _vector_of(context, like), cast)

    return like(like, value), codegen


@lowered
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c, rounded once."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return _call(builder, "fma", _vector_of(context, a), *args)

    return a(a, a, a), codegen


@lowered
def where_greater(typingctx: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
    """Per lane `yes` where a > b, else `no`; a NaN in either chooses `no`."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[2], args[3])

    return a(a, a, a, a), codegen


@lowered
def negative_magnitude(typingctx: Any, a: Any) -> Any:
    """-|a| per lane."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.fneg(_call(builder, "fabs", _vector_of(context, a), args[0]))

    return a(a), codegen


def _halve(builder: ir.IRBuilder, a: Any, b: Any, part: int) -> Any:
    """Lanes hold sums of `part` numbers each to come; fold a and b once: the sums of a, then those of b."""
    starts = [group * 2 * part for group in range(2 * LANES // (2 * part))]
    index = ir.VectorType(ir.IntType(32), LANES)
    low = builder.shuffle_vector(a, b, ir.Constant(index, [s + i for s in starts for i in range(part)]))
    high = builder.shuffle_vector(a, b, ir.Constant(index, [s + i + part for s in starts for i in range(part)]))
    return builder.fadd(low, high)


@lowered
def store_sums(typingctx: Any, array: Any, index: Any, many: Any) -> Any:
    """array[index + i] = sum of the lanes of many[i], at most 16 of them, zero up to 16; always the same tree."""
    lanes = many.dtype

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        vector = _vector_of(context, lanes)
        level, part = [builder.extract_value(args[2], i) for i in range(many.count)], LANES // 2
        while part:
            if len(level) % 2:
                level.append(_constant(vector, 0.0))
            level = [_halve(builder, level[i], level[i + 1], part) for i in range(0, len(level), 2)]
            part //= 2
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1], vector)
        builder.store(level[0], pointer, align=lanes.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, many), codegen


@lowered
def any_positive(typingctx: Any, a: Any) -> Any:
    """Whether any lane is > 0."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        mask = builder.fcmp_ordered(">", args[0], _constant(args[0].type, 0.0))
        bits = builder.bitcast(mask, ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return types.boolean(a), codegen


# Coefficients of 2**f on [-1/2, 1/2]. float32: degree 5, least worst relative error, 7.5e-8; float64: the Taylor series
# to degree 12, 3e-16. With a degree less, gradients no longer match gsplat's digits.
_EXP2_32 = (
    1.000000071654814, 0.69314696706349, 0.2402211972314606, 0.055507132751969106, 0.009675541373427618,
    0.001327647156219893,
)  # fmt: skip
_EXP2_64 = tuple(math.log(2.0) ** k / math.factorial(k) for k in range(13))


@lowered
def exp2(typingctx: Any, x: Any) -> Any:
    """2**x per lane for x <= 100; everything below -100 counts as -100 (7.9e-31), NaN too."""
    single = x.dtype == types.float32
    shift, coefficients = (23, _EXP2_32) if single else (52, _EXP2_64)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        vector = _vector_of(context, x)
        integers = ir.VectorType(ir.IntType(32 if single else 64), LANES)
        floor = _constant(vector, -100.0)
        value = builder.select(builder.fcmp_ordered(">", args[0], floor), args[0], floor)
        # Not the usual trick of adding 1.5 * 2**23: numba's fast-math pass lets LLVM cancel it.
        whole = _call(builder, "rint", vector, value)
        rest = builder.fsub(value, whole)
        power = _constant(vector, coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            power = _call(builder, "fma", vector, power, rest, _constant(vector, coefficient))
        exponent = builder.shl(builder.fptosi(whole, integers), ir.Constant(integers, [shift] * LANES))
        return builder.bitcast(builder.add(builder.bitcast(power, integers), exponent), vector)

    return x(x), codegen
