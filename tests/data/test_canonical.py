"""fullcycle.data: digests and storage of tables. Examples, then laws, then refusals."""

import struct
import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import FrameCodec, canonical, table_digest
from fullcycle.kernel import Damaged, Invalid

DTYPES = {
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.UInt8(): st.integers(0, 255),
    pl.Int128(): st.integers(-(2**100), 2**100),
    pl.Float64(): st.floats(allow_nan=True),
    pl.Boolean(): st.booleans(),
    pl.String(): st.text(max_size=4),
    pl.Binary(): st.binary(max_size=4),
    pl.Date(): st.dates(),
    pl.Datetime("us", "UTC"): st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
    pl.Duration("us"): st.timedeltas(timedelta(-999), timedelta(999)),
    pl.Decimal(20, 2): st.decimals(-999, 999, places=2),
    pl.Categorical(): st.sampled_from("abc"),
    pl.Enum(["a", "b"]): st.sampled_from("ab"),
    pl.List(pl.Float64()): st.lists(st.none() | st.floats(-9, 9), max_size=3),
    pl.List(pl.String()): st.lists(st.none() | st.text(max_size=2), max_size=3),
    pl.Array(pl.Int64(), 2): st.lists(st.integers(0, 9), min_size=2, max_size=2),
    pl.Struct({"a": pl.Int64(), "b": pl.String()}): st.fixed_dictionaries(
        {"a": st.none() | st.integers(0, 9), "b": st.none() | st.text(max_size=2)}
    ),
    pl.Null(): st.none(),
}


@st.composite
def columns(draw):
    dtype = draw(st.sampled_from(list(DTYPES)))
    values = draw(st.lists(st.none() | DTYPES[dtype], max_size=6))
    return dtype, values


def series(dtype, values) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        naive = pl.Series("a", values, dtype=pl.Datetime("us"))
        return naive.dt.replace_time_zone("UTC")
    return pl.Series("a", values, dtype=dtype)


def digest(*parts: pl.Series) -> str:
    return table_digest(pl.DataFrame(list(parts)))


def test_a_digest_is_pinned():
    frame = pl.DataFrame(
        {
            "i": [1, None, 3],
            "f": [0.5, -0.0, None],
            "s": ["a", None, "é"],
            "b": [True, False, None],
            "d": [date(2026, 1, 1), None, date(1969, 12, 31)],
            "l": [[1.0, 2.0], [], None],
        }
    )

    assert table_digest(frame) == "98fa0cdc2edb0193598d7c34dcbd09528dad2832c99796b30d61b950bf6f38cf"


def test_names_dtypes_order_and_rows_all_count():
    base = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    others = [
        base.rename({"a": "c"}),
        base.select("b", "a"),
        base.reverse(),
        base.head(1),
        base.with_columns(pl.col("a").cast(pl.Int32)),
        base.with_columns(b=pl.Series([3, 5])),
        base.with_columns(b=pl.Series([3, None])),
        base.drop("b"),
        pl.DataFrame(),
        base.clear(),
    ]

    assert len({table_digest(frame) for frame in [base, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.0], [-0.0]),
        ([None], [0.0]),
        ([None], [float("nan")]),
        (["ab", "c"], ["a", "bc"]),
        ([""], [None]),
        ([[]], [None]),
        ([[1], [2, 3]], [[1, 2], [3]]),
        ([[None]], [[]]),
        ([{"a": None}], [{"a": 0}]),
        ([True, None], [True, False]),
    ],
)
def test_values_that_are_easily_confused_differ(one, other):
    dtype = pl.Series(one + other, strict=False).dtype

    assert digest(pl.Series("a", one, dtype=dtype)) != digest(pl.Series("a", other, dtype=dtype))


def test_floats_differ_by_their_bits():
    quiet, payload = (
        struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF8 << 48, (0x7FF8 << 48) | 1)
    )

    assert digest(pl.Series("a", np.array([quiet]))) != digest(pl.Series("a", np.array([payload])))


@given(columns(), st.data())
def test_chunks_slices_and_hidden_values_leave_no_trace(column, data):
    dtype, values = column
    whole = series(dtype, values)
    at = data.draw(st.integers(0, len(values)))
    padded = series(dtype, values[-1:] + values + values[:2])
    sliced = padded.slice(len(values[-1:]), len(values))
    chunked = pl.concat([whole[:at], whole[at:]], rechunk=False)

    assert digest(whole) == digest(sliced) == digest(chunked) == digest(whole.clone().rechunk())


@given(columns(), columns())
def test_equal_digests_mean_equal_values(one, other):
    a, b = series(*one), series(*other)
    same = a.dtype == b.dtype and a.equals(b, null_equal=True) and repr(a.to_list()) == repr(b.to_list())

    assert (digest(a) == digest(b)) == same


@given(st.lists(st.none() | st.integers(0, 9)), st.integers(1, 5))
def test_values_under_nulls_leave_no_trace(values, hidden):
    clean = pl.Series("a", values, dtype=pl.Int64)
    dirty = pl.select(
        a=pl.when(clean.is_not_null()).then(clean.fill_null(hidden)).otherwise(pl.lit(None, dtype=pl.Int64))
    ).to_series()

    assert digest(clean) == digest(dirty)


@given(st.permutations(["x", "y", "z"]))
def test_the_coding_of_a_categorical_leaves_no_trace(order):
    pl.Series(order, dtype=pl.Categorical)
    labels = ["y", "x", None, "z", "x"]
    late = pl.Series("a", [*order, *labels], dtype=pl.Categorical)[3:]

    assert digest(late) == digest(pl.Series("a", labels, dtype=pl.Categorical))


@given(st.lists(st.integers(0, 99), min_size=1), st.integers(1, 7))
def test_blocks_tell_values_apart_wherever_they_end(values, block):
    original, canonical.BLOCK = canonical.BLOCK, block
    try:
        whole = digest(pl.Series("a", values))
        assert whole == digest(pl.concat([pl.Series("a", [v]) for v in values], rechunk=False))
        assert whole != digest(pl.Series("a", [*values[:-1], values[-1] + 1]))
    finally:
        canonical.BLOCK = original


@given(columns())
def test_a_stored_table_comes_back_the_same(column):
    codec = FrameCodec()
    frame = series(*column).to_frame()
    data = codec.encode(frame)
    back = codec.decode(data)

    assert codec.matches(frame)
    assert not codec.matches(column[1])
    assert back.schema == frame.schema
    assert codec.content(back, b"") == codec.content(frame, data) == table_digest(frame)


def test_eighty_megabytes_of_numbers_take_no_loop_over_values():
    frame = pl.DataFrame({"a": np.arange(10_000_000, dtype=np.float64)})
    table_digest(frame)
    start = time.process_time()
    table_digest(frame)
    spent = time.process_time() - start

    start = time.process_time()
    hash(tuple(frame["a"].to_list()[:1_000_000]))  # a tenth of a loop over the values
    assert spent < (time.process_time() - start) * 10


def test_python_objects_have_no_digest():
    with pytest.raises(Invalid, match="'a' holds Object"):
        table_digest(pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"ARROW1\0\0" + b"\0" * 50])
def test_damaged_bytes_are_told(data):
    with pytest.raises(Damaged, match="not readable as a table"):
        FrameCodec().decode(data)


def test_decimals_and_their_scale_count():
    one = pl.Series("a", [Decimal("1.50")], dtype=pl.Decimal(10, 2))

    assert digest(one) != digest(one.cast(pl.Decimal(10, 3)))
