"""Feature functions over tables: Python's own answers to the bit, in the time of a table.

Python is the truth. A function's tree is run on whole columns (``evaluator``); rows on
which that might not be exact are given to Python one by one; where a function has no
meaning on columns at all, every row is, with a warning. So is an error: the first row on
which Python raises raises here, with its number and line.
"""

import inspect
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.data import dtype_of, fields
from fullcycle.feature.encoding import codes, not_a_choice, require_numbers
from fullcycle.feature.table.column import Codes, Column, Rows
from fullcycle.feature.table.evaluator import run
from fullcycle.feature.table.inputs import Parameter, parameter, read
from fullcycle.feature.table.narrowing import check_narrowed
from fullcycle.feature.table.outputs import held, patched, row_values, to_series
from fullcycle.feature.table.place import Place, Unsupported
from fullcycle.feature.table.reading import fields_read
from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    from fullcycle.feature.declare import FeatureSet

Matrix = npt.NDArray[np.float64]


class ElementByElement(UserWarning):
    """A feature function that runs in Python where columns were hoped for: right, but slow."""


def check(features: "FeatureSet[..., Any]") -> None:
    """Refuse a feature set that uses what may be None without asking first, before any row is seen.

    Raises:
        Invalid: naming what may be None, and the line.
    """
    check_narrowed(features)


def over(features: "FeatureSet[..., Any]", frame: pl.DataFrame) -> pl.DataFrame:
    """One column per field of the feature row: what Python gives, row by row, to the bit.

    Raises:
        UnknownName: for a column that the function reads and the frame has not.
        Invalid: for a column of another kind, or a feature that its row cannot hold.
        Exception: whatever the function raises on a row, with a note of the row and line.
    """
    check(features)
    made = fields(features.row)
    columns = read(frame, _parameters(features), f"{features.function.__qualname__}()")
    if frame.height == 0:
        return pl.DataFrame(schema={field.name: dtype_of(field) for field in made})
    at = Place(frame.height, np.zeros(frame.height, np.bool_))
    result = _on_columns(features, columns, at)
    series = {field.name: to_series(result.column(field.name), field, at) for field in made} if result else {}
    rows = np.arange(at.n) if result is None else np.flatnonzero(at.doubts)
    if len(rows):
        found = _on_rows(features, columns, rows)
        for field in made:
            before = series.get(field.name, pl.Series(field.name, [], dtype=dtype_of(field)))
            whole = (
                before
                if len(before)
                else pl.Series(field.name, [None], dtype=dtype_of(field)).new_from_index(0, at.n)
            )
            series[field.name] = patched(whole, field, rows, found[field.name])
    _warn(features, at)
    return pl.DataFrame(list(series.values()))


def matrix(features: "FeatureSet[..., Any]", frame: pl.DataFrame) -> Matrix:
    """What ``features.encode`` gives for every row: float64 ``(n_rows, n_columns)``, C-contiguous.

    Raises:
        Invalid: for a field that is no number, a value that is none of its choices, or a
            vector of another length.
    """
    require_numbers(features.row)
    table = over(features, frame)
    result = np.empty((frame.height, len(features.names)))
    place = 0
    for field in fields(features.row):
        series = table.get_column(field.name)
        if field.type is list:
            width = field.length or 0
            if not (series.list.len() == width).all():
                raise Invalid(
                    f"{field.name!r} does not hold {width} values on every row",
                    "a feature row",
                    "give a vector of the length that fc.length names",
                )
            flat = series.list.explode() if len(series) else pl.Series([], dtype=pl.Float64)
            result[:, place : place + width] = flat.cast(pl.Float64).to_numpy().reshape(-1, width)
            place += width
            continue
        result[:, place] = _codes(series, codes(field)) if field.choices is not None else _floats(series)
        place += 1
    return result


def _codes(series: pl.Series, known: dict[Any, float]) -> Matrix:
    coded = series.replace_strict(list(known), list(known.values()), default=-1.0, return_dtype=pl.Float64)
    unknown = series.is_not_null() & (coded == -1.0)
    if unknown.any():
        raise not_a_choice(series.name, known)
    return _floats(coded.zip_with(series.is_not_null(), pl.Series([None], dtype=pl.Float64)))


def _floats(series: pl.Series) -> Matrix:
    numbers: Matrix = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return numbers


def _parameters(features: "FeatureSet[..., Any]") -> list[Parameter]:
    where = features.where
    signature = inspect.signature(features.function).parameters
    used = fields_read(features)
    return [
        parameter(name, hint, where, used[name], ... if default is inspect.Parameter.empty else default)
        for name, hint in features.inputs.items()
        for default in [signature[name].default]
    ]


def _on_columns(features: "FeatureSet[..., Any]", columns: dict[str, Column], at: Place) -> Rows | None:
    """The feature row as columns; None where the function has no meaning on them."""
    try:
        result = run(features.function, (), columns, at)  # type: ignore[arg-type]  # checked by features()
    except Unsupported as unsupported:
        where = f"{features.function.__code__.co_filename}:{unsupported.line}"
        at.slow.clear()
        at.slow[f"all of it, because of {where}"] = unsupported.reason
        return None
    if not isinstance(result, Rows) or result.contract is not features.row:
        return None
    if result.missing is not None:
        at.doubt(result.missing)
    return result


def _on_rows(
    features: "FeatureSet[..., Any]", columns: dict[str, Column], rows: Codes
) -> dict[str, list[Any]]:
    """Python itself, row by row, in their order."""
    made = fields(features.row)
    found: dict[str, list[Any]] = {field.name: [] for field in made}
    given = [row_values(column, rows) for column in columns.values()]
    for row, arguments in zip(rows.tolist(), zip(*given, strict=True), strict=True):
        try:
            result = features.function(**dict(zip(columns, arguments, strict=True)))
        except Exception as error:
            error.add_note(f"in row {row} of the table, counted from 0: {_line(error, features)}")
            raise
        if not isinstance(result, features.row):
            raise Invalid(
                f"returned {type(result).__name__} in row {row}, not {features.row.__name__}",
                features.where,
                f"return {features.row.__name__}(…) on every path",
            )
        for field in made:
            found[field.name].append(held(getattr(result, field.name), field, row, features.where))
    return found


def _line(error: Exception, features: "FeatureSet[..., Any]") -> str:
    path = features.function.__code__.co_filename
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{path}:{lines[-1].lineno}, in {lines[-1].name}" if lines else features.where


def _warn(features: "FeatureSet[..., Any]", at: Place) -> None:
    if at.slow:
        reasons = "; ".join(f"{place} ({reason})" for place, reason in at.slow.items())
        warnings.warn(
            f"{features.function.__qualname__} runs element by element: {reasons}",
            ElementByElement,
            stacklevel=4,
        )
