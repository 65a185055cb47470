"""Arithmetic that torch's TorchScript exporter cannot write as ONNX, though ONNX can express it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi

import torch
from torch.onnx.errors import SymbolicValueError
from torch.onnx.symbolic_helper import parse_args
from torch.onnx.symbolic_opset14 import scaled_dot_product_attention

from younger_hf.export.symbolic_graph import (
    CODES,
    Graph,
    Symbolic,
    Value,
    cast_as,
    integers,
    is_given,
    kind,
    number,
    op,
    rank,
    reduced,
    require,
    sizes,
    total,
    transpose,
)


def _elementwise(name: str) -> Symbolic:
    return lambda g, x: op(g, name, x)


def _exp2(g: Graph, x: Value) -> Value:
    return op(g, "Pow", number(x, 2), x)


def _expm1(g: Graph, x: Value) -> Value:
    return op(g, "Sub", op(g, "Exp", x), number(x, 1))


def _erfc(g: Graph, x: Value) -> Value:
    return op(g, "Sub", number(x, 1), op(g, "Erf", x))


def _trunc(g: Graph, x: Value) -> Value:
    return op(g, "Mul", op(g, "Floor", op(g, "Abs", x)), op(g, "Sign", x))


def _frac(g: Graph, x: Value) -> Value:
    return op(g, "Sub", x, _trunc(g, x))


def _scaled(factor: float) -> Symbolic:
    return lambda g, x: op(g, "Mul", x, number(x, factor))


def _hypot(g: Graph, x: Value, y: Value) -> Value:
    return op(g, "Sqrt", op(g, "Add", op(g, "Mul", x, x), op(g, "Mul", y, y)))


def _logaddexp(g: Graph, x: Value, y: Value) -> Value:
    return op(g, "Log", op(g, "Add", op(g, "Exp", x), op(g, "Exp", y)))


@parse_args("v", "v", "v", "f")
def _addcdiv(g: Graph, x: Value, numerator: Value, denominator: Value, factor: float) -> Value:
    quotient = op(g, "Div", numerator, denominator)
    return op(g, "Add", x, quotient if factor == 1 else op(g, "Mul", quotient, number(x, factor)))


@parse_args("v", "f", "f")
def _threshold(g: Graph, x: Value, threshold: float, instead: float) -> Value:
    return op(g, "Where", op(g, "Greater", x, number(x, threshold)), x, number(x, instead))


@parse_args("v", "is", "v", "f")
def _rms_norm(g: Graph, x: Value, shape: Sequence[int], weight: Value, epsilon: float | None) -> Value:
    """Add the operators that models use where torch has no function of its own.

    They compute in single precision and use the reciprocal of the root.
    """
    half = kind(x) in ("Half", "BFloat16")
    wide = op(g, "Cast", x, to_i=CODES["Float"]) if half else x
    dtype = torch.float64 if kind(x) == "Double" else torch.float32
    small = torch.finfo(dtype).eps if epsilon is None else epsilon
    mean = reduced(g, "ReduceMean", op(g, "Pow", wide, torch.tensor(2, dtype=dtype)), range(-len(shape), 0))
    root = op(g, "Sqrt", op(g, "Add", mean, torch.tensor(small, dtype=dtype)))
    result = op(g, "Mul", wide, op(g, "Div", torch.tensor(1, dtype=dtype), root))
    result = op(g, "Cast", result, to_i=CODES[kind(x)]) if half else result
    return op(g, "Mul", result, weight) if is_given(weight) else result


def _logical(boolean: str, integer: str) -> Symbolic:
    """Return the symbolic of a bitwise operator, which is logical for booleans."""

    def symbolic(g: Graph, x: Value, y: Value) -> Value:
        if kind(x) == kind(y) == "Bool":
            return op(g, boolean, x, y)
        require(g, 18, integer, x)
        wide, narrow = (x, y) if rank(x) or not rank(y) else (y, x)
        return op(g, integer, wide, cast_as(g, narrow, wide))

    return symbolic


def _not(g: Graph, x: Value) -> Value:
    if kind(x) == "Bool":
        return op(g, "Not", x)
    require(g, 18, "BitwiseNot", x)
    return op(g, "BitwiseNot", x)


def _inner(g: Graph, x: Value, y: Value) -> Value:
    if rank(x) == 0 or rank(y) == 0:
        return op(g, "Mul", x, y)
    if rank(x) > 1 < rank(y) > 2:
        raise SymbolicValueError("inner product over more than two axes", x)
    return op(g, "MatMul", x, transpose(g, y, -1, -2) if rank(y) > 1 else y)


@parse_args("v", "v", "i")
def _vecdot(g: Graph, x: Value, y: Value, axis: int) -> Value:
    return total(g, op(g, "Mul", x, y), axis)


@parse_args("v", "v", "v", "v", "f", "b", "v", "b")
def _grouped_attention(
    g: Graph,
    query: Value,
    key: Value,
    value: Value,
    mask: Value,
    dropout: float,
    causal: bool,
    scale: Value,
    grouped: bool,
) -> Value:
    """Repeat each head of keys and values for the several heads of queries that read it."""
    if grouped:
        times = sizes(query)[-3] // sizes(key)[-3]
        key, value = (_repeat(g, heads, times) for heads in (key, value))
    return scaled_dot_product_attention(g, query, key, value, mask, dropout, causal, scale)


def _repeat(g: Graph, heads: Value, times: int) -> Value:
    if times == 1:
        return heads
    *batch, count, length, width = sizes(heads)
    apart = op(g, "Unsqueeze", heads, integers(-3))
    many = op(g, "Expand", apart, integers(*batch, count, times, length, width))
    return op(g, "Reshape", many, integers(*batch, count * times, length, width)).setType(
        heads.type().with_sizes([*batch, count * times, length, width])
    )


_or, _and, _xor = _logical("Or", "BitwiseOr"), _logical("And", "BitwiseAnd"), _logical("Xor", "BitwiseXor")

ARITHMETIC: Mapping[str, Symbolic] = {
    "rms_norm": _rms_norm,
    "scaled_dot_product_attention": _grouped_attention,
    **dict.fromkeys(("__or_", "__ior_", "bitwise_or"), _or),
    **dict.fromkeys(("__and_", "__iand_", "bitwise_and"), _and),
    **dict.fromkeys(("__xor_", "__ixor_", "bitwise_xor"), _xor),
    "bitwise_not": _not,
    "inner": _inner,
    "vdot": lambda g, x, y: op(g, "MatMul", x, y),
    "linalg_vecdot": _vecdot,
    "addcdiv": _addcdiv,
    "threshold": _threshold,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "exp2": _exp2,
    "expm1": _expm1,
    "erfc": _erfc,
    "trunc": _trunc,
    "frac": _frac,
    "deg2rad": _scaled(pi / 180),
    "rad2deg": _scaled(180 / pi),
    **{name: _elementwise(name.capitalize()) for name in ("sinh", "cosh", "asinh", "acosh", "atanh")},
}
"""Name in `aten` -> function that adds it to a graph."""
