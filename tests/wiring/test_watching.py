"""fullcycle.wiring.watching: what changed in the warehouse is found where it changed, and only there."""

import duckdb
import pytest

from fullcycle.kernel import Missing, UnknownName
from fullcycle.wiring import open_project
from fullcycle.wiring.watching import capability_with, explain, findings, lineage, watched
from shop_scripts import script


@pytest.fixture
def broken(shop):
    """Changes the warehouse and gives what is then found broken, as (check, node, field)."""

    def change(*statements):
        with duckdb.connect(str(shop / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)
        found = findings(watched(open_project(), "winback", "prod"))
        return {(one.check, one.node, one.field): one.says for one in found if one.broken}

    return change


def test_as_it_was_released_nothing_is_broken(broken):
    assert broken() == {}


def test_rows_that_break_the_contract_are_counted_where_they_are(broken):
    found = broken(
        "update crm.clients set recency = 99 where client_id in (select min(client_id) from mail.log)"
    )

    assert found.keys() == {("contract", "source mailings", "recency")}
    assert "(1 rows)" in found["contract", "source mailings", "recency"]


def test_a_table_that_nobody_loads_any_more_is_stale(broken):
    found = broken('update shop.visits set "at" = "at" - interval 90 days')

    assert [(check, node) for check, node, _ in found if check == "freshness"] == [
        ("freshness", "source visits")
    ]


def test_a_column_that_moved_is_named_with_its_place(broken):
    found = broken("update crm.clients set history = round(history * 100) where channel = 'Web'")

    assert found.keys() == {("drift", "source mailings", "history")}
    assert "channel = Web" in found["drift", "source mailings", "history"]


def test_shuffled_rows_are_the_same_rows(broken):
    assert broken("create or replace table mail.log as from mail.log order by hash(client_id)") == {}


def test_requests_that_look_otherwise_than_at_release_are_found(played):
    project = open_project()
    sound = [one for one in findings(watched(project, "winback", "prod")) if one.node.startswith("decisions")]

    assert {one.node for one in sound} == {"decisions winback@prod"}
    assert not any(one.broken for one in sound)


def test_why_walks_from_the_metric_to_the_field_that_moved(shop):
    script("fault").plant(shop / "warehouse.duckdb")
    what = watched(open_project(), "winback", "prod")

    found = explain(what, "visited", findings(what))

    assert found.broken == "field mailings.history"
    assert found.path[0] == "metric visited"
    assert {"service winback.service:choose", "model visit", "features traits"} <= set(found.path)
    assert found.path[-1] == found.broken


def test_every_metric_of_the_flow_has_a_lineage(shop):
    what = watched(open_project(), "winback", "prod")

    for metric in ("visited", "spent", "converted"):
        assert lineage(what, metric)
    with pytest.raises(UnknownName, match="did you mean 'visited'"):
        lineage(what, "visted")


def test_a_metric_leads_to_its_capability(shop):
    assert capability_with(open_project(), "spent") == "winback"
    with pytest.raises(UnknownName, match="did you mean 'spent'"):
        capability_with(open_project(), "spend_")


def test_where_nothing_is_deployed_nothing_is_watched(shop):
    with pytest.raises(Missing, match="fullcycle deploy winback@v1 --to dev"):
        watched(open_project(), "winback", "dev")
