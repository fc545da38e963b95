"""fullcycle.data.published: lookups and how they are stored. Examples, then laws, then refusals."""

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import Lookup, LookupCodec, schema
from fullcycle.data.restored import restored
from fullcycle.kernel import Damaged, Invalid, Refused
from fullcycle.record import Artifacts, Codecs, MemoryObjects

CODEC = LookupCodec()


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders: Annotated[int, fc.at_least(0)]
    mean: float | None
    vector: Annotated[list[float], fc.length(2)]


class Stock(fc.Row):
    store: Annotated[str, fc.key]
    item: Annotated[int, fc.key]
    left: int


class Everything(fc.Row):
    k: Annotated[str, fc.key, fc.personal, fc.matching("^[a-z]")]
    day: Annotated[date | None, fc.time]
    n: Annotated[int, fc.between(1, 9)]
    kind: Literal["a", "b"] | None
    size: Literal[1, 2]
    tags: Annotated[list[str], fc.length(2)] = msgspec.field(default_factory=lambda: ["x", "y"])
    since: date = date(2026, 1, 1)
    seen: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    weight: float = 1.0
    note: str | None = None


def taste(client: int, day: int, orders: int = 1) -> Taste:
    return Taste(client, datetime(2026, 1, day, tzinfo=UTC), orders, None, [0.5, float(orders)])


def test_the_newest_row_of_a_key_is_given_whatever_the_order():
    lookup = fc.testing.lookup(taste(7, 3, 30), taste(8, 1), taste(7, 2, 20))

    assert isinstance(lookup, Lookup)
    assert lookup.get(7) == taste(7, 3, 30)
    assert lookup.get(9) is None
    assert (len(lookup), list(lookup)) == (2, [taste(7, 3, 30), taste(8, 1)])
    assert repr(lookup) == "<lookup of Taste: 2 keys>"


def test_a_key_of_two_fields_is_asked_by_both():
    stocks = fc.testing.lookup(Stock("a", 1, 10), Stock("b", 1, 20))

    assert stocks.get("b", 1) == Stock("b", 1, 20)
    assert stocks.get("b", 2) is None


def test_what_trailing_made_can_be_looked_up():
    class Habit(fc.Row):
        client_id: Annotated[int, fc.key]
        day: Annotated[datetime, fc.time]
        orders_90d: int

    orders = pl.DataFrame({"client_id": [1, 1, 2], "at": [datetime(2026, 1, d) for d in (1, 2, 3)]})
    habits = Lookup(Habit, fc.trailing(orders, by="client_id", at="at", last="90d", orders_90d=pl.len()))

    assert habits.get(1) == Habit(1, datetime(2026, 1, 3, tzinfo=UTC), 2)


def test_nothing_can_be_looked_up_too():
    assert fc.testing.empty(Taste).get(1) is None
    assert list(fc.testing.empty(Taste)) == []


def test_it_is_stored_and_comes_back_equal_with_a_class_that_says_the_same():
    lookup = fc.testing.lookup(taste(7, 3), taste(8, 1))

    again = CODEC.decode(CODEC.encode(lookup))

    assert again == lookup
    assert schema(again.contract) == schema(Taste)
    assert again.get(7).vector == [0.5, 1.0]
    assert again.of(Taste).get(7) == lookup.get(7)


def test_an_annotation_says_of_which_class_its_rows_are():
    codecs = Codecs()
    codecs.register(CODEC)
    artifacts = Artifacts(MemoryObjects(), codecs)
    lookup = fc.testing.lookup(taste(7, 3))
    kept = artifacts.keep(lookup)

    assert artifacts.load(kept, fc.Lookup[Taste]).get(7) == taste(7, 3)
    assert artifacts.load(kept, fc.Lookup[Taste] | None).contract is Taste
    assert artifacts.load(kept, fc.Lookup) == artifacts.load(kept) == lookup
    with pytest.raises(Invalid, match="its rows are no Stock"):
        artifacts.load(kept, fc.Lookup[Stock])


def test_the_store_finds_the_codec():
    codecs = Codecs()
    codecs.register(CODEC)

    assert codecs.of(fc.testing.empty(Taste)) is CODEC
    assert CODEC.content(fc.testing.empty(Taste), b"") != CODEC.content(fc.testing.empty(Stock), b"")


@pytest.mark.parametrize("contract", [Taste, Stock, Everything])
def test_a_contract_comes_back_from_what_it_says(contract):
    again = restored(schema(contract))

    assert schema(again) == schema(contract)
    assert fc.testing.frame(Stock, 3).equals(fc.testing.frame(restored(schema(Stock)), 3))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), unique=True, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_changes_neither_answers_nor_content(pairs, random):
    class Seen(fc.Row):
        k: Annotated[int, fc.key]
        day: Annotated[date, fc.time]

    def made(pairs):
        days = [date(2026, 1, day) for _, day in pairs]
        frame = pl.DataFrame(
            {"k": [k for k, _ in pairs], "day": days}, schema={"k": pl.Int64, "day": pl.Date}
        )
        return Lookup(Seen, frame)

    one = made(pairs)
    mixed = made(random.sample(pairs, len(pairs)))
    newest = {k: max(day for other, day in pairs if other == k) for k, _ in pairs}

    assert {k: row.day.day for k in range(5) if (row := one.get(k))} == newest
    assert CODEC.content(one, b"") == CODEC.content(mixed, b"")
    assert CODEC.encode(one) == CODEC.encode(mixed)


def test_rows_that_break_the_contract_are_refused():
    with pytest.raises(Refused, match=r"orders: a value is below 0 \(1 row\)"):
        fc.testing.lookup(taste(1, 1, -1))
    with pytest.raises(Refused, match="store and item: more than one row has the same"):
        fc.testing.lookup(Stock("a", 1, 10), Stock("a", 1, 20))
    with pytest.raises(Refused, match="the table has no such column"):
        Lookup(Stock, pl.DataFrame({"store": ["a"]}))


def test_a_contract_without_a_key_is_refused():
    class Keyless(fc.Row):
        a: int

    with pytest.raises(Invalid, match="has no key"):
        Lookup(Keyless, pl.DataFrame({"a": [1]}))


def test_another_number_of_values_than_the_key_has_is_refused():
    with pytest.raises(Invalid, match=r"1 value\(s\) given, the key is \(store, item\)"):
        fc.testing.empty(Stock).get("a")


def test_another_contract_is_refused():
    with pytest.raises(Invalid, match="its rows are no Stock"):
        fc.testing.empty(Taste).of(Stock)


def test_rows_of_two_contracts_or_none_are_refused():
    with pytest.raises(Invalid, match="these are of Taste and Stock"):
        fc.testing.lookup(taste(1, 1), Stock("a", 1, 1))
    with pytest.raises(Invalid, match=r"fc.testing.empty\(Taste\)"):
        fc.testing.lookup()


@pytest.mark.parametrize("cut", [3, 40, -1])
def test_bytes_that_end_too_early_are_refused(cut):
    with pytest.raises(Damaged, match="run the step again"):
        CODEC.decode(CODEC.encode(fc.testing.lookup(taste(7, 3)))[:cut])


def test_a_service_names_lookups_without_a_table_library():
    program = "import sys, fullcycle as fc\nfc.Lookup[fc.Row]\nprint('polars' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
