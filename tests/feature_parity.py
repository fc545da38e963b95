"""Holding a feature function over a table against Python on each of its rows, bit for bit."""

import struct
import warnings
from typing import Any

import polars as pl

from fullcycle.data import dtype_of, fields
from fullcycle.feature import FeatureSet
from fullcycle.feature.table import ElementByElement


def frame_of(rows: list[Any], contract: Any) -> pl.DataFrame:
    return pl.DataFrame(
        [
            pl.Series(f.name, [getattr(row, f.name) for row in rows], dtype=dtype_of(f))
            for f in fields(contract)
        ]
    )


def python(features: FeatureSet[..., Any], arguments: list[tuple[Any, ...]]) -> tuple[str, Any]:
    """What Python answers row by row, up to the first error."""
    made: list[Any] = []
    for row, given in enumerate(arguments):
        try:
            made.append(features(*given))
        except Exception as error:  # noqa: BLE001 - an exception is an answer
            return "raised", (type(error), str(error), row)
    return "made", [tuple(bits(getattr(row, f.name), f.type) for f in fields(features.row)) for row in made]


def table(features: FeatureSet[..., Any], frame: pl.DataFrame) -> tuple[str, Any]:
    """What the table answers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ElementByElement)
            over = features.over(frame)
    except Exception as error:
        if not getattr(error, "__notes__", None):
            raise
        row = int(error.__notes__[-1].split("in row ")[1].split(" ")[0])
        return "raised", (type(error), str(error), row)
    assert over.schema == {f.name: dtype_of(f) for f in fields(features.row)}
    return "made", [
        tuple(bits(value, f.type) for value, f in zip(row, fields(features.row), strict=True))
        for row in over.iter_rows()
    ]


def bits(value: Any, kind: type) -> Any:
    """A value such that equal means the same bits; all NaN alike."""
    if value is None:
        return None
    if kind is float:
        number = float(value)
        return "nan" if number != number else struct.pack("<d", number)
    if kind is list:
        return tuple(bits(item, float) for item in value)
    return kind(value)


def alike(features: FeatureSet[..., Any], rows: list[Any], contract: Any) -> tuple[str, Any]:
    """Assert that both answer alike; returns the answer."""
    expected = python(features, [(row,) for row in rows])
    assert table(features, frame_of(rows, contract)) == expected
    return expected
