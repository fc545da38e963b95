"""Functions that feature functions call most, on whole columns where the bits are Python's."""

import ast
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fullcycle.feature.table.arithmetic import compare, truth
from fullcycle.feature.table.column import EXACT, Column, Const, Numbers, Vectors, broadcast, merge
from fullcycle.feature.table.mapping import mapped
from fullcycle.feature.table.place import Place
from fullcycle.feature.vector import dot

Vectorised = Callable[[Sequence[Column], Place], Column | None]
"""Gives None where this call needs Python after all."""


def _extreme(kind: type[ast.cmpop]) -> Vectorised:
    """``max`` and ``min``: the first argument that no later one is beyond, as Python takes it."""

    def extreme(arguments: Sequence[Column], at: Place) -> Column | None:
        lifted = [broadcast(argument, at.n) for argument in arguments]
        if len(lifted) < 2 or not all(isinstance(argument, Numbers) for argument in lifted):
            return None
        best = lifted[0]
        for other in lifted[1:]:
            best = merge(truth(compare(kind, other, best, at), at), other, best)
        return best

    return extreme


def _one(apply: Callable[[Numbers, Place], Column | None]) -> Vectorised:
    """A function of one number that is never missing."""

    def one(arguments: Sequence[Column], at: Place) -> Column | None:
        if len(arguments) != 1 or not isinstance(arguments[0], Numbers):
            return None
        number = arguments[0]
        if number.kind == "m":
            return None
        if number.missing is not None:
            at.doubt(number.missing)
            number = Numbers(number.data)
        return apply(number, at)

    return one


def _absolute(a: Numbers, at: Place) -> Column | None:
    if a.kind == "b":
        return Numbers(a.data.astype(np.int64))
    if a.kind == "i":
        at.doubt(a.data == np.iinfo(np.int64).min)
    return Numbers(np.abs(a.data))


def _to_int(rounding: Callable[[Any], Any]) -> Callable[[Numbers, Place], Column | None]:
    def to_int(a: Numbers, at: Place) -> Column | None:
        if a.kind != "f":
            return Numbers(a.data.astype(np.int64))
        far = ~(np.abs(a.data) < 2.0**62)  # NaN too
        at.doubt(far)
        return Numbers(rounding(np.where(far, 0.0, a.data)).astype(np.int64))

    return to_int


def _to_float(a: Numbers, at: Place) -> Column | None:
    return Numbers(a.data.astype(np.float64))


def _root(a: Numbers, at: Place) -> Column | None:
    if a.kind == "i":
        at.doubt((a.data > EXACT) | (a.data < 0))
    x = a.data.astype(np.float64)
    bad = ~(x >= 0)
    at.doubt(bad)
    return Numbers(np.sqrt(np.where(bad, 0.0, x)))  # IEEE 754 asks for the nearest float of both


def _dot(arguments: Sequence[Column], at: Place) -> Column | None:
    if len(arguments) != 2:
        return None
    a, b = (broadcast(argument, 1) if isinstance(argument, Const) else argument for argument in arguments)
    if not (isinstance(a, Vectors) and isinstance(b, Vectors)) or a.data.shape[1] != b.data.shape[1]:
        return None
    total = np.zeros(at.n)
    with np.errstate(all="ignore"):
        for i in range(a.data.shape[1]):
            total = total + a.data[:, i] * b.data[:, i]
    at.doubt(np.isnan(total))
    return Numbers(total)


def _length(arguments: Sequence[Column], at: Place) -> Column | None:
    if len(arguments) == 1 and isinstance(arguments[0], Vectors):
        return Const(arguments[0].data.shape[1])
    return None


def _true(arguments: Sequence[Column], at: Place) -> Column | None:
    return Numbers(truth(arguments[0], at)) if len(arguments) == 1 else None


def _is_nan(a: Numbers, at: Place) -> Column | None:
    return Numbers(np.isnan(a.data)) if a.kind == "f" else None


VECTORISED: dict[Any, Vectorised] = {
    max: _extreme(ast.Gt),
    min: _extreme(ast.Lt),
    abs: _one(_absolute),
    int: _one(_to_int(np.trunc)),
    round: _one(_to_int(np.rint)),
    float: _one(_to_float),
    bool: _true,
    len: _length,
    dot: _dot,
    math.sqrt: _one(_root),
    math.floor: _one(_to_int(np.floor)),
    math.ceil: _one(_to_int(np.ceil)),
    math.trunc: _one(_to_int(np.trunc)),
    math.isnan: _one(_is_nan),
}


def call(function: Callable[..., Any], arguments: Sequence[Column], at: Place, *, why: str) -> Column:
    """A call of a function that is not the project's own; ``why`` says where, should it be slow."""
    if is_vectorised(function) and not all(isinstance(argument, Const) for argument in arguments):
        found = VECTORISED[function](arguments, at)
        if found is not None:
            return found
    return mapped(function, arguments, at, why="" if function in _QUICK else why)


_QUICK = tuple(f for f in vars(math).values() if callable(f))  # 0.1 µs a value: no cause for a warning


def is_vectorised(function: Any) -> bool:
    """Whether whole columns can be given to it."""
    return _hashable(function) and function in VECTORISED


def _hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True
