"""fullcycle.testing: made-up rows and stand-ins. Examples, then laws, then refusals."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import check, dtype_of, fields, problems
from fullcycle.kernel import Invalid, UnknownName


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]
    history: Annotated[float, fc.at_least(0)]
    zone: Literal["Urban", "Rural"] | None
    taste: Annotated[list[float], fc.length(3)]
    since: Annotated[date, fc.time]
    seen: datetime
    code: Annotated[str, fc.length(2)]
    newbie: bool = False


class Habit(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[date, fc.time]
    orders: int


@given(st.integers(0, 9), st.integers(0, 30))
@settings(max_examples=20)
def test_made_up_rows_keep_their_contract(seed, n):
    rows = fc.testing.rows(Client, n, seed=seed)

    assert [problems(Client, msgspec.json.decode(msgspec.json.encode(row))) for row in rows] == [[]] * n
    assert check(fc.testing.frame(Client, n, seed=seed), Client, table="t").good


def test_a_frame_holds_the_rows():
    frame = fc.testing.frame(Client, 20)

    assert frame.schema == {field.name: dtype_of(field) for field in fields(Client)}
    assert [Client(**row) for row in frame.iter_rows(named=True)] == fc.testing.rows(Client, 20)


def test_the_same_seed_makes_the_same_rows_whatever_their_number():
    assert fc.testing.rows(Client, 3) == fc.testing.rows(Client, 9)[:3]
    assert fc.testing.rows(Client, 3) != fc.testing.rows(Client, 3, seed=8)


def test_what_is_fixed_is_fixed():
    assert fc.testing.row(Client, zone="Rural", history=3.5).zone == "Rural"
    assert {row.history for row in fc.testing.rows(Client, 9, history=3.5)} == {3.5}


def test_what_may_be_none_sometimes_is():
    zones = [row.zone for row in fc.testing.rows(Client, 100)]

    assert 5 < zones.count(None) < 50


def test_a_model_is_a_function():
    model = fc.testing.model(lambda client: client.history)
    clients = fc.testing.rows(Client, 3)

    assert model.predict(clients[0]) == clients[0].history
    assert model.predict(clients) == [client.history for client in clients]


def test_a_lookup_gives_the_newest_row_of_a_key():
    old, new = Habit(1, date(2026, 1, 1), 3), Habit(1, date(2026, 1, 2), 4)

    assert fc.testing.lookup(new, old).get(1) == new
    assert fc.testing.lookup(new, old).get(2) is None
    assert fc.testing.empty(Habit).get(1) is None


def test_a_draw_repeats_with_its_seed():
    weights = {"a": 0.5, "b": 0.5}

    assert [fc.testing.draw(s).pick(weights) for s in range(9)] == [
        fc.testing.draw(s).pick(weights) for s in range(9)
    ]
    assert {fc.testing.draw(s).pick(weights) for s in range(30)} == {"a", "b"}


def test_a_warehouse_of_frames_answers_queries():
    shop = fc.testing.warehouse(**{"shop.visits": pl.DataFrame({"a": [1, 2, 3], "s": ["x", "o'x", "z"]})})

    assert shop.sql("select a from shop.visits where s = $s", s="o'x").frame()["a"].to_list() == [2]
    assert shop.sql("select a from shop.visits where a >= $low", low=2).frame().height == 2


def test_times_bind_into_queries():
    at = datetime(2026, 1, 2, tzinfo=UTC)
    shop = fc.testing.warehouse(t=pl.DataFrame({"at": [datetime(2026, 1, 1), datetime(2026, 1, 3)]}))

    assert shop.sql("select * from t where at > $at", at=at).frame().height == 1
    assert shop.sql("select * from t where at > $at", at=date(2025, 1, 1)).frame().height == 2


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'history'"):
        fc.testing.row(Client, histry=3.0)


def test_a_pattern_has_to_be_fixed():
    class Person(fc.Row):
        email: Annotated[str, fc.matching("@")]

    with pytest.raises(Invalid, match=r"fc.testing.row\(Person, email=…\)"):
        fc.testing.row(Person)
    assert fc.testing.row(Person, email="a@b") == Person("a@b")


def test_more_keys_than_fit_are_refused():
    class Slot(fc.Row):
        slot: Annotated[int, fc.key, fc.between(1, 3)]

    assert [row.slot for row in fc.testing.rows(Slot, 3)] == [1, 2, 3]
    with pytest.raises(Invalid, match="4 different keys do not fit"):
        fc.testing.rows(Slot, 4)


def test_a_lookup_needs_a_key():
    class Keyless(fc.Row):
        a: int

    with pytest.raises(Invalid, match="has no key"):
        fc.testing.empty(Keyless)


def test_a_query_that_cannot_be_answered_says_what_there_is():
    shop = fc.testing.warehouse(visits=pl.DataFrame({"a": [1]}))

    with pytest.raises(Invalid, match="it knows the tables visits"):
        shop.sql("select * from clients").frame()
    with pytest.raises(Invalid, match=r"\$low has no value"):
        shop.sql("select * from visits where a > $low").frame()
