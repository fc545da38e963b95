"""fullcycle.data: digests and storage of tables. Examples, then laws, then refusals."""

import struct
import time
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from any_tables import DTYPES, columns, frame_of, laid_out, series, tables
from fullcycle.data import canonical, table_digest
from fullcycle.kernel import Invalid


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


def test_tables_that_differ_in_the_names_of_their_columns_only_differ():
    """As those of a fingerprint that is made of the values alone do not."""
    assert digest(pl.Series("a", [1])) != digest(pl.Series("b", [1]))
    assert digest(pl.Series("a", [1]), pl.Series("b", [1])) != digest(
        pl.Series("b", [1]), pl.Series("a", [1])
    )


@pytest.mark.parametrize("one", ["1", 1.0, True, b"1", Decimal(1), date(1970, 1, 2)])
def test_a_number_differs_from_whatever_is_written_like_it(one):
    assert digest(pl.Series("a", [1])) != digest(pl.Series("a", [one]))


def test_tables_that_are_equal_and_came_about_otherwise_do_not_differ():
    """As those of a digest of a pickle do."""
    rows = [{"a": 1, "s": "a text that lies outside of its view", "c": "x"}, {"a": 2, "s": None, "c": "y"}]
    schema = {"a": pl.Int64, "s": pl.String, "c": pl.Categorical}
    built = pl.DataFrame(rows, schema=schema)
    parsed = pl.read_json(built.write_json().encode(), schema=schema)
    joined = built.select("a", "c").join(built.select("a", "s"), on="a", how="left", maintain_order="left")
    grown = pl.concat([built.head(1), built.tail(1)], rechunk=False)
    filtered = pl.concat([built, built]).filter(pl.int_range(pl.len()) > 1)

    others = (parsed, joined.select("a", "s", "c"), grown, filtered)
    assert {table_digest(frame) for frame in others} == {table_digest(built)}


def test_columns_without_values_differ_by_their_dtype():
    empty = [digest(series(dtype, [])) for dtype in DTYPES]
    nulls = [digest(series(dtype, [None])) for dtype in DTYPES]

    assert len({*empty, *nulls}) == 2 * len(DTYPES)


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


@given(st.data())
def test_equal_values_have_one_digest_however_they_lie(data):
    table = data.draw(tables())
    frame = frame_of(table)

    assert table_digest(frame) == table_digest(data.draw(laid_out(table)))
    assert table_digest(frame) == table_digest(frame.clone().rechunk())


@given(st.data())
def test_one_change_of_any_sort_gives_another_digest(data):
    table = data.draw(tables(min_rows=1))
    change = data.draw(st.sampled_from([other_value, other_null, other_name, other_dtype, other_order]))

    assert table_digest(frame_of(table)) != table_digest(frame_of(change(table, data)))


def other_value(table, data):
    return with_value(table, data, lambda dtype: data.draw(DTYPES[dtype]))


def other_null(table, data):
    return with_value(table, data, lambda dtype: None)


def with_value(table, data, value):
    """The table with another value in one place."""
    at = data.draw(st.integers(0, len(table) - 1))
    name, dtype, values = table[at]
    row = data.draw(st.integers(0, len(values) - 1))
    changed = [*values[:row], value(dtype), *values[row + 1 :]]
    one, other = (series(dtype, each).to_list() for each in (values, changed))
    assume(repr(one) != repr(other))
    return [*table[:at], [name, dtype, changed], *table[at + 1 :]]


def other_name(table, data):
    at = data.draw(st.integers(0, len(table) - 1))
    name, *rest = table[at]
    return [*table[:at], [f"{name}?", *rest], *table[at + 1 :]]


def other_dtype(table, data):
    """The same table with one column of nulls, which pass for values of any dtype."""
    at = data.draw(st.integers(0, len(table) - 1))
    name, dtype, values = table[at]
    other = data.draw(st.sampled_from([each for each in DTYPES if each != dtype]))
    assume(all(value is None for value in values))
    return [*table[:at], [name, other, values], *table[at + 1 :]]


def other_order(table, data):
    """The rows or the columns the other way round."""
    if data.draw(st.booleans()):
        assume(len(table) > 1)
        return table[::-1]
    turned = [[name, dtype, values[::-1]] for name, dtype, values in table]
    assume(repr(frame_of(turned).rows()) != repr(frame_of(table).rows()))
    return turned


@given(st.lists(st.none() | st.text(max_size=3)), st.integers(1, 9))
def test_where_text_is_cut_on_its_way_leaves_no_trace(values, piece):
    original, canonical._PIECE = canonical._PIECE, piece
    try:
        cut = digest(pl.Series("a", values, dtype=pl.String))
    finally:
        canonical._PIECE = original
    assert cut == digest(pl.Series("a", values, dtype=pl.String))


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


def test_decimals_and_their_scale_count():
    one = pl.Series("a", [Decimal("1.50")], dtype=pl.Decimal(10, 2))

    assert digest(one) != digest(one.cast(pl.Decimal(10, 3)))
