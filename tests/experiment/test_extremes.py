"""Numbers that nobody expects, through the readout: no crash, no NaN, and nothing shipped of nonsense."""

from math import isfinite

import msgspec
import numpy as np
import pytest

import simulated
from fullcycle.experiment import (
    Cell,
    Count,
    Covariate,
    Gram,
    Prior,
    QuantileCell,
    Rate,
    Readout,
    Statistics,
    imbalance,
    readout,
)
from made_up_experiment import DAY, START, day_name, metric, spec

RNG = np.random.default_rng(20261121)
N = RNG.normal(size=(2, 400))
X = RNG.normal(size=(2, 400))
TWO = (Covariate(name="x"), Covariate(name="z"))
OVER = metric("d", kind="mean")


def arms(make):
    return {arm: make(N[i], X[i]) for i, arm in enumerate(("today", "chosen"))}


def columns(*values):
    return np.column_stack([np.broadcast_to(each, 400) for each in values])


PLAIN = {
    "one unit": {"today": N[0, :1], "chosen": N[1, :1] + 9},
    "two units": {"today": N[0, :2], "chosen": N[1, :2] + 9},
    "no unit": {},
    "one arm": {"today": N[0]},
    "no spread in the control": {"today": np.zeros(400), "chosen": N[1]},
    "no spread in either": {"today": np.zeros(400), "chosen": np.ones(400)},
    "a mean of 1e12": arms(lambda y, _: 1e12 + y),
    "a control that is zero": {"today": np.tile([-1.0, 1.0], 200), "chosen": N[1]},
    "a control of 1e-310": {"today": np.tile([-1.0, 1.0], 200) + 1e-310, "chosen": N[1]},
    **{f"all times {s}": arms(lambda y, _, s=s: s * (1 + y)) for s in (1e-300, 1e-160, 1e-80, 1e80, 1e150)},
    "99 : 1": {"today": np.exp(np.resize(N[0], 9_900)), "chosen": np.exp(N[1, :100])},
}
LEANING = {
    "one covariate repeats the other": arms(lambda y, x: columns(y, x, 2 * x)),
    "a covariate is the value": arms(lambda _, x: columns(3 * x + 7, x, 1.0)),
    "covariates do not vary": arms(lambda y, _: columns(y, 1.0, 0.0)),
    "covariates of all sizes": arms(lambda y, x: columns(y, x * 1e150, x * 1e-150)),
    "a covariate is the arm": {"today": columns(N[0], 0.0, X[0]), "chosen": columns(N[1] + 1, 1.0, X[1])},
}
RATIOS = {
    "over nothing in one arm": {"today": columns(N[0], 0.0), "chosen": columns(N[1], 1.0)},
    "over nothing": arms(lambda y, _: columns(y, 0.0)),
    "over hardly anything": arms(lambda y, x: columns(y, x - x.mean() + 1e-4)),
    "of a value to itself": arms(lambda _, x: columns(np.exp(x), np.exp(x))),
    "of a value to a tenth of itself": arms(lambda _, x: columns(np.exp(x) * 0.1, np.exp(x))),
}
ANALYSES = [
    {"analysis": "always-valid"},
    {"analysis": "fixed"},
    {"analysis": "group-sequential", "looks": (0.5, 1.0)},
]
MEAN = metric("visited", kind="mean")
KINDS = {
    "mean": ({"metrics": {"visited": MEAN}}, PLAIN),
    "covariates": ({"metrics": {"visited": MEAN}, "covariates": TWO}, LEANING),
    "ratio": ({"metrics": {"visited": metric("visited", kind="ratio", over=OVER)}}, RATIOS),
}
CASES = [(kind, case) for kind, (_, cases) in KINDS.items() for case in cases]


def statistics(values, **more):
    counts = tuple(Count(arm, day_name(0), len(rows)) for arm, rows in values.items())
    cells = tuple(Cell("visited", arm, day_name(0), gram(rows)) for arm, rows in values.items())
    return Statistics(as_of=(START + 60) * DAY, cells=cells, assigned=counts, counted=counts, **more)


def gram(rows):
    rows = np.asarray(rows, dtype=float)
    return simulated.of_rows(rows.reshape(1, len(rows), -1)).gram(0)


def numbers(told):
    if isinstance(told, dict):
        return [one for value in told.values() for one in numbers(value)]
    if isinstance(told, list | tuple):
        return [one for value in told for one in numbers(value)]
    return [told] if isinstance(told, float) else []


