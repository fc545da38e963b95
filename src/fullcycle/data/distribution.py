"""Profiles: how the fields of a table are distributed, small enough to travel with a release.

A number is counted between the deciles of the rows it was first profiled on, so that each
bin of the reference holds about a tenth; categories are counted one by one. Later rows
are counted in the same bins, and the two profiles can be compared.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.data.columns import accepts
from fullcycle.data.contract import Field, fields
from fullcycle.data.row import Row

_DECILES = tuple(i / 10 for i in range(1, 10))
_CATEGORIES = 50  # of free text, the most frequent; a Literal keeps all of its choices


class FieldProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field: rows per bin, and for numbers where they lie.

    ``kind`` is ``"number"`` or ``"category"``. Numbers have ``edges``: bin 0 is up to and
    with ``edges[0]``, the last above the last edge. Others have ``categories``, one bin each.
    ``other`` counts values of no category, ``nulls`` the missing; neither is in ``counts``.
    """

    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    other: int = 0
    nulls: int = 0
    mean: float | None = None
    sd: float | None = None
    quartiles: tuple[float, float, float] | None = None

    @property
    def bins(self) -> tuple[str, ...]:
        """What each of ``counts`` counts, as people read it: ``≤ 3``, ``3 – 7``, ``> 7``, or a category."""
        if not self.edges:
            return self.categories
        inner = [f"{low:g} – {high:g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return (f"≤ {self.edges[0]:g}", *inner, f"> {self.edges[-1]:g}")

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each bin among all values that are there."""
        total = sum(self.counts) + self.other
        return tuple(count / total if total else 0.0 for count in self.counts)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A table: its rows, and each field that can be binned (numbers, bools, text; no times, no lists)."""

    rows: int
    fields: dict[str, FieldProfile]


def profile(frame: pl.DataFrame, contract: type[Row]) -> Profile:
    """Profile the contract's fields in ``frame``; keys, times, lists and personal fields are left out."""
    chosen = [field for field in fields(contract) if _can_be_binned(field, frame)]
    found = {field.name: _first(frame.get_column(field.name), field) for field in chosen}
    return Profile(rows=frame.height, fields=found)


def recount(frame: pl.DataFrame, reference: Profile) -> Profile:
    """Profile ``frame`` in the bins of ``reference``; fields that the frame lacks are left out."""
    found = {
        name: _again(frame.get_column(name), known)
        for name, known in reference.fields.items()
        if name in frame.columns
    }
    return Profile(rows=frame.height, fields=found)


def _can_be_binned(field: Field, frame: pl.DataFrame) -> bool:
    if field.key or field.time or field.personal or field.type not in (bool, int, float, str):
        return False
    return field.name in frame.columns and accepts(field, frame.schema[field.name])


def _first(series: pl.Series, field: Field) -> FieldProfile:
    if field.choices is None and field.type in (int, float):
        numbers = _numbers(series)
        edges = np.unique(np.quantile(numbers, _DECILES, method="lower")) if len(numbers) else np.zeros(0)
        return _numeric(series, numbers, tuple(edges.tolist()))
    labels = _labels(series)
    if field.choices is not None:
        return _categorical(labels, [_label(choice) for choice in field.choices])
    if field.type is bool:
        return _categorical(labels, ["false", "true"])
    seen = (
        labels.drop_nulls().value_counts(sort=True, name="n").sort("n", series.name, descending=[True, False])
    )
    return _categorical(labels, seen[series.name].head(_CATEGORIES).to_list())


def _again(series: pl.Series, known: FieldProfile) -> FieldProfile:
    if known.kind == "category":
        return _categorical(_labels(series), known.categories)
    return _numeric(series, _numbers(series), known.edges)


def _numeric(series: pl.Series, numbers: npt.NDArray[np.float64], edges: tuple[float, ...]) -> FieldProfile:
    nulls = len(series) - len(numbers)
    if not len(numbers):
        return FieldProfile(
            kind="number", edges=edges, counts=(0,) * (len(edges) + 1) if edges else (), nulls=nulls
        )
    places = np.searchsorted(np.asarray(edges), numbers, side="left")
    low, middle, high = np.quantile(numbers, (0.25, 0.5, 0.75)).tolist()
    return FieldProfile(
        kind="number",
        edges=edges,
        counts=tuple(np.bincount(places, minlength=len(edges) + 1).tolist()),
        nulls=nulls,
        mean=float(numbers.mean()),
        sd=float(numbers.std(ddof=1)) if len(numbers) > 1 else None,
        quartiles=(low, middle, high),
    )


def _categorical(labels: pl.Series, categories: Sequence[str]) -> FieldProfile:
    seen = dict(labels.drop_nulls().value_counts(name="n").iter_rows())
    counts = tuple(int(seen.get(name, 0)) for name in categories)
    nulls = labels.null_count()
    other = len(labels) - nulls - sum(counts)
    return FieldProfile(
        kind="category", categories=tuple(categories), counts=counts, other=other, nulls=nulls
    )


def _numbers(series: pl.Series) -> npt.NDArray[np.float64]:
    """The numbers that are there, finite ones only."""
    values: npt.NDArray[np.float64] = series.cast(pl.Float64).drop_nulls().to_numpy()
    return values[np.isfinite(values)]


def _labels(series: pl.Series) -> pl.Series:
    return series.cast(pl.String)


def _label(choice: object) -> str:
    return str(choice).lower() if isinstance(choice, bool) else str(choice)
