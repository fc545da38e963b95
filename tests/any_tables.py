"""Tables of every dtype, drawn by chance, and the same values laid out otherwise in memory."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import strategies as st

DTYPES = {
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.UInt8(): st.integers(0, 255),
    pl.Int128(): st.integers(-(2**100), 2**100),
    pl.Float64(): st.floats(allow_nan=True),
    pl.Float32(): st.floats(width=32),
    pl.Boolean(): st.booleans(),
    pl.String(): st.text(max_size=4) | st.text("é1", min_size=13, max_size=20),
    pl.Binary(): st.binary(max_size=4) | st.binary(min_size=13, max_size=20),
    pl.Date(): st.dates(),
    pl.Time(): st.times(),
    pl.Datetime("us", "UTC"): st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
    pl.Duration("us"): st.timedeltas(timedelta(-999), timedelta(999)),
    pl.Decimal(20, 2): st.decimals(-999, 999, places=2),
    pl.Categorical(): st.sampled_from("abc"),
    pl.Enum(["a", "b"]): st.sampled_from("ab"),
    pl.List(pl.Float64()): st.lists(st.none() | st.floats(-9, 9), max_size=3),
    pl.List(pl.String()): st.lists(st.none() | st.text(max_size=2), max_size=3),
    pl.List(pl.Categorical()): st.lists(st.none() | st.sampled_from("ab"), max_size=3),
    pl.List(pl.List(pl.Int16())): st.lists(
        st.none() | st.lists(st.none() | st.integers(0, 9), max_size=2), max_size=2
    ),
    pl.Array(pl.Int64(), 2): st.lists(st.none() | st.integers(0, 9), min_size=2, max_size=2),
    pl.Struct({"a": pl.Int64(), "b": pl.String()}): st.fixed_dictionaries(
        {"a": st.none() | st.integers(0, 9), "b": st.none() | st.text(max_size=2)}
    ),
    pl.Null(): st.none(),
}


def series(dtype, values, name="a") -> pl.Series:
    """A column of these values."""
    if isinstance(dtype, pl.Datetime):
        naive = pl.Series(name, values, dtype=pl.Datetime("us"))
        return naive.dt.replace_time_zone("UTC")
    return pl.Series(name, values, dtype=dtype)


@st.composite
def columns(draw):
    """A dtype and values of it, nulls among them."""
    dtype = draw(st.sampled_from(list(DTYPES)))
    values = draw(st.lists(st.none() | DTYPES[dtype], max_size=6))
    return dtype, values


@st.composite
def tables(draw, min_rows=0):
    """Columns of a table: a list of name, dtype and values."""
    height = draw(st.integers(min_rows, 5))
    names = draw(st.lists(st.sampled_from(["a", "b", "é", "", "a b"]), min_size=1, max_size=3, unique=True))
    dtypes = [draw(st.sampled_from(list(DTYPES))) for _ in names]
    drawn = [draw(st.lists(st.none() | DTYPES[dtype], min_size=height, max_size=height)) for dtype in dtypes]
    return [list(column) for column in zip(names, dtypes, drawn, strict=True)]


def frame_of(table) -> pl.DataFrame:
    """The table as a frame, each column in one piece."""
    return pl.DataFrame([series(dtype, values, name) for name, dtype, values in table])


@st.composite
def laid_out(draw, table):
    """The table as a frame whose columns lie in pieces, and in a part of something longer."""
    made = []
    for name, dtype, values in table:
        before, after = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        longer = series(dtype, (values * 3)[:before] + values + (values * 3)[:after], name)
        column = longer.slice(min(before, 3 * len(values)), len(values))
        at = draw(st.integers(0, len(values)))
        made.append(pl.concat([column[:at], column[at:]], rechunk=False))
    return pl.DataFrame(made)
