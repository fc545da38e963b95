"""fullcycle.metric.sql: queries of users put into one."""

import doctest
from importlib import import_module
from math import isnan

import duckdb
import pytest

from fullcycle.data import Query
from fullcycle.kernel import Invalid
from fullcycle.metric import event_value, inlined, quoted, unit_value


def query(text, **values):
    return Query(text, values, lambda text, values: None)


def ask(text, values=None):
    with duckdb.connect(":memory:") as connection:
        return connection.execute(text, values or None).fetchall()


def test_each_query_keeps_its_own_values():
    one, ones = inlined(query("select $x as a", x=1), "one_")
    two, twos = inlined(query("select $x as b", x=2), "two_")

    assert ask(f"select a, b from {one}, {two}", {**ones, **twos}) == [(1, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "select $x as a -- a comment to the end, with $x and ;",
        "select $x as a /* $x ; */ ;",
        "select $x as a;\n-- done",
        "select $x as a where '$x;' = '$' || 'x;' and $$ $x $$ = ' $' || 'x '",
        """select "a$x" as a from (select $x as "a$x")""",
        "select $x as a where $t$ ' $x $t$ <> E'\\'$x'",
    ],
)
def test_only_values_are_renamed_and_only_a_last_semicolon_is_dropped(text):
    inner, values = inlined(query(text, x=7), "p_")

    assert values == {"p_x": 7}
    assert ask(f"select a from {inner}", values) == [(7,)]


def test_a_second_statement_is_refused():
    with pytest.raises(Invalid, match="one select statement"):
        inlined(query("select 1; drop table clients"), "p_")


def test_a_condition_cannot_run_away_with_the_rest():
    value = event_value("mean", "x", "x > 1 or x < 0 -- else")

    assert ask(f"select {value} from (values (1), (2), (-3)) t(x)") == [(None,), (2.0,), (-3.0,)]


def test_what_a_unit_is_worth():
    rows = "(values (1.5), (2.0), (null)) t(v)"

    assert ask(f"select {unit_value('mean', 'v', None)} from {rows}") == [(3.5,)]
    assert ask(f"select {unit_value('mean', 'v', 3.0)} from {rows}") == [(3.0,)]
    assert ask(f"select {unit_value('mean', 'v', None)} from {rows} where false") == [(0.0,)]
    assert ask(
        f"select {unit_value('proportion', event_value('proportion', None, None), None)} from {rows}"
    ) == [(1.0,)]
    assert ask(f"select {unit_value('mean', event_value('mean', None, None), None)} from {rows}") == [(3.0,)]


def test_a_unit_whose_value_is_no_number_is_not_cut_to_the_largest_there_is():
    rows = "(values ('nan'::float8), (1.0)) t(v)"

    (told,) = ask(f"select {unit_value('mean', 'v', 20.0)} from {rows}")
    assert isnan(told[0])


def test_a_name_may_hold_anything():
    assert ask(f"select {quoted('at')} from (select 1 as {quoted('at')})") == [(1,)]
    assert quoted('a"; drop') == '"a""; drop"'


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(import_module("fullcycle.metric.sql")).failed == 0
