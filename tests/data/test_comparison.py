"""fullcycle.data.comparison: two tables side by side."""

from datetime import date
from typing import Annotated

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import Row, compare_tables, key, personal, time
from fullcycle.kernel import Change


class Client(Row):
    id: Annotated[int, key]
    spent: float | None
    name: Annotated[str, personal]


class Visit(Row):
    id: Annotated[int, key]
    day: Annotated[date, time]
    pages: int


WAS = pl.DataFrame({"id": [1, 2, 3], "spent": [1.0, None, 3.0], "name": ["a", "b", "c"]})


def test_rows_are_matched_by_key():
    now = pl.DataFrame({"id": [2, 3, 4, 5], "spent": [2.0, 3.0, 4.0, 5.0], "name": ["b", "c", "d", "e"]})

    rows = compare_tables(WAS, now, Client).rows

    assert (rows.was, rows.now, rows.added, rows.removed, rows.changed) == (3, 4, 2, 1, 1)
    assert rows.key == ("id",)


def test_a_key_with_a_time_is_one_key():
    was = pl.DataFrame({"id": [1, 1], "day": [date(2026, 1, 1), date(2026, 1, 2)], "pages": [3, 4]})
    now = was.with_columns(pages=pl.Series([3, 5]))

    rows = compare_tables(was, now, Visit).rows

    assert (rows.added, rows.removed, rows.changed, rows.key) == (0, 0, 1, ("id", "day"))


def test_without_a_key_a_row_is_all_its_values_as_often_as_it_stands_there():
    was = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "x", None]})
    now = pl.DataFrame({"a": [1, 2, 2], "b": ["x", None, None]})

    rows = compare_tables(was, now).rows

    assert (rows.added, rows.removed, rows.changed, rows.key) == (1, 1, 0, ())


def test_the_schema_tells_what_came_went_and_became_other():
    now = WAS.drop("name").with_columns(pl.col("id").cast(pl.Float64), seen=pl.lit(True))

    found = compare_tables(WAS, now)

    assert found.schema == (
        Change("id", "changed", "Int64", "Float64"),
        Change("name", "removed", "String"),
        Change("seen", "added", None, "Boolean"),
    )
    assert (found.rows.added, found.rows.removed) == (0, 0)


def test_a_column_tells_its_nulls_mean_quartiles_and_new_categories():
    was = pl.DataFrame({"x": [1.0, 2.0, 3.0], "c": ["a", "b", "b"], "d": [date(2026, 1, 1)] * 3})
    now = pl.DataFrame({"x": [1.0, None, 5.0], "c": ["b", "z", "b"], "d": [date(2026, 2, 1)] * 3})

    x, c, d = compare_tables(was, now).columns

    assert (x.was.mean, x.now.mean, x.was.nulls, x.now.nulls) == (2.0, 3.0, 0, 1)
    assert (x.was.quartiles, x.now.quartiles) == ((1.5, 2.0, 2.5), (2.0, 3.0, 4.0))
    assert (c.new_categories, c.gone_categories) == (("z",), ("a",))
    assert (d.was.high, d.now.low) == ("2026-01-01", "2026-02-01")


def test_a_personal_column_is_compared_and_never_shown():
    now = WAS.with_columns(name=pl.lit("secret"))

    found = compare_tables(WAS, now, Client)

    assert found.rows.changed == 3
    assert found.columns == ()


def test_a_category_and_its_text_are_one_value():
    was = pl.DataFrame({"c": ["a", "b"]})

    found = compare_tables(was, was.with_columns(pl.col("c").cast(pl.Categorical)))

    assert [change.name for change in found.schema] == ["c"]
    assert (found.rows.added, found.rows.removed, found.columns) == (0, 0, ())


def test_a_table_without_columns_in_common_is_all_new():
    rows = compare_tables(pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"b": [1]})).rows

    assert (rows.added, rows.removed) == (1, 2)


def test_lists_are_compared_by_what_they_hold():
    was = pl.DataFrame({"l": [[1], [2, 3], None]})

    rows = compare_tables(was, pl.DataFrame({"l": [[1], [2, 4], None]})).rows

    assert (rows.added, rows.removed) == (1, 1)


tables = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["x", "y", None])), max_size=8).map(
    lambda rows: pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String}, orient="row")
)


@given(was=tables, now=tables)
def test_rows_that_stayed_came_and_went_add_up(was, now):
    there, back = compare_tables(was, now).rows, compare_tables(now, was).rows

    assert there.was - there.removed + there.added == there.now
    assert (there.added, there.removed) == (back.removed, back.added)


@given(table=tables)
def test_the_order_of_rows_says_nothing(table):
    found = compare_tables(table, table.reverse())

    assert (found.schema, found.columns) == ((), ())
    assert (found.rows.added, found.rows.removed, found.rows.changed) == (0, 0, 0)
