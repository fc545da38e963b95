"""fullcycle.monitor.explanation and lineage: examples first, then laws, then refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.data import Report
from fullcycle.kernel import UnknownName
from fullcycle.monitor import (
    Finding,
    FlowNode,
    check_contract,
    check_drift,
    check_freshness,
    trace,
    why,
)
from monitor.tallying import clients, tally

CLIENT = ("client_id", "recency", "history", "zip_code", "newbie", "channel")
FLOW = {
    "visits": FlowNode("source", fields=("client_id", "at", "spend")),
    "deliveries": FlowNode("source", fields=("decision_id", "at")),
    "mailings": FlowNode("source", fields=(*CLIENT, "sent", "campaign", "propensity")),
    "past": FlowNode("outcomes", inputs=("mailings", "visits")),
    "training": FlowNode("step", inputs=("past",)),
    "visit": FlowNode("model", inputs=("training",), features="traits"),
}
LINEAGE = trace(
    "visited",
    measured_by=["visits", "deliveries"],
    decisions="winback@prod",
    service="winback.service:choose",
    request=CLIENT,
    served=["visit"],
    flow=FLOW,
)
NOW = 1_700_000_000_000_000
DAY = 86_400


def broken(node, field=None):
    return Finding(check="contract", node=node, field=field, broken=True, says="3 rows below 0")


def sound(node, field=None):
    return Finding(check="contract", node=node, field=field, broken=False, says="all rows keep the contract")


def test_lineage_is_walked_nearest_first():
    distance = {node: len(path) - 1 for node, path in LINEAGE.upstream()}

    assert list(distance.values()) == sorted(distance.values())
    assert distance["decisions winback@prod"] == distance["source visits"] == 1
    assert distance["model visit"] == 3
    assert distance["field mailings.history"] == 8
    assert len(distance) == len(LINEAGE.nodes) - 1


def test_the_planted_fault_is_named_with_source_field_segment_and_factor():
    was, now = clients(5000, 1), clients(5000, 2)
    now["history"] = np.where(now["channel"] == "Web", now["history"] * 100, now["history"])
    by = ("channel", "newbie", "zip_code")
    findings = [
        *check_contract("source mailings", Report("mailings", 5000, 5000)),
        *check_contract("source visits", Report("visits", 700, 700)),
        *check_freshness("source visits", newest=NOW - 86_400_000_000, now=NOW, within_s=2 * DAY),
        *check_drift("source mailings", tally(was, was, by), tally(now, was, by)),
        *check_drift("decisions winback@prod", tally(was, was, by), tally(was, was, by)),
    ]

    found = why(LINEAGE, findings)

    assert (found.cause, found.broken, found.others) == ("input", "field mailings.history", ())
    assert found.says.startswith(
        "visited hangs on something broken: field history of source mailings: "
        "history moved where channel = Web (4"
    )
    assert "like a change of unit by 100" in found.says
    assert found.path[0] == "metric visited"
    assert found.path[-2:] == ("source mailings", "field mailings.history")
    assert found.evidence[0].location.segment == "channel = Web"
    assert {each.node for each in found.looked if each.status == "broken"} == {"field mailings.history"}
    assert {"field request.history", "source visits"} <= {
        each.node for each in found.looked if each.status == "sound"
    }


def test_a_stale_source_of_the_metric_is_a_broken_measurement():
    stale = check_freshness("source visits", newest=NOW - 5 * DAY * 1_000_000, now=NOW, within_s=2 * DAY)

    found = why(LINEAGE, stale)

    assert (found.cause, found.broken) == ("measurement", "source visits")
    assert found.says == (
        "visited is measured from something broken, so its number cannot be trusted: source visits: "
        "the newest row is of 2023-11-09 22:13 UTC, 5 days old; fresh_within is 2 days; "
        "decisions hang on it, too"
    )


def test_a_source_that_decisions_do_not_hang_on_only_measures():
    found = why(LINEAGE, [broken("source deliveries")])

    assert (found.cause, found.broken) == ("measurement", "source deliveries")
    assert found.says == (
        "visited is measured from something broken, so its number cannot be trusted: "
        "source deliveries: 3 rows below 0"
    )


def test_what_lies_downstream_of_a_fault_is_not_blamed_for_it():
    found = why(LINEAGE, [broken("decisions winback@prod"), broken("source mailings", "history")])

    assert (found.broken, found.others) == ("field mailings.history", ())


def test_a_second_fault_is_told_besides():
    found = why(LINEAGE, [broken("source mailings", "history"), broken("decisions winback@prod", "recency")])

    assert (found.broken, found.others) == ("field request.recency", ("field mailings.history",))


def test_whether_the_number_is_true_is_asked_before_why_it_moved():
    found = why(LINEAGE, [broken("decisions winback@prod", "recency"), broken("source visits", "spend")])

    assert (found.cause, found.broken) == ("measurement", "field visits.spend")


def test_what_is_not_observed_is_not_explained():
    found = why(LINEAGE, [sound("source mailings"), sound("source visits")])

    assert (found.cause, found.broken, found.path) == ("not explained", None, ())
    assert found.says.startswith("visited is not explained by what is observed: of ")
    assert "2 were checked and are sound" in found.says


# laws


@given(st.sets(st.sampled_from(sorted(n for n in LINEAGE.nodes if n != LINEAGE.root))))
def test_a_cause_is_broken_has_nothing_broken_above_it_and_leads_back_to_the_metric(nodes):
    found = why(LINEAGE, [broken(node) for node in nodes])

    assert (found.broken is None) == (not nodes)
    for root in (*([found.broken] if found.broken else []), *found.others):
        assert root in nodes
        assert not nodes & {above for above, _ in LINEAGE.upstream(root)}
    for below, above in zip(found.path, found.path[1:], strict=False):
        assert above in LINEAGE.nodes[below].inputs


@given(st.sampled_from(sorted(LINEAGE.nodes)))
def test_findings_elsewhere_change_nothing(node):
    other = Finding(check="contract", node="source orders", broken=True, says="…")

    assert why(LINEAGE, [sound(node), other]) == why(LINEAGE, [sound(node)])


# refusals


def test_a_name_that_is_no_node_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'visits'"):
        trace("m", measured_by=["visit_s"], decisions="a", service="s", request=[], served=[], flow=FLOW)
    with pytest.raises(UnknownName, match="did you mean 'visit'"):
        trace("m", measured_by=["visits"], decisions="a", service="s", request=[], served=["vist"], flow=FLOW)
    with pytest.raises(UnknownName, match="did you mean 'source visits'"):
        list(LINEAGE.upstream("source visit"))
