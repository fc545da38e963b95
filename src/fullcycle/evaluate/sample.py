"""Honest halves: what a model learns from, and the rows it is judged on.

A row stands on exactly one side. Rows of one group (a client, a list that was shown)
stand together; a split by date puts the future, and only the future, on the test side.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as midnight
from typing import TYPE_CHECKING, Any, Protocol, overload
from zoneinfo import ZoneInfo

import polars as pl

from fullcycle.kernel import Card, Invalid, NotEnoughData, UnknownName, digest_bytes, later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]
else:
    np = later("numpy")
    Vector = Mask = Any


_WHERE = "fc.split"


class Encoded(Protocol):
    """A feature set, as far as a sample needs it."""

    def matrix(self, frame: pl.DataFrame, /) -> Vector:
        """Float64, shape ``(n_rows, n_features)``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows of one side, and which of their columns are the label, the weight and the group."""

    frame: pl.DataFrame
    label: str
    weight_column: str | None = None
    group_column: str | None = None

    @property
    def y(self) -> Vector:
        """The label, shape ``(n_rows,)``; false and true as 0 and 1."""
        return self._numbers(self.label)

    @property
    def weight(self) -> Vector | None:
        """The weight of each row, shape ``(n_rows,)``; None where the split names none."""
        return None if self.weight_column is None else self._numbers(self.weight_column)

    @property
    def group(self) -> "npt.NDArray[np.int64] | None":
        """How many rows each group has, in the order of the rows, shape ``(n_groups,)``.

        The rows of a group follow one another, so this is what rankers ask for
        (LightGBM's ``group=``). None where the split names no group.
        """
        if self.group_column is None:
            return None
        return self.frame[self.group_column].rle().struct.field("len").cast(pl.Int64).to_numpy()

    def x(self, features: Encoded) -> Vector:
        """What the model sees of these rows, shape ``(n_rows, n_features)``."""
        return features.matrix(self.frame)

    def __len__(self) -> int:
        return self.frame.height

    def _numbers(self, column: str) -> Vector:
        return self.frame[column].cast(pl.Float64).to_numpy()


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What a model learns from, and what it is judged on.

    ``by_time`` tells a split by date, where a key may stand on both sides (the same
    store, earlier and later), from one by chance, where it may not.
    """

    train: Sample
    test: Sample
    by_time: bool = False

    def _repr_html_(self) -> str:
        side = self.train
        named = {"label": side.label, "weight": side.weight_column, "group": side.group_column}
        rows = [
            (name, len(one), float(one.y.mean()) if len(one) else None)
            for name, one in (("train", side), ("test", self.test))
        ]
        told = {name: column for name, column in named.items() if column is not None}
        how = "by time" if self.by_time else "by chance"
        columns = ", ".join(side.frame.columns)
        card = Card("Split", {**told, "split": how, "columns": columns}, ("", "rows", "mean label"), rows)
        return card.html()


@overload
def split(
    frame: pl.DataFrame,
    label: str,
    *,
    test: float,
    group: str | None = None,
    weight: str | None = None,
    seed: int = 7,
) -> Split: ...
@overload
def split(
    frame: pl.DataFrame,
    label: str,
    *,
    since: date,
    time: str | None = None,
    group: str | None = None,
    weight: str | None = None,
) -> Split: ...
def split(
    frame: pl.DataFrame,
    label: str,
    *,
    test: float | None = None,
    since: date | None = None,
    time: str | None = None,
    group: str | None = None,
    weight: str | None = None,
    seed: int = 7,
) -> Split:
    """Divide ``frame`` into what a model learns from and what it is judged on.

    With ``test``, that share of the rows is drawn by a seeded permutation; with a
    ``group``, each group goes to a side by a seeded hash of its value, so it stays there
    when rows are added. With ``since``, the test side is every row on or after that date
    (midnight, in the column's time zone) of ``time``, by default the frame's only date or
    datetime column. Rows keep their order, but those of a group are brought together.

    Raises:
        Invalid: for a label, weight, group or time column that cannot serve, or a group
            that would stand on both sides of ``since``.
        UnknownName: for a column that the frame has not.
        NotEnoughData: where a side would be empty.

    >>> halves = split(pl.DataFrame({"a": range(10), "y": [0.0, 1.0] * 5}), "y", test=0.3)
    >>> len(halves.train), len(halves.test)
    (7, 3)
    """
    _check_columns(frame, label, weight, group)
    if test is not None and since is None:
        later = _drawn(frame, test, group, seed)
    elif since is not None and test is None:
        later = _from(frame, since, time)
    else:
        raise Invalid(
            "a split needs either test= or since=, not " + ("both" if test is not None else "neither"),
            _WHERE,
            "write test=0.3 for a share drawn by chance, or since=date(2026, 1, 1) for a split by time",
        )
    _require_both(frame, later, group)
    if group is not None and since is not None:
        _refuse_shared(frame.filter(~later), frame.filter(later), (group,), since)
    sides = (_gathered(frame.filter(mask), group) for mask in (~later, later))
    train, judged = (Sample(side, label, weight, group) for side in sides)
    return Split(train, judged, by_time=since is not None)


def refuse_shared_keys(halves: Split, key: tuple[str, ...]) -> None:
    """Refuse a split by chance that has a key on both sides: it would be judged on what it has seen.

    ``key`` are the ``fc.key`` columns of a contract; one that the frame has not, or a split
    by time, where the same key comes again later, passes.

    Raises:
        Invalid: naming a key that stands on both sides.
    """
    if not halves.by_time and key and all(name in halves.train.frame.columns for name in key):
        _refuse_shared(halves.train.frame, halves.test.frame, key, None)


def _refuse_shared(train: pl.DataFrame, test: pl.DataFrame, key: tuple[str, ...], since: date | None) -> None:
    shared = test.select(key).unique(maintain_order=True).join(train.select(key).unique(), on=key, how="semi")
    if shared.height == 0:
        return
    shown = ", ".join(f"{name} {value!r}" for name, value in zip(key, shared.row(0), strict=True))
    mend = (
        f"choose another date than {since}, or leave out the rows that reach across it"
        if since is not None
        else f"keep them together: fc.split(…, group={key[0]!r})"
    )
    raise Invalid(
        f"{shared.height:,} of the test side's {'/'.join(key)} are on the training side too, such as {shown}",
        _WHERE,
        mend,
    )


def _check_columns(frame: pl.DataFrame, label: str, weight: str | None, group: str | None) -> None:
    if not isinstance(frame, pl.DataFrame):
        raise Invalid(
            f"{type(frame).__name__} is no table in memory",
            _WHERE,
            "annotate the step's parameter as pl.DataFrame, or collect it first",
        )
    for name in (label, weight, group):
        if name is not None and name not in frame.columns:
            raise UnknownName.among(name, frame.columns, where=f"the frame given to {_WHERE}")
    _check_numbers(frame[label], "label")
    if weight is not None:
        _check_numbers(frame[weight], "weight")
        if frame.height and (frame[weight] < 0).any():
            raise Invalid(
                f"the weight {weight!r} has negative values, the least {frame[weight].min()!r}",
                _WHERE,
                "give weights that are zero or more",
            )
    if group is not None and frame[group].null_count():
        raise Invalid(
            f"the group {group!r} is missing in {frame[group].null_count():,} of {frame.height:,} rows",
            _WHERE,
            f"leave them out: frame.drop_nulls({group!r})",
        )


def _check_numbers(column: pl.Series, role: str) -> None:
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise Invalid(
            f"the {role} {column.name!r} is {column.dtype}, not a number",
            _WHERE,
            f"name a column of numbers, or turn it into one, say pl.col({column.name!r}) == 'yes'",
        )
    unusable = column.null_count()
    if column.dtype.is_float():
        unusable += int((~column.is_finite()).sum())
    if unusable:
        raise Invalid(
            f"the {role} {column.name!r} is null, NaN or infinite in {unusable:,} of {len(column):,} rows",
            _WHERE,
            f"leave them out, say frame.filter(pl.col({column.name!r}).is_finite())",
        )


def _drawn(frame: pl.DataFrame, test: float, group: str | None, seed: int) -> Mask:
    """Which rows go to the test side: exactly that share of them, or the groups whose hash says so."""
    if not 0 < test < 1:
        raise Invalid(f"test={test!r} is no share between 0 and 1", _WHERE, "write test=0.3 for 30 %")
    if group is None:
        chosen = np.random.default_rng(seed).permutation(frame.height)[: round(test * frame.height)]
        mask = np.zeros(frame.height, dtype=np.bool_)
        mask[chosen] = True
        return mask
    groups = frame[group].unique(maintain_order=True)
    limit = int(test * 2**64)
    later = [_hash(seed, value) < limit for value in groups.to_list()]
    return frame[group].is_in(groups.filter(pl.Series(later, dtype=pl.Boolean)).implode()).to_numpy()


def _hash(seed: int, value: object) -> int:
    return int(digest_bytes(f"{seed}:{value!r}".encode())[:16], 16)


def _from(frame: pl.DataFrame, since: date, time_column: str | None) -> Mask:
    """Which rows are on or after ``since``."""
    column = frame[_time_column(frame, time_column)]
    if column.null_count():
        raise Invalid(
            f"the time {column.name!r} is missing in {column.null_count():,} of {frame.height:,} rows",
            _WHERE,
            f"leave them out: frame.drop_nulls({column.name!r})",
        )
    return (column >= _like(column.dtype, since)).to_numpy()


def _time_column(frame: pl.DataFrame, named: str | None) -> str:
    if named is not None and named not in frame.columns:
        raise UnknownName.among(named, frame.columns, where=f"the frame given to {_WHERE}")
    temporal = [name for name, dtype in frame.schema.items() if dtype == pl.Date or dtype == pl.Datetime]
    if named is not None and named not in temporal:
        raise Invalid(
            f"{named!r} is {frame.schema[named]}, no date", _WHERE, "name a date or datetime column"
        )
    if named is None and len(temporal) != 1:
        raise Invalid(
            f"since= needs one time column, and the frame has {len(temporal) or 'none'}"
            + (f": {', '.join(temporal)}" if temporal else ""),
            _WHERE,
            f"say which: time={temporal[0]!r}" if temporal else "keep the row's fc.time column, or use test=",
        )
    return named if named is not None else temporal[0]


def _like(dtype: pl.DataType, since: date) -> date:
    """``since`` as a value that a date or datetime column can be compared with."""
    if not isinstance(dtype, pl.Datetime):
        return since.date() if isinstance(since, datetime) else since
    start = since if isinstance(since, datetime) else datetime.combine(since, midnight())
    zone = ZoneInfo(dtype.time_zone) if dtype.time_zone else None
    if start.tzinfo is None:
        return start.replace(tzinfo=zone)
    return start.astimezone(zone) if zone else start.astimezone(UTC).replace(tzinfo=None)


def _require_both(frame: pl.DataFrame, later: Mask, group: str | None) -> None:
    n_test = int(later.sum())
    if 0 < n_test < frame.height:
        return
    side = "test" if n_test == 0 else "training"
    unit = f"{frame[group].n_unique()} values of {group!r}" if group is not None else f"{frame.height:,} rows"
    raise NotEnoughData(
        f"the {side} side is empty: there are {unit}",
        _WHERE,
        "give more rows, another share or another date",
    )


def _gathered(frame: pl.DataFrame, group: str | None) -> pl.DataFrame:
    """The rows of each group together, groups in the order in which they first appear."""
    if group is None:
        return frame
    placed = pl.DataFrame({"group": frame[group], "row": np.arange(frame.height)})
    first = placed.select(pl.col("row").min().over("group")).to_series().to_numpy()
    return frame[np.argsort(first, kind="stable")]
