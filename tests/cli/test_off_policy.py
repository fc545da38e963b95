"""``fullcycle experiment off-policy``: what policies are worth on the past, or why that cannot be told."""

import pytest

from whole_shop import rewrite

BY_LOT = '''

def by_lot(client: Client, draw: fc.Draw) -> Offer:
    """The men's e-mail three times out of four, else none."""
    return Offer(draw.pick({"Mens E-Mail": 3.0, "No E-Mail": 1.0}))


def helper(client: Client) -> int:
    return client.recency
'''


def test_each_arm_is_valued_the_same_for_people_and_for_programs(shop, typed):
    told = typed("fullcycle experiment off-policy winback")
    data = typed("fullcycle experiment off-policy winback --json").json

    assert (data["metric"], data["control"], data["model"]) == ("visited", "today", "visit")
    assert set(data["values"]) == set(data["modelled"]) == set(data["weights"]) == {"today", "chosen"}
    for name, found in data["values"].items():
        line = f"{name:<10} snips {found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
        assert line in told.out
        robust = data["modelled"][name]
        assert f"dr    {robust['value']:.4f} [{robust['low']:.4f}, {robust['high']:.4f}]" in told.out
        assert robust["value"] == pytest.approx(
            found["value"], abs=found["stderr"]
        )  # the log was drawn by lot
        assert data["weights"][name]["mean"] == pytest.approx(1, abs=0.05)
    for kind, method in (("differences", "snips"), ("modelled_differences", "dr")):
        (gain,) = data[kind].values()
        shown = f"{method:<5} {gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        assert shown in told.out
    assert "largest 3.0, 67% of rows do not count, 100% of its actions are in the log" in told.out


def test_a_plain_function_is_valued_against_the_control_even_one_that_draws(shop, typed):
    with (shop / "winback/service.py").open("a") as service:
        service.write(BY_LOT)
    assert typed("fullcycle run winback -m 'by lot'").code == 0

    data = typed("fullcycle experiment off-policy winback --policy by_lot --json").json

    assert list(data["weights"]) == ["today", "by_lot"]
    drawn = data["weights"]["by_lot"]
    assert drawn["largest"] == pytest.approx(0.75 / (1 / 3))  # its exact chance over the logged one
    assert drawn["zero"] == pytest.approx(1 / 3, abs=0.03)  # the women's e-mail
    assert set(data["differences"]) == {"by_lot"}


def test_a_function_that_could_not_answer_is_no_policy(shop, typed):
    with (shop / "winback/service.py").open("a") as service:
        service.write(BY_LOT)
    assert typed("fullcycle run winback -m 'by lot'").code == 0

    said = typed("fullcycle experiment off-policy winback --policy helper")

    assert said.code != 0
    assert "there is no 'helper'" in said.err
    assert "the policies of winback/service.py" in said.err
    assert "by_lot, choose, today" in said.err


def test_the_service_itself_is_the_arm_that_it_is(shop, typed):
    data = typed("fullcycle experiment off-policy winback --policy choose --json").json

    assert list(data["weights"]) == ["today", "choose"]


def test_without_an_experiment_service_and_fallback_are_valued(shop, typed):
    (shop / "winback/experiment.py").unlink()
    assert typed("fullcycle run winback -m 'no experiment'").code == 0

    data = typed("fullcycle experiment off-policy winback --json").json

    assert list(data["values"]) == ["today", "choose"]
    assert (data["metric"], data["control"]) == ("visited", "today")


def test_wrong_propensities_are_refused_and_no_number_is_told(shop, typed):
    rewrite(shop / "winback/flow.py", "1 / 3.0 as propensity", "1 / 2.0 as propensity")
    assert typed("fullcycle run winback -m 'wrong propensities'").code == 0

    told = typed("fullcycle experiment off-policy winback")
    data = typed("fullcycle experiment off-policy winback --json").json

    assert set(data["refused"]) == {"today", "chosen"}
    assert data["values"] == data["modelled"] == data["differences"] == data["modelled_differences"] == {}
    assert "chosen     not told" in told.out
    assert "why: the mean weight is 0.67" in told.out
    assert "instead: log the chance that the action had when it was drawn" in told.out
    assert "snips 0." not in told.out
    design = typed("fullcycle experiment design winback")
    assert "chosen     not told" in design.out
    assert design.code == 0


def test_too_few_rows_are_refused_with_how_many_would_do(shop, typed):
    rewrite(shop / "winback/flow.py", "join crm.clients using (client_id)", FEW)
    assert typed("fullcycle run winback -m 'few rows'").code == 0

    told = typed("fullcycle experiment off-policy winback")

    assert "100 are needed" in told.out
    assert "more rows like these" in told.out
    assert "snips 0." not in told.out


FEW = "join crm.clients using (client_id) where client_id % 60 = 0"


def test_a_capability_without_a_run_is_told_to_run(shop, typed):
    typed("fullcycle new other")

    said = typed("fullcycle experiment off-policy other")

    assert "other has no finished run" in said.err
    assert "fullcycle run other" in said.err
