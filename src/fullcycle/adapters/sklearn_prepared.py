"""scikit-learn's transformers as operations on columns."""

from collections.abc import Sequence
from functools import partial
from math import isnan
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import check_array

from fullcycle.adapters.prepared import Column, Operation, Preparation

_Columns = list[Column]
_Told = tuple[_Columns, _Columns]  # what comes out, and what has to be known


class Untold(Exception):
    """What stands in the way of telling an estimator in a form of our own."""


def prepared(steps: Sequence[Any], width: int) -> Preparation:
    """What transformers do one after the other to ``width`` columns.

    Raises:
        Untold: where one of them has no form.
    """
    columns, required = _through([Column(place) for place in range(width)], steps)
    return Preparation(width, tuple(columns), tuple(required))


def _through(columns: _Columns, steps: Sequence[Any]) -> _Told:
    required: _Columns = []
    for step in steps:
        columns, more = _of(step, columns)
        required += more
    return columns, required


def _of(step: Any, columns: _Columns) -> _Told:
    kind = type(step)
    if step is None or isinstance(step, str):
        if step in (None, "passthrough"):
            return columns, []
        return [], []  # "drop"
    if kind is FunctionTransformer and not step.validate and _changes_nothing(step.func):
        return columns, []
    if kind is Pipeline:
        return _through(columns, [one for _, one in step.steps])
    if kind is ColumnTransformer:
        return _side_by_side(step, columns)
    if kind in _SCALERS:
        return _scaled(columns, _SCALERS[kind](step)), []
    if kind is SimpleImputer:
        return _imputed(step, columns), []
    if kind is OneHotEncoder:
        return _one_hot(step, columns)
    if kind is OrdinalEncoder:
        return _ordinal(step, columns)
    raise Untold(f"{kind.__module__}.{kind.__name__} has no form for it")


def _changes_nothing(function: Any) -> bool:
    """What "passthrough" becomes, or what looks at numbers for HistGradientBoosting and takes them all."""
    if function is None:
        return True
    return (
        isinstance(function, partial)
        and function.func is check_array
        and function.keywords == {"dtype": [np.float64], "ensure_all_finite": False}
    )


def _side_by_side(step: Any, columns: _Columns) -> _Told:
    found: _Columns = []
    required: _Columns = []
    places = np.arange(len(columns))
    for _, inner, chosen in step.transformers_:
        mine = [columns[int(place)] for place in np.atleast_1d(places[_chosen(chosen)])]
        made, more = _of(inner, mine)
        found += made
        required += more
    return found, required


def _chosen(chosen: Any) -> Any:
    if isinstance(chosen, str) or (np.ndim(chosen) == 1 and any(isinstance(one, str) for one in chosen)):
        raise Untold("ColumnTransformer names columns, and a feature set's matrix has places")
    return np.asarray(chosen, dtype=np.intp) if np.size(chosen) == 0 else chosen


def _scaled(columns: _Columns, operations: list[tuple[str, Any]]) -> _Columns:
    """Each operation's number is that of the column; None leaves all as they are."""
    for name, numbers in operations:
        if numbers is not None:
            told = np.broadcast_to(np.asarray(numbers, dtype=np.float64), (len(columns),)).tolist()
            columns = [
                one.then(Operation.of(name, number)) for one, number in zip(columns, told, strict=True)
            ]
    return columns


def _standard(step: Any) -> list[tuple[str, Any]]:
    return [
        ("minus", step.mean_ if step.with_mean else None),
        ("over", step.scale_ if step.with_std else None),
    ]


def _min_max(step: Any) -> list[tuple[str, Any]]:
    if step.clip:
        raise Untold("MinMaxScaler with clip=True has no form for it")
    return [("times", step.scale_), ("plus", step.min_)]


def _robust(step: Any) -> list[tuple[str, Any]]:
    return [
        ("minus", step.center_ if step.with_centering else None),
        ("over", step.scale_ if step.with_scaling else None),
    ]


_SCALERS: dict[type, Any] = {
    StandardScaler: _standard,
    MinMaxScaler: _min_max,
    MaxAbsScaler: lambda step: [("over", step.scale_)],
    RobustScaler: _robust,
}


def _imputed(step: Any, columns: _Columns) -> _Columns:
    if not (isinstance(step.missing_values, float) and isnan(step.missing_values)):
        raise Untold(f"SimpleImputer with missing_values={step.missing_values!r} has no form for it")
    numbers = np.asarray(step.statistics_, dtype=np.float64).tolist()
    found = [
        one.then(Operation.of("fill", number))
        for one, number in zip(columns, numbers, strict=True)
        if not isnan(number)  # learnt without a value: the column goes
    ]
    if step.indicator_ is not None:
        found += [columns[place].then(Operation.of("is", np.nan)) for place in step.indicator_.features_]
    return found


def _one_hot(step: Any, columns: _Columns) -> _Told:
    _require_numbers(step)
    if getattr(step, "_infrequent_enabled", False):
        raise Untold("OneHotEncoder with infrequent categories has no form for it")
    found: _Columns = []
    required: _Columns = []
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(columns)
    for one, categories, drop in zip(columns, step.categories_, dropped, strict=True):
        known = [float(category) for category in categories]
        if step.handle_unknown == "error":
            required.append(one.among(known))
        found += [
            one.then(Operation.of("is", category)) for place, category in enumerate(known) if place != drop
        ]
    return found, required


def _ordinal(step: Any, columns: _Columns) -> _Told:
    _require_numbers(step)
    if getattr(step, "_infrequent_enabled", False):
        raise Untold("OrdinalEncoder with infrequent categories has no form for it")
    found: _Columns = []
    required: _Columns = []
    strict = step.handle_unknown == "error"
    for one, categories in zip(columns, step.categories_, strict=True):
        known = [float(category) for category in categories]
        unknown = np.nan if strict else float(step.unknown_value)
        missing = float(step.encoded_missing_value) if any(map(isnan, known)) else unknown
        if strict:
            required.append(one.among(known))
        found.append(one.then(Operation.of("code", unknown, missing, *(k for k in known if k == k))))
    return found, required


def _require_numbers(step: Any) -> None:
    if any(np.asarray(categories).dtype.kind not in "fiub" for categories in step.categories_):
        raise Untold(f"{type(step).__name__} learnt categories that are no numbers")
    if np.dtype(step.dtype) != np.float64:
        raise Untold(f"{type(step).__name__} makes numbers of {np.dtype(step.dtype)}, not float64")
