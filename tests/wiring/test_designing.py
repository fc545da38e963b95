"""fullcycle.wiring.designing: what is recorded of a design, and what the deployment makes of it."""

import duckdb
import pytest

from banner_shop import HOUR, Host, banner, click
from fullcycle.experiment import experiment_record
from fullcycle.kernel import NotEnoughData
from fullcycle.wiring import open_project
from fullcycle.wiring.design_report import Asked
from fullcycle.wiring.designing import design
from fullcycle.wiring.experiments import read
from whole_shop import rewrite

__all__ = ["banner"]


@pytest.fixture
def second(shop, typed):
    """The shop with another experiment, not begun yet, in a run and a release."""
    rewrite("winback/experiment.py", "trial = fc.Experiment(", "second = fc.Experiment(")
    assert typed("fullcycle run winback -m 'another trial'").code == 0
    assert typed("fullcycle release winback@2 -m 'another trial'").code == 0
    return shop


def begun():
    return experiment_record(open_project().ledger, "winback", "second").started.body


def test_the_deployment_that_begins_it_records_the_size_of_the_last_design(second, typed):
    design(open_project(), "winback", Asked(units_per_day=1_000))
    design(open_project(), "winback", Asked(units_per_day=450, days=7))  # what if; the plan stays 28 days

    said = typed("fullcycle deploy winback@v2 --to prod -m begin")

    assert "planned for 12,600 units" in said.out
    assert begun().planned_units == 12_600
    assert read(open_project(), "winback", "second").readout.planned_units == 12_600


def test_without_a_design_that_counts_on_any_units_the_deployment_plans_none(second, typed):
    found = design(open_project(), "winback")

    said = typed("fullcycle deploy winback@v2 --to prod -m begin")

    assert found.units is None
    assert "planned for" not in said.out
    assert begun().planned_units is None


def test_who_takes_part_is_a_share_of_the_past(shop, typed):
    rewrite("winback/experiment.py", "days=28,", 'days=28,\n    coverage=0.5,\n    holdout="10%",')
    assert typed("fullcycle run winback -m 'half of them'").code == 0

    found = design(open_project(), "winback")

    assert found.designs[0].units_per_day == pytest.approx(25_770 / 28 * 0.5 * 0.9)


def conditioned(typed, condition):
    rewrite("winback/experiment.py", "days=28,", f"days=28,\n    condition={condition},")
    assert typed("fullcycle run winback -m 'some of them'").code == 0
    return design(open_project(), "winback", Asked(splits=200))


def test_only_who_meets_the_condition_is_planned_with(shop, typed):
    everybody = design(open_project(), "winback", Asked(splits=200))
    with duckdb.connect("warehouse.duckdb") as connection:
        ((some,),) = connection.execute(
            "select count(distinct client_id) from mail.log join crm.clients using (client_id) "
            "where history > 200"
        ).fetchall()

    found = conditioned(typed, '{"history": {"$gt": 200}}')

    assert found.past.units == some < 0.6 * everybody.past.units
    assert found.designs[0].units_per_day == pytest.approx(some / 28)
    assert found.designs[0].baseline != everybody.designs[0].baseline
    assert found.baseline.units < everybody.baseline.units
    assert not any("condition" in note for note in found.notes)
    assert (
        "500,000 clients per year, those who do not meet the condition among them, × 0.80 USD" in found.worth
    )


def test_a_condition_that_no_database_can_be_asked_is_told(shop, typed):
    found = conditioned(typed, '{"zip_code": {"$regex": "^U"}}')

    assert found.past.units == 25_770
    assert (
        "the condition is not applied to the past, so fewer may take part: "
        "$regex is not asked by a database as the service asks it"
    ) in found.notes


def test_a_unit_that_stands_in_the_past_twice_counts_once(shop):
    """Planted: each mailing and each visit is in the warehouse twice."""
    quick = Asked(splits=200)
    once = design(open_project(), "winback", quick)
    with duckdb.connect("warehouse.duckdb") as connection:
        for table in ("mail.log", "shop.visits"):
            connection.execute(f"insert into {table} from {table}")

    twice = design(open_project(), "winback", quick)

    assert twice.past == once.past
    assert twice.rehearsed == once.rehearsed
    assert twice.margins == once.margins


def test_a_past_without_anybody_says_how_to_do_without(shop):
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("delete from mail.log")

    with pytest.raises(NotEnoughData, match="winback has no past of visited") as caught:
        design(open_project(), "winback")

    assert "--units-per-day 1000 --baseline 0.12" in caught.value.mend


def test_a_past_in_which_nobody_differs_says_so(shop):
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("delete from shop.visits")

    with pytest.raises(
        NotEnoughData, match="visited is the same of all 25,770 units of the rows of mailings"
    ):
        design(open_project(), "winback")


def test_clicks_on_its_own_decisions_are_the_past_of_a_service_that_has_no_other(banner, monkeypatch):
    monkeypatch.setattr("fullcycle.wiring.past_units.FEWEST_LOGGED", 100)
    host = Host()
    for n in range(240):
        host.show(f"d{n}", ago=(2 + 24 * (n % 3)) * HOUR, visitor_id=f"visitor {n % 200}")
    for n in range(60):
        click(open_project(), f"d{n}", ago=(2 + 24 * (n % 3)) * HOUR)

    found = design(open_project(), "banner", Asked(effect=0.05, splits=100))

    assert (found.past.units, found.past.days) == (200, 3)
    assert found.designs[0].baseline == pytest.approx(46 / 200)  # 14 clicked on a second visit
    assert found.designs[0].wanted.units > 1_000
    assert found.units == int(200 / 3 * 28)
    assert found.rehearsed[0].alarms.kept
