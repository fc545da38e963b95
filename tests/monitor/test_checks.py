"""fullcycle.monitor.checks and alerts: examples first, then laws."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import Problem, Report
from fullcycle.monitor import (
    AlertCleared,
    AlertRaised,
    Finding,
    check_contract,
    check_drift,
    check_freshness,
    check_log,
    open_alerts,
    ring,
)
from fullcycle.record import MemoryLedger, Span, Unlogged
from monitor.tallying import clients, tally

HOUR = 3_600_000_000
NOW = 1_700_000_000_000_000


def test_a_kept_contract_says_how_many_rows_were_looked_at():
    (found,) = check_contract("source mailings", Report("mailings", 64_000, 64_000))

    assert not found.broken
    assert found.says == "64,000 of 64,000 rows checked, and all keep the contract"


def test_each_broken_rule_is_a_finding_at_its_field():
    report = Report(
        "mailings", 9, 9, (Problem("recency", "above 12", 3), Problem("history", "below 0", 1000))
    )

    found = check_contract("source mailings", report)

    assert [(each.field, each.broken, each.says) for each in found] == [
        ("recency", True, "recency: above 12 (3 rows)"),
        ("history", True, "history: below 0 (1,000 rows)"),
    ]


def test_a_source_is_fresh_until_its_newest_row_is_older_than_declared():
    fresh = check_freshness("source visits", newest=NOW - 24 * HOUR, now=NOW, within_s=86_400)
    stale = check_freshness("source visits", newest=NOW - 24 * HOUR - 1, now=NOW, within_s=86_400)

    assert [each.broken for each in (*fresh, *stale)] == [False, True]
    assert (
        fresh[0].says == "the newest row is of 2023-11-13 22:13 UTC, 24 hours old; fresh_within is 24 hours"
    )


def test_an_empty_source_is_not_fresh_and_an_undeclared_one_is_not_asked():
    assert check_freshness("source visits", newest=None, now=NOW, within_s=60)[0].broken
    assert check_freshness("source visits", newest=None, now=NOW, within_s=None) == []


def test_a_drift_check_says_its_figure_and_what_chance_gives_for_each_field():
    was, now = clients(3000, 1), clients(3000, 2)

    found = check_drift("source mailings", tally(was, was), tally(now, was))

    assert {each.field for each in found} == set(was)
    assert not any(each.broken for each in found)
    assert all("where chance gives about 0.00" in each.says for each in found)


def test_a_table_that_was_empty_is_not_compared_and_says_so():
    was, now = {name: values[:0] for name, values in clients(10, 1).items()}, clients(3000, 2)
    bins = clients(3000, 1)

    found = check_drift("source deliveries", tally(was, bins), tally(now, bins))

    assert not any(each.broken for each in found)
    assert {each.says.partition(": ")[2] for each in found} == {
        "one value, or too few rows to compare (0 rows then, 3,000 now)"
    }


def test_a_finding_survives_the_record():
    was, now = clients(3000, 1), clients(3000, 2)
    now["history"] = now["history"] * 100
    worst = check_drift("source mailings", tally(was, was), tally(now, was))[0]

    assert worst.broken
    assert msgspec.json.decode(msgspec.json.encode(worst), type=Finding) == worst


# alerts


def finding(*, broken, node="source mailings", field="history"):
    return Finding(
        check="drift", node=node, field=field, broken=broken, says="it moved" if broken else "it did not"
    )


@pytest.fixture
def ledger():
    return MemoryLedger()


def rung(ledger, *findings):
    changes = ring(ledger, "winback", findings, by="ada")
    return len(changes.raised), len(changes.cleared)


def test_what_breaks_rings_once_and_is_cleared_when_it_is_sound_again(ledger):
    assert rung(ledger, finding(broken=True)) == (1, 0)
    assert rung(ledger, finding(broken=True)) == (0, 0)
    assert [each.body.finding.field for each in open_alerts(ledger, "winback")] == ["history"]
    assert rung(ledger, finding(broken=False)) == (0, 1)
    assert open_alerts(ledger, "winback") == []
    assert [type(each.body) for each in ledger.read("alerts/winback")] == [AlertRaised, AlertCleared]


def test_what_was_not_checked_again_keeps_ringing(ledger):
    rung(ledger, finding(broken=True))

    assert rung(ledger, finding(broken=False, field="recency")) == (0, 0)
    assert rung(ledger, finding(broken=False, node="source visits")) == (0, 0)


def test_a_sound_node_clears_what_rang_at_its_fields(ledger):
    rung(ledger, finding(broken=True))

    assert rung(ledger, finding(broken=False, field=None)) == (0, 1)


def test_a_contract_that_breaks_elsewhere_clears_what_it_keeps_again(ledger):
    for field in ("recency", "history"):
        ring(
            ledger,
            "winback",
            check_contract("source mailings", Report("mailings", 9, 9, (Problem(field, "above 12", 3),))),
            by="ada",
        )

    assert [each.body.finding.field for each in open_alerts(ledger, "winback")] == ["history"]


def test_what_clears_and_breaks_again_is_a_new_alert(ledger):
    for broken in (True, False, True):
        rung(ledger, finding(broken=broken))

    assert [each.position for each in open_alerts(ledger, "winback")] == [3]


# laws


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.booleans()), max_size=6))
def test_open_alerts_are_what_was_broken_when_it_was_last_checked(checks):
    ledger, last = MemoryLedger(), {}
    for check in checks:
        ring(ledger, "winback", [finding(broken=b, field=f) for f, b in check.items()], by="ada")
        last |= check

    ringing = [each.body.finding.field for each in open_alerts(ledger, "winback")]
    assert sorted(ringing) == sorted(field for field, broken in last.items() if broken)


def test_a_log_that_lacks_answers_is_broken_and_says_how_many_when_and_why():
    note = Unlogged(unlogged=3, since=0, until=61_000_000, release=7, why="no room (the event log)")
    (found,) = check_log("decisions winback@prod", decisions=9, unlogged=[note], damaged={})

    assert found.broken
    assert found.says == (
        "3 answers are not in the log, from 1970-01-01 00:00:00 to 1970-01-01 00:01:01 UTC: "
        "no room (the event log)"
    )


def test_a_log_that_cannot_be_read_is_broken_and_names_the_segment():
    (found,) = check_log(
        "decisions winback@prod", decisions=9, unlogged=[], damaged={"a.segment": [Span(8, 20), Span(30, 40)]}
    )

    assert found.broken
    assert "22 bytes of the segment a.segment cannot be read" in found.says


def test_a_whole_log_is_sound_and_one_without_decisions_is_not_looked_at():
    (found,) = check_log("decisions winback@prod", decisions=1, unlogged=[], damaged={})

    assert (found.check, found.broken) == ("log", False)
    assert found.says == "1 decision logged, and no answer without one"
    assert check_log("decisions winback@prod", decisions=0, unlogged=[], damaged={}) == []
