"""Two tables side by side: columns, rows that came and went, and how each column changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose

import polars as pl
import polars.selectors as cs

from fullcycle.data.contract import fields
from fullcycle.data.row import Row
from fullcycle.kernel import Change, changes

_CATEGORIES = 50  # a column of text with more values is no category
_ROW, _MANY = "__row", "__many"  # the digest of a row's values, and how often it stands there


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by ``key`` (empty: by all their values); ``changed`` are those of a key that both have."""

    was: int
    now: int
    added: int
    removed: int
    changed: int
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column in a few numbers; ``low`` and ``high`` are text, as of times they are read."""

    nulls: int
    mean: float | None = None
    quartiles: tuple[float, float, float] | None = None
    low: str | None = None
    high: str | None = None
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column of both tables whose values changed; the categories are those that one side lacks."""

    column: str
    was: ColumnSummary
    now: ColumnSummary
    new_categories: tuple[str, ...] = ()
    gone_categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableChange:
    """What is other in the second of two tables; ``schema`` tells dtypes by column."""

    schema: tuple[Change, ...]
    rows: Rows
    columns: tuple[ColumnChange, ...]


def compare_tables(was: pl.DataFrame, now: pl.DataFrame, contract: type[Row] | None = None) -> TableChange:
    """Compare two tables of one kind.

    Rows are matched by the contract's key (with its time, where it has one), else a row is
    the same if all its values in the columns of both are. Columns that are keys or personal
    are compared row by row, and not profiled.
    """
    declared = fields(contract) if contract is not None else ()
    key = tuple(field.name for field in declared if field.key)
    key += tuple(field.name for field in declared if key and field.time)
    shared = [name for name in now.columns if name in was.columns]
    hidden = {field.name for field in declared if field.key or field.personal}
    if not set(key) <= set(shared):
        key = ()
    return TableChange(
        schema=changes(_dtypes(was), _dtypes(now)),
        rows=_rows(was.select(shared), now.select(shared), key, (was.height, now.height)),
        columns=tuple(_columns(was, now, [name for name in shared if name not in hidden])),
    )


def _dtypes(frame: pl.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.schema.items()}


def _rows(was: pl.DataFrame, now: pl.DataFrame, key: tuple[str, ...], heights: tuple[int, int]) -> Rows:
    """Rows of each side that the other has not; a repeated row counts as often as it stands there."""
    if not was.columns:
        return Rows(*heights, added=heights[1], removed=heights[0], changed=0)
    sides = [_counted(_like(frame, was, now), key) for frame in (was, now)]
    by = [*key] if key else [_ROW]
    both = sides[0].join(sides[1], on=by, how="full", coalesce=True, nulls_equal=True, suffix="_now")
    before, after = pl.col(_MANY).fill_null(0), pl.col(f"{_MANY}_now").fill_null(0)
    other = (pl.col(_ROW) != pl.col(f"{_ROW}_now")).fill_null(False) if key else pl.lit(False)
    added, removed, changed = both.select(
        (after - before).clip(lower_bound=0).sum().alias("added"),
        (before - after).clip(lower_bound=0).sum().alias("removed"),
        pl.min_horizontal(before, after).filter(other).sum().alias("changed"),
    ).row(0)
    return Rows(*heights, added=added, removed=removed, changed=changed, key=key)


def _like(frame: pl.DataFrame, was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Values as they mean, so that 1 and 1.0, and a category and its text, are one value."""
    other = [name for name in was.columns if was.schema[name] != now.schema[name]]
    pairs = {name: (was.schema[name], now.schema[name]) for name in other}
    numbers = [name for name, pair in pairs.items() if all(dtype.is_numeric() for dtype in pair)]
    nested = [name for name, pair in pairs.items() if any(dtype.is_nested() for dtype in pair)]
    texts = [name for name in other if name not in numbers and name not in nested]
    plain = frame.drop(nested).with_columns((cs.categorical() | cs.enum()).cast(pl.String))
    return plain.with_columns(pl.col(numbers).cast(pl.Float64), pl.col(texts).cast(pl.String))


def _counted(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """How often each row stands there, by its key or else by a digest of its values."""
    digests, many = frame.hash_rows(seed=0).alias(_ROW), pl.len().cast(pl.Int64).alias(_MANY)
    if not key:
        return digests.to_frame().group_by(_ROW).agg(many)
    # a sum takes the rows of a key in any order; it wraps around where it must
    return frame.select(key).with_columns(digests).group_by(key).agg(pl.col(_ROW).sum(), many)


def _columns(was: pl.DataFrame, now: pl.DataFrame, names: Sequence[str]) -> Iterator[ColumnChange]:
    for name in names:
        if was[name].equals(now[name], null_equal=True, check_dtypes=False):
            continue
        before, after = _summary(was[name]), _summary(now[name])
        if _alike(before, after):
            continue
        known, seen = set(before.categories or ()), set(after.categories or ())
        told = before.categories is not None and after.categories is not None
        yield ColumnChange(
            name,
            before,
            after,
            new_categories=tuple(sorted(seen - known)) if told else (),
            gone_categories=tuple(sorted(known - seen)) if told else (),
        )


def _summary(series: pl.Series) -> ColumnSummary:
    nulls, dtype = series.null_count(), series.dtype
    if dtype.is_numeric() or dtype == pl.Boolean:
        numbers = series.cast(pl.Float64).drop_nulls()
        numbers = numbers.filter(numbers.is_finite())
        if not len(numbers):
            return ColumnSummary(nulls)
        at = [numbers.quantile(q, "linear") for q in (0.25, 0.5, 0.75)]
        low, middle, high = (float(value) for value in at if value is not None)
        return ColumnSummary(nulls, float(numbers.to_numpy().mean()), (low, middle, high))
    if dtype.is_temporal():
        ends = (series.min(), series.max())
        return ColumnSummary(nulls, low=_text(ends[0]), high=_text(ends[1]))
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        values = series.cast(pl.String).drop_nulls().unique()
        few = len(values) <= _CATEGORIES
        return ColumnSummary(nulls, categories=tuple(values.sort().to_list()) if few else None)
    return ColumnSummary(nulls)


def _alike(one: ColumnSummary, other: ColumnSummary) -> bool:
    """Whether two summaries say the same; sums in another order differ in their last digits."""
    if (one.nulls, one.low, one.high, one.categories) != (
        other.nulls,
        other.low,
        other.high,
        other.categories,
    ):
        return False
    pairs = zip(_numbers(one), _numbers(other), strict=False)
    return len(_numbers(one)) == len(_numbers(other)) and all(isclose(a, b, rel_tol=1e-9) for a, b in pairs)


def _numbers(summary: ColumnSummary) -> tuple[float, ...]:
    return (*(() if summary.mean is None else (summary.mean,)), *(summary.quartiles or ()))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
