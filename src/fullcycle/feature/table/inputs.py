"""What a feature function is given over a table: which columns its parameters read.

A row parameter reads the columns named as its fields; where two row parameters have a
field of the same name, the columns must be called ``parameter.field``. A value reads the
column named as the parameter. A row that may be None is None where all that its contract
requires is null.
"""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from fullcycle.data import Field, Row, accepts, as_field, described, fields, unwrapped
from fullcycle.feature.table.column import Coded, Column, Const, Mask, Numbers, Rows, Vectors
from fullcycle.kernel import Invalid, UnknownName


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: a row of ``contract``, or else a value described by ``field``."""

    name: str
    optional: bool
    contract: type[Row] | None = None
    field: Field | None = None
    used: frozenset[str] = frozenset()  # fields of the contract that the function reads
    default: Any = None
    required: bool = True


def parameter(name: str, hint: Any, where: str, used: Collection[str], default: Any = ...) -> Parameter:
    """Read a parameter from its annotation; ``default`` is ``...`` where it has none."""
    base, _, optional = unwrapped(hint)
    required = default is ...
    if isinstance(base, type) and issubclass(base, Row):
        return Parameter(name, optional, base, None, frozenset(used), default, required)
    return Parameter(name, optional, None, described(name, hint, where), frozenset(), default, required)


def read(frame: pl.DataFrame, parameters: Collection[Parameter], where: str) -> dict[str, Column]:
    """Each parameter over the frame.

    Raises:
        UnknownName: for a column that is not there.
        Invalid: for a column of another kind, or one that could be meant for two rows.
    """
    reader = _Reader(frame, _claims(parameters), where)
    return {p.name: reader.parameter(p) for p in parameters}


def _claims(parameters: Collection[Parameter]) -> Mapping[str, list[str]]:
    """The row parameters that have a field, by the field's name."""
    claims: dict[str, list[str]] = {}
    for p in parameters:
        if p.contract is not None:
            for field in fields(p.contract):
                claims.setdefault(field.name, []).append(p.name)
    return claims


@dataclass(frozen=True, slots=True)
class _Reader:
    frame: pl.DataFrame
    claims: Mapping[str, list[str]]
    where: str

    def parameter(self, p: Parameter) -> Column:
        if p.contract is None:
            assert p.field is not None  # a parameter is a row or a value
            if p.name not in self.frame.columns and not p.required:
                return Const(p.default)
            return self._column(p.field, p.name)
        known = {field.name: field for field in fields(p.contract)}
        places = {name: self._place(p, field) for name, field in known.items()}
        absent = sorted(name for name in p.used if places[name] is None and known[name].required)
        if absent:
            raise self._absent(p, next((n for n in absent if n in self.frame.columns), absent[0]))

        @functools.cache
        def column(name: str) -> Column:
            place = places[name]
            return Const(known[name].default) if place is None else self._column(known[name], place)

        return Rows(p.contract, column, self._missing(p, known, places) if p.optional else None)

    def _place(self, p: Parameter, field: Field) -> str | None:
        """The column of a field, None where there is none that could only be this."""
        own = f"{p.name}.{field.name}"
        if own in self.frame.columns:
            return own
        alone = len(self.claims[field.name]) == 1
        return field.name if alone and field.name in self.frame.columns else None

    def _absent(self, p: Parameter, name: str) -> Exception:
        sharers = self.claims[name]
        if len(sharers) > 1 and name in self.frame.columns:
            meant = " and ".join(f"{sharer}.{name}" for sharer in sharers)
            return Invalid(
                f"column {name!r} could be meant for {meant}",
                self.where,
                f"rename it in the frame to the one it is, and give the other: {meant}",
            )
        wanted = name if len(sharers) == 1 else f"{p.name}.{name}"
        return UnknownName.among(wanted, self.frame.columns, where=f"the frame given to {self.where}")

    def _missing(
        self, p: Parameter, known: Mapping[str, Field], places: Mapping[str, str | None]
    ) -> Mask | None:
        needed = [place for name, place in places.items() if place and not known[name].optional]
        needed = needed or [place for place in places.values() if place]
        if not needed:
            return np.ones(self.frame.height, np.bool_)
        nulls = self.frame.select(pl.all_horizontal(pl.col(place).is_null() for place in needed))
        missing = nulls.to_series().to_numpy()
        return missing if missing.any() else None

    def _column(self, field: Field, place: str) -> Column:
        if place not in self.frame.columns:
            raise UnknownName.among(place, self.frame.columns, where=f"the frame given to {self.where}")
        dtype = self.frame.schema[place]
        if not accepts(field, dtype):
            raise Invalid(
                f"column {place!r} is {dtype}, and {self.where} takes {field.type_name}",
                "the frame it is given",
                "cast it in the step before",
            )
        series = self.frame.select(as_field(replace(field, name=place), dtype)).to_series()
        return from_series(series, field)


def from_series(series: pl.Series, field: Field) -> Column:
    """A Polars column as an evaluation holds it."""
    if field.type in (bool, int, float):
        missing = series.is_null().to_numpy() if series.null_count() else None
        filled = series if missing is None else series.fill_null(field.type())
        return Numbers(filled.to_numpy(), missing)
    if field.type is list:
        return _lists(series, field)
    distinct = series.unique(maintain_order=True)
    places = pl.Series(range(len(distinct)), dtype=pl.Int64)
    codes = series.replace_strict(distinct, places, return_dtype=pl.Int64) if len(distinct) else places
    labels = distinct.to_list()
    if field.type is datetime:
        labels = [None if label is None else label.replace(tzinfo=UTC) for label in labels]
    return Coded(codes.to_numpy(), labels)


def _lists(series: pl.Series, field: Field) -> Column:
    lengths = series.list.len().unique()
    whole = field.item is float and series.null_count() == 0 and len(lengths) == 1 and lengths.item() > 0
    flat = series.list.explode() if whole else series
    if whole and flat.null_count() == 0:
        return Vectors(flat.to_numpy().reshape(len(series), lengths.item()))
    labels = [None if v is None else v.to_list() if isinstance(v, pl.Series) else v for v in series.to_list()]
    return Coded(np.arange(len(series)), labels)
