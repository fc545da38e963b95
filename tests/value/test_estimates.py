"""fullcycle.value.estimates: examples first, then laws, then refusals."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Interval, Refused
from fullcycle.record import MemoryLedger
from fullcycle.value import Told, revise, revised_by_hand, revisions
from measured_winback import BRIEF


def brief(low=0.017, **more):
    estimate = msgspec.structs.replace(BRIEF.estimate, effect=Interval(low, 0.04))
    return msgspec.structs.replace(BRIEF, estimate=estimate, **more)


def told(at, low, *, run=None, reason="why"):
    return Told(at, "ada", reason, brief(low), run)


def test_a_run_with_another_estimate_revises_it_by_its_message():
    found = revisions(
        [
            told(1, 0.01, run=1, reason="first"),
            told(2, 0.01, run=2, reason="again"),
            told(3, 0.02, run=3, reason="the pilot brought more"),
        ]
    )

    assert [(one.number, one.reason, one.source) for one in found] == [
        (1, "first", "run 1"),
        (2, "the pilot brought more", "run 3"),
    ]


def test_a_reason_that_somebody_gave_takes_the_place_of_a_message():
    (found,) = revisions([told(1, 0.01, run=1, reason="wip"), told(2, 0.01, reason="by the pilot of May")])

    assert (found.number, found.reason, found.told.at) == (1, "by the pilot of May", 1)  # it is no younger
    assert found.source == "run 1; explained 1970-01-01 by ada"


def test_a_run_after_a_revision_by_hand_adds_nothing():
    found = revisions([told(1, 0.01, run=1), told(2, 0.02, reason="pilot"), told(3, 0.02, run=2)])

    assert [one.reason for one in found] == ["why", "pilot"]


def test_other_words_in_the_brief_are_no_other_estimate():
    other = Told(2, "ada", "words", brief(problem="told in other words"), 2)

    assert len(revisions([told(1, 0.017, run=1), other])) == 1


# laws


@given(st.lists(st.sampled_from([0.01, 0.02, 0.03]), max_size=12))
def test_no_revision_repeats_the_one_before_it_and_the_last_one_stands(lows):
    found = revisions(told(at, low, run=at) for at, low in enumerate(lows))
    said = [one.told.brief.estimate.effect.low for one in found]

    assert all(one != other for one, other in pairwise(said))
    assert said[-1:] == lows[-1:]
    assert [one.number for one in found] == list(range(1, len(found) + 1))


# refusals


def test_what_was_revised_already_is_not_revised_again():
    ledger = MemoryLedger()
    revise(ledger, "winback", "0" * 64, brief(0.02), "pilot", by="ada", known=[told(1, 0.01, run=1)])
    (fact,) = revised_by_hand(ledger, "winback")
    assert (fact.kind, fact.body.reason) == ("value.estimated", "pilot")

    with pytest.raises(Refused, match="change the estimate there first"):
        revise(ledger, "winback", "0" * 64, brief(0.02), "?", by="bob", known=[told(2, 0.02, reason="pilot")])
