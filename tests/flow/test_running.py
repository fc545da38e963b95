"""fullcycle.flow.running: what is computed and what is reused, the reason for each, and what is recorded."""

import pytest

from fullcycle.flow import last_run, run_record, runs
from fullcycle.kernel import Money
from small_flows import Shop, ran
from spending_flow import FLOW, MONEY, clients, run


@pytest.fixture
def shop():
    return Shop(tables={"clients": clients(5, 10, 20)})


def reasons(record):
    return {name: step.reason for name, step in record.steps.items()}


def test_a_first_run_computes_everything(shop):
    record = run(shop)

    assert reasons(record) == {
        "clients": "first read",
        "big": "never ran",
        "worth": "never ran",
        "told": "never ran",
    }
    assert shop.value("told") == "60 EUR"
    assert record.steps["clients"].note == "checked 3 of 3 rows"
    assert (record.steps["clients"].rows, record.steps["big"].rows, record.steps["worth"].rows) == (
        3,
        2,
        None,
    )


def test_a_second_run_reads_the_sources_and_reuses_the_rest(shop):
    first = run(shop)
    second = run(shop)

    assert reasons(second) == {
        "clients": "read again: unchanged",
        "big": "nothing it stands on changed",
        "worth": "nothing it stands on changed",
        "told": "nothing it stands on changed",
    }
    assert all(step.reused for step in second.steps.values())
    assert shop.asked == ["select * from clients"] * 2
    for name, step in second.steps.items():
        assert step.artifact == first.steps[name].artifact
        assert step.rows == first.steps[name].rows


def test_rows_in_another_order_are_the_same_rows(shop):
    run(shop)
    shop.tables["clients"] = shop.tables["clients"].reverse()

    assert ran(run(shop)) == {}


def test_a_step_that_comes_to_the_same_result_stops_the_cascade(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, 20, 7)

    second = run(shop)

    assert second.steps["clients"].reason == "clients has new content (+1 row)"
    assert not second.steps["clients"].reused
    assert ran(second) == {"big": "clients has new content (+1 row)"}
    assert second.steps["worth"].reused


def test_new_rows_that_matter_run_all_that_stands_on_them(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, *[20] * 1_300)

    assert ran(run(shop)) == {
        "big": "clients has new content (+1,299 rows)",
        "worth": "big has new content (+1,299 rows)",
        "told": "worth has new content",
    }


def test_as_many_rows_of_other_values_are_new_content(shop):
    run(shop)
    shop.tables["clients"] = clients(5, 10, 21)

    assert ran(run(shop))["big"] == "clients has new content"


def test_an_edited_constant_of_a_helper_of_another_module_is_named(shop):
    run(shop)

    second = run(shop, money=MONEY.replace("RATE = 2", "RATE = 3"))

    assert ran(second) == {"worth": "library/money.py:1 RATE changed", "told": "worth has new content"}
    assert shop.value("told") == "90 EUR"


def test_an_edited_helper_is_named_with_its_line(shop):
    run(shop)

    second = run(shop, money=MONEY.replace("cents * RATE", "cents * RATE + 1"))

    assert ran(second) == {"worth": "library/money.py:3 euro() changed", "told": "worth has new content"}


def test_an_edited_step_is_named_with_its_line(shop):
    run(shop)

    second = run(shop, flow=FLOW.replace("EUR", "euro"))

    assert ran(second) == {"told": "winback/flow.py:26 told() changed"}


def test_comments_white_space_and_code_that_is_not_reached_run_nothing(shop):
    run(shop)
    money = "# all in cents\n" + MONEY.replace("# cents", "# euros").replace("\n\n", "\n\n\n\n")

    assert ran(run(shop, money=money + "\n\ndef dollars(cents):\n    return 3\n")) == {}


def test_a_changed_parameter_is_told_with_both_values(shop):
    run(shop)

    second = run(shop, rate=1.5)

    assert ran(second) == {"worth": "parameter rate 1.0 → 1.5", "told": "worth has new content"}
    assert second.started.parameters == {"rate": 1.5}
    assert second.steps["worth"].parameters == {"rate": 1.5}


