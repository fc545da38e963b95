"""fullcycle.data.divergence: examples first, then laws."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import first_difference, table_difference, text_difference

CLIENTS = pl.DataFrame({"id": [1, 2, 3], "spend": [1.0, None, float("nan")], "name": ["a", "b", "c"]})


def test_of_two_tables_the_first_row_and_the_other_columns_are_named():
    other = CLIENTS.with_columns(spend=pl.Series([1.0, 2.0, 3.0]), name=pl.Series(["a", "b", "d"]))

    assert table_difference(CLIENTS, other) == "spend[1]: None → 2.0; 2 of 3 rows differ, also in name"


def test_values_of_personal_columns_are_not_shown():
    other = CLIENTS.with_columns(name=pl.Series(["a", "b", "d"]))

    assert table_difference(CLIENTS, other, {"name"}) == "name[2]: •••; 1 of 3 rows differ"
    assert first_difference({"name": "ada"}, {"name": "bob"}, {"name"}) == "['name']: •••"


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (CLIENTS.head(2), "3 → 2 rows"),
        (CLIENTS.rename({"name": "who"}), "without the column name; with the new column who"),
        (
            CLIENTS.select("name", "id", "spend"),
            "its columns stand in another order: id, spend, name → name, id, spend",
        ),
        (CLIENTS.cast({"id": pl.Int32}), "column id: Int64 → Int32"),
    ],
)
def test_what_is_other_about_a_table_as_a_whole_is_told_before_its_values(other, told):
    assert table_difference(CLIENTS, other) == told


def test_zero_and_minus_zero_differ_and_one_nan_is_as_good_as_another():
    assert first_difference(pl.DataFrame({"x": [0.0]}), pl.DataFrame({"x": [-0.0]})) == (
        "x[0]: 0.0 → -0.0; 1 of 1 rows differ"
    )
    assert first_difference(CLIENTS, CLIENTS.clone()) == ""


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.0}]}, "['a'][1]['b']: 2 → 2.0"),
        ({"a": 1}, {"b": 1}, "['a'] is gone"),
        ([1], [1, 2], "1 → 2 elements"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "its keys in another order"),
        (np.eye(2), np.ones((2, 2)), "[0, 1]: 0.0 → 1.0; 2 of 4 differ"),
        (np.zeros(2), np.zeros(3), "float64[2] → float64[3]"),
    ],
)
def test_the_first_place_of_plain_data_and_arrays_is_named_as_python_asks_for_it(was, now, told):
    assert first_difference(was, now) == told


def test_of_long_lines_the_part_is_shown_in_which_they_differ():
    was, now = ("weights " + "0 " * 200 + end for end in ("1", "2"))

    told = text_difference(f"head\n{was}\n", f"head\n{now}\n")

    assert told.startswith("line 2: …")
    assert told.endswith("0 0 2")
    assert len(told) < 150


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_nothing_differs_from_itself(value):
    assert first_difference(value, value) == ""


@given(plain, plain)
def test_whatever_is_written_differently_is_told(was, now):
    assert bool(first_difference(was, now)) == (repr(was) != repr(now))
