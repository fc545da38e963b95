"""fullcycle.data.index: a served lookup answers as the flow's does. Examples, laws, damage, refusals."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fullcycle as fc
from fullcycle.data import Lookup, ServedLookup, index_digest, verify_index, write_index
from fullcycle.data.index import HEAD, key_bytes
from fullcycle.kernel import Damaged, Invalid

CONTENT = "ab" * 32


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    day: Annotated[datetime, fc.time]
    orders: Annotated[int, fc.at_least(0)]
    mean: float | None
    vector: Annotated[list[float], fc.length(2)]


class Everything(fc.Row):
    whole: int
    part: float
    text: str
    yes: bool
    day: date
    at: datetime
    size: Literal["s", "m"]
    tags: list[str]
    days: list[date] | None
    maybe: float | None
    k: Annotated[int, fc.key]


def taste(client: int, day: int = 1, orders: int = 1) -> Taste:
    return Taste(client, datetime(2026, 1, day, tzinfo=UTC), orders, None, [0.5, float(orders)])


def served(lookup: Lookup, folder: Path) -> ServedLookup:
    path = folder / "lookup.index"
    write_index(lookup, CONTENT, path)
    verify_index(path)
    return ServedLookup(lookup.contract, path)


def test_a_served_lookup_gives_the_newest_row_of_a_key(tmp_path):
    tastes = served(fc.testing.lookup(taste(7, 3, 30), taste(8), taste(7, 2, 20)), tmp_path)

    assert tastes.get(7) == taste(7, 3, 30)
    assert type(tastes.get(8)) is Taste
    assert tastes.get(9) is None
    assert (len(tastes), repr(tastes), tastes.content) == (2, "<lookup of Taste: 2 keys>", CONTENT)


def test_one_without_rows_gives_none(tmp_path):
    nothing = served(fc.testing.empty(Taste), tmp_path)

    assert (nothing.get(0), nothing.get(-1), len(nothing)) == (None, None, 0)


def test_defaults_of_every_sort_are_no_other_contract(tmp_path):
    class Odd(fc.Row):
        k: Annotated[int, fc.key]
        most: float = float("inf")
        day: date = date(2026, 1, 1)
        at: datetime | None = None

    assert served(fc.testing.lookup(Odd(1)), tmp_path).get(1) == Odd(1)


def test_keys_of_one_hash_are_told_apart_by_the_keys_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr("fullcycle.data.index.key_bytes", lambda key: b"the same")
    monkeypatch.setattr("fullcycle.data.indexing.key_bytes", lambda key: b"the same")
    tastes = served(fc.testing.lookup(*(taste(n) for n in range(50))), tmp_path)

    assert [tastes.get(n) for n in range(50)] == [taste(n) for n in range(50)]
    assert tastes.get(50) is None


def test_the_hash_of_a_key_never_changes_or_no_index_would_be_read_again():
    assert key_bytes(b"\x07").hex() == "3cff2e64e2f7941d"


def test_its_name_hangs_on_what_it_holds_alone():
    assert index_digest("a") == index_digest("a") != index_digest("b")


def test_the_same_rows_make_the_same_bytes(tmp_path):
    lookup = fc.testing.lookup(*(taste(n) for n in range(20)))
    write_index(lookup, CONTENT, tmp_path / "one")
    write_index(lookup, CONTENT, tmp_path / "two")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_that_is_removed_goes_on_answering(tmp_path):
    tastes = served(fc.testing.lookup(taste(7)), tmp_path)
    (tmp_path / "lookup.index").unlink()

    assert tastes.get(7) == taste(7)


def test_asking_one_needs_neither_polars_nor_numpy(tmp_path):
    class Shelf(fc.Row):
        item: Annotated[str, fc.key]
        left: int

    served(fc.testing.lookup(Shelf("a", 3)), tmp_path)
    script = """
import sys
from pathlib import Path
from typing import Annotated
import fullcycle as fc
from fullcycle.data import ServedLookup, verify_index
class Shelf(fc.Row):
    item: Annotated[str, fc.key]
    left: int