def test_a_parameter_of_before_finds_the_result_of_before(shop):
    run(shop)
    run(shop, rate=1.5)

    assert ran(run(shop)) == {}
    assert shop.value("told") == "60 EUR"


def test_several_reasons_are_told_together_and_the_fourth_only_counted(shop):
    run(shop)
    shop.tables["clients"] = clients(30)
    money = MONEY.replace("RATE = 2", "RATE = 3").replace("cents * RATE", "cents + RATE")

    assert ran(run(shop, money=money, rate=2.0))["worth"] == (
        "library/money.py:1 RATE changed; library/money.py:3 euro() changed; "
        "parameter rate 1.0 → 2.0; and 1 more"
    )


def test_a_step_is_compared_with_its_own_last_time(shop):
    run(shop)
    run(shop, rate=2.0)
    shop.run("@fc.step\ndef alone() -> int: return 1")  # a run of which worth was no part

    assert ran(run(shop, rate=3.0))["worth"] == "parameter rate 2.0 → 3.0"


def test_inputs_that_come_and_go_are_named(shop):
    one = "@fc.step\ndef a() -> int: return 1\n@fc.step\ndef b() -> int: return 2\n"
    shop.run(one + "@fc.step\ndef c(a: int) -> int: return 0")

    reason = ran(shop.run(one + "@fc.step\ndef c(b: int) -> int: return 0"))["c"]

    assert reason == "winback/flow.py:11 c() changed; b has new content; a is no longer an input"


# the record of a run


def test_runs_are_numbered_and_each_says_what_it_tried(shop):
    run(shop, message="a first try")
    run(shop, message="again")

    record = run_record(shop.ledger, "winback", 1)
    assert [r.number for r in runs(shop.ledger, "winback")] == [1, 2]
    assert (record.ref, record.started.message, record.by, record.at, record.status) == (
        "winback@1",
        "a first try",
        "ada",
        shop.now,
        "done",
    )
    assert list(record.steps) == ["clients", "big", "worth", "told"]
    assert last_run(shop.ledger, "winback").ref == "winback@2"


def test_a_run_returns_what_the_record_holds(shop):
    assert run(shop) == run_record(shop.ledger, "winback", 1)


def test_what_a_step_stands_on_and_took_is_recorded(shop):
    steps = run(shop).steps

    assert steps["big"].inputs == {"clients": steps["clients"].artifact.content}
    assert steps["big"].parameters == {"least": 10.0}
    assert steps["big"].wall > 0
    assert steps["big"].peak_memory > 1_000_000
    assert b"library/money.py:euro" in shop.objects.get(steps["worth"].reach)
    assert b"library/money.py:euro" not in shop.objects.get(steps["big"].reach)


def test_a_run_says_what_it_took_and_cost(shop):
    done = run(shop).finished

    assert done.wall > 0
    assert done.cost == Money(0.04 * done.cpu / 3600, "EUR")
    assert done.error == ""


def test_each_step_is_told_of_as_it_finishes(shop):
    told = []

    run(shop, tell=lambda step: told.append((step.step, len(shop.ledger.read("run/winback/1")))))

    assert told == [("clients", 0), ("big", 2), ("worth", 3), ("told", 4)]  # what was computed is recorded


def test_a_model_is_judged_on_the_split_it_learnt_from(shop):
    record = shop.run(
        """
        class Traits(fc.Row):
            recency: int
        @fc.features
        def traits(seen: Traits) -> Traits: return Traits(recency=seen.recency)
        @fc.step
        def training() -> int: return 1
        @fc.model(traits, score="auc")
        def visit(training: int) -> int: return training
        """
    )

    assert list(record.evaluations) == ["visit"]
    assert shop.artifacts.load(record.evaluations["visit"].evaluation) == {"worth": 1}
    assert not record.evaluations["visit"].reused
