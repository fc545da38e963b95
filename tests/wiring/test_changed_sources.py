"""What an experiment is measured by changes while it runs: in the project, and in the warehouse."""

import shlex

import duckdb
import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import put_to_work
from fullcycle.wiring.experiments import read
from fullcycle.wiring.watching import explain, findings, watched
from whole_shop import rewrite


@pytest.fixture
def warehouse(played):
    """Changes what lies in the warehouse of a shop whose experiment runs."""

    def change(*statements):
        with duckdb.connect(str(played / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


@pytest.mark.parametrize(
    ("statement", "what", "where"),
    [
        (
            "alter table shop.visits rename column spend to amount",
            "there is no 'spend'",
            "the columns of the source visits, by which spent is measured: client_id, at, amount",
        ),
        (
            'alter table shop.visits rename column "at" to moment',
            "there is no 'at'",
            "the columns of the source visits, by which",
        ),
        (
            "alter table shop.visits alter spend type varchar",
            "spend is String, and no number",
            "the source visits, by which spent is measured",
        ),
        (
            "alter table mail.delivered rename column decision_id to id",
            "there is no 'decision_id'",
            "the columns of the source deliveries, by which exposures are triggered",
        ),
        ("alter table shop.visits rename to calls", "there is no 'visits'", "the query of the source visits"),
    ],
    ids=["a value", "the time", "a type", "the trigger", "a table"],
)
def test_what_changed_in_the_warehouse_is_named_by_source_metric_and_column(
    warehouse, statement, what, where
):
    warehouse(statement)

    with pytest.raises((UnknownName, Invalid)) as refused:
        read(open_project(), "winback")

    assert refused.value.what == what
    assert refused.value.where.startswith(where)
    assert "bring back what was there; or tell the source or the metric" in refused.value.mend


def test_a_source_that_cannot_be_asked_is_one_finding_and_all_others_are_checked(warehouse):
    before = findings(watched(open_project(), "winback", "prod"))
    warehouse("alter table crm.clients rename column history to spent_last_year")

    what = watched(open_project(), "winback", "prod")
    found = findings(what)

    (broken,) = [one for one in found if one.broken]
    assert (broken.check, broken.node) == ("contract", "source mailings")
    assert "there is no 'history'; use one of" in broken.says
    assert "spent_last_year" in broken.says
    assert "Mend the query in winback/flow.py:" in broken.says
    others = {(one.check, one.node, one.field) for one in before if one.node != "source mailings"}
    assert {(one.check, one.node, one.field) for one in found if one is not broken} == others
    assert explain(what, "visited", found).broken is not None


def test_check_exits_with_one_where_a_source_cannot_be_asked(warehouse, typed):
    warehouse("alter table crm.clients rename column history to spent_last_year")

    said = typed("fullcycle check winback")

    assert said.code == 1
    assert "source mailings: its query cannot be asked any more: there is no 'history'" in said.out


def test_times_that_cannot_be_read_are_no_lack_of_rows(warehouse):
    warehouse('alter table shop.visits alter "at" type varchar')

    found = [one for one in findings(watched(open_project(), "winback", "prod")) if one.broken]

    assert {(one.check, one.field) for one in found} == {("contract", "at")}


def release_again(number):
    for line in (f"run winback -m {number}", f"release winback@{number} -m {number}"):
        assert status_of(fullcycle, shlex.split(line)) == 0
    return put_to_work(open_project(), "winback", number, "prod", why="a test").said


def test_a_source_that_asks_otherwise_is_read_as_the_phase_began_and_that_is_said(played):
    before = read(open_project(), "winback").readout
    rewrite("library/crm.py", '"select * from shop.visits"', '"select * from shop.visits where spend > 9"')
    words = "the source visits has changed (library/crm.py:visits): what v2 asks is not read here"

    said = release_again(2)
    after = read(open_project(), "winback", as_of=before.as_of).readout

    assert any(words in line for line in said)
    assert any(words in note for note in after.notes)
    assert not any("has changed" in note for note in before.notes)
    for mine, theirs in zip(after.effects, before.effects, strict=True):
        assert (mine.control_units, mine.arm_units) == (theirs.control_units, theirs.arm_units)
        assert mine.difference == pytest.approx(theirs.difference)
