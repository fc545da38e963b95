"""fullcycle.flow.memo: examples first, then two writers at once."""

import threading
from datetime import date
from decimal import Decimal

import pytest

from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.flow import Memoized, remember, remembered
from fullcycle.flow.memo import memo_key
from fullcycle.record import Artifact, MemoryLedger

KEY = "a" * 64


def result(content):
    return Memoized(step="visit", artifact=Artifact(content, content, "json@1", 3))


def key(step="visit", code="c1", parameters=None, inputs=None):
    return memo_key(step, code, parameters or {"leaves": 31}, inputs or {"past": ("DataFrame", "d1")})


# the key


@pytest.mark.parametrize(
    "other",
    [
        {"step": "visits"},
        {"code": "c2"},
        {"parameters": {"leaves": 32}},
        {"parameters": {"leaves": 31.0}},
        {"parameters": {"leaves": "31"}},
        {"parameters": {"leafs": 31}},
        {"parameters": {"leaves": 31, "rate": None}},
        {"inputs": {"past": ("DataFrame", "d2")}},
        {"inputs": {"past": ("Query", "d1")}},
        {"inputs": {"rows": ("DataFrame", "d1")}},
        {"inputs": {"past": ("DataFrame", "d1"), "more": ("DataFrame", "d1")}},
    ],
    ids=str,
)
def test_whatever_decides_the_result_decides_the_key(other):
    assert key(**other) != key()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0.0, -0.0),
        (None, "None"),
        (date(2026, 1, 1), "2026-01-01"),
        (Decimal("1"), "1"),
        (b"a", "YQ=="),
        (float("nan"), None),
        ([1, 2], [2, 1]),
    ],
)
def test_parameters_that_only_look_alike_have_keys_of_their_own(one, other):
    assert key(parameters={"it": one}) != key(parameters={"it": other})


def test_the_order_in_which_things_are_told_is_nothing_to_the_key():
    assert key(parameters={"a": 1, "b": 2}) == key(parameters={"b": 2, "a": 1})
    assert key(inputs={"a": ("int", "1"), "b": ("int", "2")}) == key(
        inputs={"b": ("int", "2"), "a": ("int", "1")}
    )


# what is remembered


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request, tmp_path):
    if request.param == "memory":
        yield MemoryLedger()
    else:
        ledger = SqliteLedger(tmp_path / "ledger.db")
        yield ledger
        ledger.close()


def test_nothing_is_remembered_of_a_key_that_was_never_computed(ledger):
    assert remembered(ledger, KEY) is None


def test_the_first_result_counts_whoever_comes_later(ledger):
    assert remember(ledger, KEY, result("1"), by="ada") == result("1")
    assert remember(ledger, KEY, result("2"), by="bob") == result("1")
    assert remembered(ledger, KEY) == result("1")


def test_a_result_that_is_lost_is_replaced_and_once_only(ledger):
    remember(ledger, KEY, result("1"), by="ada")

    assert remember(ledger, KEY, result("2"), by="ada", lost=result("1")) == result("2")
    assert remember(ledger, KEY, result("3"), by="bob", lost=result("1")) == result("2")
    assert remembered(ledger, KEY) == result("2")
    assert [fact.by for fact in ledger.read(f"memo/{KEY}")] == ["ada", "ada"]


def at_once(function, count=8):
    """What ``count`` threads get that call ``function(number)`` at the same moment."""
    begin, got = threading.Barrier(count), [None] * count

    def one(number):
        begin.wait()
        got[number] = function(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_of_many_at_once_one_is_first_and_all_go_on_with_it(ledger):
    got = at_once(lambda n: remember(ledger, KEY, result(str(n)), by=f"writer {n}"))

    assert set(map(str, got)) == {str(remembered(ledger, KEY))}
    assert len(ledger.read(f"memo/{KEY}")) == 1


def test_of_many_at_once_one_replaces_what_is_lost(ledger):
    remember(ledger, KEY, result("lost"), by="ada")

    got = at_once(lambda n: remember(ledger, KEY, result(str(n)), by=f"writer {n}", lost=result("lost")))

    assert set(map(str, got)) == {str(remembered(ledger, KEY))}
    assert len(ledger.read(f"memo/{KEY}")) == 2