def sound(plan, known, **options):
    """The readout, after it was seen to be plain data without NaN and to ship nothing."""
    prior = Prior(spread=1.0, origin="a guess")
    rate = Rate(per_year=1e6, currency="USD", arithmetic="a million")
    found = readout(plan, known, rate=rate, prior=prior, **options)

    assert all(map(isfinite, numbers(msgspec.to_builtins(found))))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Readout) == found
    assert found.verdict.decision != "ship"
    return found


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda one: one["analysis"])
@pytest.mark.parametrize(("kind", "case"), CASES, ids=[case for _, case in CASES])
@pytest.mark.filterwarnings("error")
def test_nothing_is_shipped_of_numbers_that_nobody_expects(kind, case, analysis):
    options, cases = KINDS[kind]
    sound(spec(**options, **analysis, guardrails={"visited": 0.05}), statistics(cases[case]))


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda one: one["analysis"])
@pytest.mark.parametrize("planned", [1, 2, 100, 10**9, 10**18])
def test_a_plan_that_is_far_off_decides_nothing_wrongly(analysis, planned):
    plan = spec(metrics={"visited": MEAN}, guardrails={}, **analysis)
    sound(plan, statistics({"today": N[0], "chosen": N[0] + 1e-3}), planned_units=planned)


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda one: one["analysis"])
def test_ten_arms_and_a_first_day_of_one_unit_are_read(analysis):
    names = tuple("abcdefghij")
    plan = spec(arms=names, metrics={"visited": MEAN}, guardrails={}, **analysis)
    counts, cells = [Count("a", day_name(0), 1)], [Cell("visited", "a", day_name(0), Gram(1, (1.0,), (0.0,)))]
    for day in range(1, 28):
        for arm in names:
            counts.append(Count(arm, day_name(day), 50))
            cells.append(Cell("visited", arm, day_name(day), gram(RNG.normal(size=50))))
    known = Statistics(
        as_of=(START + 60) * DAY, cells=tuple(cells), assigned=tuple(counts), counted=tuple(counts)
    )

    assert sound(plan, known).planned_units == 500 * 28  # by the second day
    sound(plan, known, planned_units=28)


def test_a_value_that_its_covariate_tells_is_compared_as_it_is():
    plan = spec(metrics={"visited": MEAN}, guardrails={}, covariates=TWO)
    found = sound(plan, statistics(LEANING["a covariate is the value"])).primary[0]

    assert found.reduction == 0
    assert found.difference == pytest.approx(found.raw_difference)


def test_a_covariate_that_is_the_arm_is_told_as_a_broken_assignment():
    plan = spec(metrics={"visited": MEAN}, guardrails={}, covariates=TWO)
    found = sound(plan, statistics(LEANING["a covariate is the arm"]))

    assert next(one for one in found.checks if one.name == "before the exposure").standing == "qualifies"
    assert imbalance(gram(np.ones(9)), gram(np.ones(9))) == 1.0


@pytest.mark.parametrize("ladder", [(), ((0.1, 5.0, 5.0),), ((0.1, 4.0, 5.0),)])
def test_a_quantile_that_stands_level_is_no_finding(ladder):
    cells = tuple(
        QuantileCell(
            metric="visited",
            arm=arm,
            q=0.5,
            rows=900,
            units=400,
            value=at,
            spread_of_share=3e-4,
            ladder=ladder,
        )
        for arm, at in (("today", 5.0), ("chosen", 5.0))
    )
    known = msgspec.structs.replace(statistics({"today": N[0], "chosen": N[1]}), cells=(), quantiles=cells)
    plan = spec(metrics={"visited": metric("visited", kind="quantile", q=0.5)}, guardrails={})

    sound(plan, known)


def test_a_quantile_of_one_units_rows_has_no_interval():
    """Its share has an infinite variance."""
    cells = tuple(
        QuantileCell(
            metric="visited",
            arm=arm,
            q=0.5,
            rows=90,
            units=1,
            value=5.0,
            spread_of_share=float("inf"),
            ladder=((0.1, 4.0, 6.0),),
        )
        for arm in ("today", "chosen")
    )
    known = msgspec.structs.replace(statistics({"today": N[0], "chosen": N[1]}), cells=(), quantiles=cells)
    plan = spec(metrics={"visited": metric("visited", kind="quantile", q=0.5)}, guardrails={})

    assert sound(plan, known).primary[0].difference is None
