"""fullcycle.release.approvals: who may let a release of tier high out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.record import MemoryLedger
from fullcycle.release import Approval, Approvals, approval, approvals_of, approve

MANIFEST = "ab" * 32


def by(person, name="somebody"):
    return Approval(by=name, at=1, message="looked at it", person=person)


def said(*given, author="ana", authenticates=True, tier="high"):
    return approval("winback@v8", tier, Approvals(authenticates=authenticates, author=author, given=given))


def test_a_second_person_known_to_the_ledger_lets_it_out():
    verdict = said(by("ben"))

    assert verdict.passed
    assert verdict.found == "approved by ben, released by ana"


@pytest.mark.parametrize("tier", ["low", "medium"])
def test_lower_tiers_need_nobody(tier):
    assert said(tier=tier, authenticates=False, author=None).passed


@pytest.mark.parametrize(
    ("verdict", "found", "mend"),
    [
        (said(), "nobody has approved it", "let somebody else type: fullcycle approve winback@v8"),
        (said(by("ana")), "approved only by ana, who released it", "let somebody else type"),
        (said(by("ben"), author=None), "nobody knows who released it", "release it again"),
        (
            said(by(None, "ben"), authenticates=False, author=None),
            "this ledger does not know who writes to it: that ben approved it is only what was typed",
            "keep the ledger in Postgres, with a role for each person",
        ),
    ],
)
def test_what_does_not_count_is_told_with_what_to_do(verdict, found, mend):
    assert not verdict.passed
    assert found in verdict.found
    assert mend in verdict.mend
    assert "--override" in verdict.mend


def test_an_approval_in_a_ledger_that_knows_nobody_is_kept_and_not_counted():
    ledger = MemoryLedger()

    approve(ledger, "winback", 8, MANIFEST, message="looked", by="ben")

    known = approvals_of(ledger, "winback", 8, MANIFEST)
    assert [one.by for one in known.given] == ["ben"]
    assert not approval("winback@v8", "high", known).passed


def test_an_approval_is_of_one_release_and_of_what_was_looked_at():
    ledger = MemoryLedger()

    approve(ledger, "winback", 8, MANIFEST, message="looked", by="ben")

    assert not approvals_of(ledger, "winback", 9, MANIFEST).given
    assert not approvals_of(ledger, "winback", 8, "cd" * 32).given


people = st.sampled_from([None, "ana", "ben", "zoë"])


@given(author=people, given=st.lists(people, max_size=4), authenticates=st.booleans())
def test_it_takes_two_people_who_are_known(author, given, authenticates):
    two = any(a != b for a, b in itertools.product([author], given) if a and b)

    verdict = said(*map(by, given), author=author, authenticates=authenticates)

    assert verdict.passed is (two and (author is not None))
