"""fullcycle.record.streams: names of streams, and appending whatever is last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts_for_tests import Noted
from fullcycle.kernel import Conflict, Invalid
from fullcycle.record import MemoryLedger, append_next, checked_stream, prefix_range


class Contended(MemoryLedger):
    """A ledger where somebody else writes just before, a few times."""

    def __init__(self, rivals: int) -> None:
        super().__init__()
        self.rivals = rivals

    def append(self, stream, expected, body, *, by="fullcycle", at=None):
        if self.rivals:
            self.rivals -= 1
            super().append(stream, expected, Noted("rival"))
        return super().append(stream, expected, body, by=by, at=at)


def test_it_appends_after_whatever_is_last():
    ledger = Contended(3)
    fact = append_next(ledger, "a", Noted("mine"), by="ana", at=5)

    assert (fact.position, fact.by, fact.at) == (4, "ana", 5)
    assert [f.body.text for f in ledger.read("a")] == ["rival"] * 3 + ["mine"]


def test_it_is_not_misled_by_streams_that_begin_alike():
    ledger = MemoryLedger()
    for _ in range(3):
        append_next(ledger, "run/1", Noted())
    append_next(ledger, "run/10", Noted())

    assert ledger.heads() == {"run/1": 3, "run/10": 1}


def test_it_gives_up_in_the_end(monkeypatch):
    monkeypatch.setattr("fullcycle.record.streams._TRIES", 3)
    with pytest.raises(Conflict, match="somebody else wrote first"):
        append_next(Contended(100), "a", Noted())


names = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)


@given(names, names)
def test_a_prefix_is_a_range_of_names(prefix, name):
    low, high = prefix_range(prefix)

    assert (low <= name < high) == name.startswith(prefix)
    assert low.encode() < high.encode()  # a database compares bytes
    assert (low.encode() <= name.encode() < high.encode()) == name.startswith(prefix)


@pytest.mark.parametrize("name", ["runs/winback", "memo/" + "a" * 64, "Ä b_%", "x" * 400])
def test_a_name_that_can_be_printed_is_one(name):
    assert checked_stream(name) == name


@pytest.mark.parametrize("name", ["", "a\tb", "\ud800", "\U0010ffff", "x" * 401])
def test_any_other_is_none(name):
    with pytest.raises(Invalid, match="such as runs/winback"):
        checked_stream(name)