path = Path(sys.argv[1])
verify_index(path)
assert ServedLookup(Shelf, path).get("a").left == 3
fc.Lookup[Shelf]
print(sorted({"polars", "numpy", "pyarrow"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, tmp_path / "lookup.index"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


INT64 = st.integers(-(2**63), 2**63 - 1)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))
FLOATS = st.floats(allow_nan=False)
ROWS = st.builds(
    Everything,
    whole=INT64,
    part=FLOATS,
    text=st.text(),
    yes=st.booleans(),
    day=st.dates(),
    at=INSTANTS,
    size=st.sampled_from("sm"),
    tags=st.lists(st.text(max_size=3), max_size=3),
    days=st.none() | st.lists(st.dates(), max_size=2),
    maybe=st.none() | FLOATS,
    k=INT64,
)


@given(st.lists(ROWS, max_size=8, unique_by=lambda row: row.k), INT64)
@settings(deadline=None)
def test_every_value_comes_back_as_the_flows_lookup_gives_it(rows, other):
    lookup = fc.testing.lookup(*rows) if rows else fc.testing.empty(Everything)
    with TemporaryDirectory() as folder:
        index = served(lookup, Path(folder))

        for k in [*(row.k for row in rows), other]:
            assert index.get(k) == lookup.get(k)
            assert repr(index.get(k)).replace("datetime.timezone.utc", "UTC") == repr(lookup.get(k)).replace(
                "zoneinfo.ZoneInfo(key='UTC')", "UTC"
            )


KEYS = {
    int: INT64 | st.booleans(),
    float: FLOATS | st.integers(-9, 9),
    str: st.text(max_size=4),
    bool: st.booleans(),
    date: st.dates(),
    datetime: INSTANTS,
}


class ByInt(fc.Row):
    a: Annotated[int, fc.key]


class ByFloat(fc.Row):
    a: Annotated[float, fc.key]


class ByText(fc.Row):
    a: Annotated[str, fc.key]


class ByBool(fc.Row):
    a: Annotated[bool, fc.key]


class ByDate(fc.Row):
    a: Annotated[date, fc.key]


class ByInstant(fc.Row):
    a: Annotated[datetime, fc.key]


class ByChoice(fc.Row):
    a: Annotated[Literal["x", "y"], fc.key]


class ByTwo(fc.Row):
    a: Annotated[str, fc.key]
    between: int
    b: Annotated[float | None, fc.key]


CONTRACTS = {
    ByInt: st.tuples(KEYS[int]),
    ByFloat: st.tuples(KEYS[float]),
    ByText: st.tuples(KEYS[str]),
    ByBool: st.tuples(KEYS[bool]),
    ByDate: st.tuples(KEYS[date]),
    ByInstant: st.tuples(KEYS[datetime]),
    ByChoice: st.tuples(st.sampled_from("xy")),
    ByTwo: st.tuples(st.text(max_size=2), st.none() | KEYS[float]),
}


@pytest.mark.parametrize("contract", CONTRACTS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_key_of_any_type_finds_what_a_dict_would_find(contract, data):
    keys = data.draw(st.lists(CONTRACTS[contract], max_size=10, unique=True))
    asked = data.draw(st.lists(CONTRACTS[contract], max_size=5))
    rows = [
        contract(key[0], n, key[1]) if contract is ByTwo else contract(*key) for n, key in enumerate(keys)
    ]
    lookup = fc.testing.lookup(*rows) if rows else fc.testing.empty(contract)
    plain = dict(zip(keys, rows, strict=True))
    with TemporaryDirectory() as folder:
        index = served(lookup, Path(folder))

        for key in [*keys, *asked]:
            assert index.get(*key) == lookup.get(*key) == plain.get(key)


def test_an_instant_is_found_in_every_time_zone(tmp_path):
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    index = served(fc.testing.lookup(ByInstant(at)), tmp_path)

    assert index.get(at.astimezone(timezone(timedelta(hours=2)))) == ByInstant(at)


def test_values_of_subclasses_ask_for_what_they_equal(tmp_path):
    class Size(StrEnum):
        SMALL = "s"

    (tmp_path / "text").mkdir()
    texts = served(fc.testing.lookup(ByText("s")), tmp_path / "text")
    numbers = served(fc.testing.lookup(ByInt(1)), tmp_path)

    assert texts.get(Size.SMALL) == ByText("s")
    assert numbers.get(np.int64(1)) == numbers.get(True) == ByInt(1)


def test_what_no_table_can_hold_is_not_found(tmp_path):
    (tmp_path / "text").mkdir()

    assert served(fc.testing.lookup(ByText("s")), tmp_path / "text").get("\ud800") is None
    assert served(fc.testing.lookup(ByInt(1)), tmp_path).get(2**70) is None


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_flipped_bit_is_told_when_it_is_loaded(data):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lookup.index"
        write_index(fc.testing.lookup(*(taste(n) for n in range(20))), CONTENT, path)
        flipped = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(flipped) - 1))
        flipped[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(flipped)

        with pytest.raises(Damaged):
            verify_index(path)


def test_a_row_that_changed_after_it_was_loaded_is_told_and_not_given(tmp_path):
    path = tmp_path / "lookup.index"
    write_index(fc.testing.lookup(taste(7)), CONTENT, path)
    tastes = ServedLookup(Taste, path)
    assert tastes.get(7) == taste(7)

    with path.open("r+b") as file:
        file.seek(HEAD.size + 12)
        byte = file.read(1)
        file.seek(HEAD.size + 12)
        file.write(bytes([byte[0] ^ 1]))

    with pytest.raises(Damaged, match="a row is not what was written"):
        tastes.get(7)


@pytest.mark.parametrize("keep", [0, 7, 30, 200, -1])
def test_a_file_cut_short_is_told(tmp_path, keep):
    path = tmp_path / "lookup.index"
    write_index(fc.testing.lookup(taste(7)), CONTENT, path)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(Damaged, match="the index of a lookup is damaged"):
        verify_index(path)
    with pytest.raises(Damaged, match="the index of a lookup is damaged"):
        ServedLookup(Taste, path)


WRONG = [
    (ByInt, ("7",), r"a is asked for by str, and is int"),
    (ByInt, (7.0,), r"a is asked for by float, and is int"),
    (ByInt, (None,), r"a is asked for by NoneType, and is int"),
    (ByText, (7,), r"a is asked for by int, and is str"),
    (ByBool, (1,), r"a is asked for by int, and is bool"),
    (ByFloat, ("1",), r"a is asked for by str, and is float"),
    (ByDate, (datetime(2026, 1, 1, tzinfo=UTC),), r"a is asked for by datetime, and is date"),
    (ByInstant, (date(2026, 1, 1),), r"a is asked for by date, and is datetime"),
    (ByInstant, (datetime(2026, 1, 1),), r"by a datetime without a time zone.*\n.*\n.*such as a UTC time"),
    (ByInt, (), r"0 value\(s\) given, the key is \(a\)"),
    (ByInt, (1, 2), r"2 value\(s\) given, the key is \(a\)"),
    (ByTwo, ("a",), r"1 value\(s\) given, the key is \(a, b\)"),
    (ByTwo, (None, 1.0), r"a is asked for by NoneType, and is str"),
]


@pytest.mark.parametrize(("contract", "key", "words"), WRONG)
def test_a_key_that_none_can_be_is_refused_by_both_alike(tmp_path, contract, key, words):
    lookup = fc.testing.empty(contract)

    for one in (lookup, served(lookup, tmp_path)):
        with pytest.raises(Invalid, match=words) as caught:
            one.get(*key)
        assert not key or repr(key[0]) not in str(caught.value) or key[0] is None


def test_what_is_not_asked_by_key_is_refused_in_words(tmp_path):
    tastes = served(fc.testing.lookup(taste(7)), tmp_path)

    with pytest.raises(Invalid, match="asks a lookup by key; it has not its rows one after another"):
        list(tastes)
    with pytest.raises(Invalid, match="it has not its table"):
        _ = tastes.frame


def test_rows_of_another_contract_are_refused(tmp_path):
    write_index(fc.testing.lookup(taste(7)), CONTENT, tmp_path / "index")

    with pytest.raises(Invalid, match="its rows are no ByInt"):
        ServedLookup(ByInt, tmp_path / "index")


def test_a_table_of_several_pieces_is_one_index(tmp_path, monkeypatch):
    monkeypatch.setattr("fullcycle.data.indexing._ROWS", 7)
    numbers = Lookup(ByInt, pl.DataFrame({"a": range(1000)}))
    index = served(numbers, tmp_path)

    assert all(index.get(n) == ByInt(n) for n in range(1000))
    assert (index.get(-1), index.get(1000)) == (None, None)
