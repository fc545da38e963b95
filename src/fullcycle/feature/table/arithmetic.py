"""Operators on columns: NumPy where its bits are Python's, Python on distinct values elsewhere.

float64 arithmetic and comparison are IEEE 754 in both; so is int64 while nothing leaves
64 bits. What is left to Python row by row: division by zero, overflow, a NaN that an
operation makes (its sign and payload are the processor's whim), and an int beyond 2**53
where it meets a float.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fullcycle.feature.table.column import (
    EXACT,
    Coded,
    Column,
    Const,
    Mask,
    Numbers,
    Rows,
    Vectors,
    broadcast,
)
from fullcycle.feature.table.mapping import mapped
from fullcycle.feature.table.place import Place

Array = npt.NDArray[Any]

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
}

_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}

_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_OTHER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, among: item in among,
    ast.NotIn: lambda item, among: item not in among,
}

_LIMITS = np.iinfo(np.int64)


def binary(kind: type[ast.operator], a: Column, b: Column, at: Place) -> Column:
    """``a + b`` and its like."""
    apply = BINARY[kind]
    x, y = _operands(a, b, at)
    if x is None or y is None or ("m" in (x.kind, y.kind) and "f" not in (x.kind, y.kind)):
        return mapped(apply, [a, b], at)
    if kind in (ast.BitAnd, ast.BitOr, ast.BitXor):
        if x.kind == y.kind in ("b", "i"):
            return Numbers(apply(x.data, y.data))
        return mapped(apply, [a, b], at)
    ints = x.kind in "bi" and y.kind in "bi"
    left, right = _plain(x, ints), _plain(y, ints)
    with np.errstate(all="ignore"):
        if kind in (ast.Add, ast.Sub, ast.Mult):
            return _int_result(apply, left, right, at) if ints else _float_result(apply(left, right), at)
        if kind is ast.Div:
            return _divided(left, right, ints, at)
        if kind in (ast.FloorDiv, ast.Mod):
            return _floored(apply, left, right, ints, at)
    return mapped(apply, [a, b], at)


def unary(kind: type[ast.unaryop], a: Column, at: Place) -> Column:
    """``-a``, ``+a``, ``~a`` and ``not a``."""
    if kind is ast.Not:
        return Numbers(~truth(a, at))
    apply = _UNARY[kind]
    if not isinstance(a, Numbers) or a.kind not in "if" or (kind is ast.Invert and a.kind == "f"):
        return mapped(apply, [a], at)
    x = _present(a, at)
    if x.kind == "i" and kind is ast.USub:
        at.doubt(x.data == _LIMITS.min)
    return Numbers(apply(x.data))


def compare(kind: type[ast.cmpop], a: Column, b: Column, at: Place) -> Column:
    """``a < b``, ``a is None``, ``a in b`` and their like."""
    if kind in (ast.Is, ast.IsNot) and isinstance(b, Const) and b.value is None and not isinstance(a, Const):
        none = is_none(a, at.n)
        return Numbers(none if kind is ast.Is else ~none)
    if kind in _OTHER:
        return mapped(_OTHER[kind], [a, b], at)
    x, y = _operands(a, b, at)
    if x is None or y is None:
        return mapped(_COMPARED[kind], [a, b], at)
    if {x.kind, y.kind} & {"f", "m"}:
        for side in (x, y):
            if side.kind == "i":
                at.doubt(_beyond(side.data, EXACT))
    return Numbers(_COMPARED[kind](x.data, y.data))


def truth(a: Column, at: Place) -> Mask:
    """Whether each value counts as true."""
    if isinstance(a, Numbers):
        true = a.data if a.kind == "b" else a.data != 0
        return true if a.missing is None else true & ~a.missing
    if isinstance(a, Vectors):
        return np.full(at.n, a.data.shape[1] > 0)
    if isinstance(a, Rows) and "__bool__" not in dir(a.contract) and "__len__" not in dir(a.contract):
        return ~is_none(a, at.n)
    found = mapped(bool, [a], at)
    if isinstance(found, Const):
        return np.full(at.n, found.value is True)
    assert isinstance(found, Numbers)  # bool gives bools
    return found.data.astype(np.bool_, copy=False)


def is_none(a: Column, n: int) -> Mask:
    """Whether each value is None."""
    if isinstance(a, Coded):
        return np.array([label is None for label in a.labels], np.bool_)[a.codes]
    if isinstance(a, Vectors):
        return np.zeros(len(a.data), np.bool_)
    if isinstance(a, Const):
        return np.full(n, a.value is None)
    if a.missing is not None:
        return a.missing
    return np.zeros(len(a.data) if isinstance(a, Numbers) else n, np.bool_)


def _operands(a: Column, b: Column, at: Place) -> tuple[Numbers | None, Numbers | None]:
    """Both sides as numbers, None missing from them; None where a side is none, or both are constant."""
    if isinstance(a, Const) and isinstance(b, Const):
        return None, None
    sides = [broadcast(side, 1) if isinstance(side, Const) else side for side in (a, b)]
    if not all(isinstance(side, Numbers) for side in sides):
        return None, None
    x, y = (_present(side, at) for side in sides if isinstance(side, Numbers))
    return x, y


def _present(a: Numbers, at: Place) -> Numbers:
    if a.missing is None:
        return a
    at.doubt(a.missing)
    return Numbers(a.data, None, a.whole)


def _plain(a: Numbers, ints: bool) -> Array:
    if ints:
        return a.data.astype(np.int64, copy=False)
    return a.data.astype(np.float64, copy=False)


def _int_result(apply: Callable[[Any, Any], Any], x: Array, y: Array, at: Place) -> Numbers:
    if len(x) and len(y) and not _surely_fits(apply, x, y):
        near = apply(x.astype(np.float64), y.astype(np.float64))
        at.doubt(np.abs(near) >= 2.0**62)
    return Numbers(apply(x, y))


def _surely_fits(apply: Callable[[Any, Any], Any], x: Array, y: Array) -> bool:
    ends = [apply(p, q) for p in (int(x.min()), int(x.max())) for q in (int(y.min()), int(y.max()))]
    return bool(_LIMITS.min <= min(ends) and max(ends) <= _LIMITS.max)


def _float_result(data: Array, at: Place) -> Numbers:
    odd = np.isnan(data)
    if odd.any():
        at.doubt(odd)
    return Numbers(data)


def _divided(x: Array, y: Array, ints: bool, at: Place) -> Numbers:
    at.doubt(y == 0)
    if ints:
        at.doubt(_beyond(x, EXACT) | _beyond(y, EXACT))
    return _float_result(x / y, at)


def _floored(apply: Callable[[Any, Any], Any], x: Array, y: Array, ints: bool, at: Place) -> Numbers:
    at.doubt(y == 0)
    if ints:
        at.doubt((x == _LIMITS.min) & (y == -1))
        return Numbers(apply(x, np.where((y == 0) | (y == -1) & (x == _LIMITS.min), 1, y)))
    at.doubt(~(np.isfinite(x) & np.isfinite(y)))
    return _float_result(apply(x, np.where(y == 0, 1.0, y)), at)


def _beyond(data: Array, limit: int) -> Mask:
    far: Mask = (data > limit) | (data < -limit)
    return far
