"""fullcycle.experiment.design against statsmodels, then laws, then refusals."""

import doctest
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

import fullcycle.experiment
from fullcycle.experiment import (
    Fixed,
    Holdout,
    Layer,
    Moments,
    Rule,
    compared,
    days_needed,
    minimum_effect,
    planned,
    planned_units,
    share_admitted,
    smallest_margin,
    units_needed,
    wanted,
)
from fullcycle.experiment.design import power_of
from fullcycle.kernel import Invalid, NotEnoughData
from made_up_experiment import spec

PAST = Moments(8_646, 0.1564, 8_646 * 0.1564 * (1 - 0.1564))
analyses = st.sampled_from(
    [
        Rule("fixed"),
        Rule(),
        Rule("group-sequential", looks=(0.5, 1.0)),
        Rule("group-sequential", looks=(1.0,)),
    ]
)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.1, 0.9)])
def test_units_are_those_of_statsmodels(weights):
    effect = 0.02
    oracle = NormalIndPower().solve_power(
        effect / PAST.variance**0.5, alpha=0.05, power=0.8, ratio=weights[1] / weights[0]
    )

    found = units_needed(PAST, effect, weights=weights, rule=Rule("fixed"))

    assert found == pytest.approx(oracle / weights[0], rel=1e-5, abs=1)
    power = NormalIndPower().power(
        effect / PAST.variance**0.5, found * weights[0], 0.05, weights[1] / weights[0]
    )
    assert power_of(PAST, effect, found, Fixed(), weights=weights) == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize("effect", [0.003, 0.006, 0.01, 0.02])
@pytest.mark.parametrize("units", [2_000, 20_000, 200_000])
def test_the_chance_at_one_look_is_that_of_statsmodels(effect, units):
    size = effect / PAST.variance**0.5
    oracle = NormalIndPower().power(size, units * 0.3, 0.025, 0.7 / 0.3, alternative="larger")

    assert power_of(PAST, effect, units, Fixed(), weights=(0.3, 0.7)) == pytest.approx(oracle, abs=1e-6)


def test_looking_every_day_costs_less_than_twice_the_units():
    fixed, always = (units_needed(PAST, 0.02, rule=Rule(a)) for a in ("fixed", "always-valid"))

    assert always / fixed == pytest.approx((3.0352 + 0.8416) ** 2 / (1.95996 + 0.8416) ** 2, rel=1e-3)


def test_planned_looks_cost_little_by_obrien_and_fleming_and_one_look_costs_nothing():
    fixed = units_needed(PAST, 0.002, rule=Rule("fixed"))
    looks = Rule("group-sequential", looks=(0.2, 0.4, 0.6, 0.8, 1.0))

    assert units_needed(PAST, 0.002, rule=Rule("group-sequential", looks=(1.0,))) == pytest.approx(
        fixed, rel=1e-4
    )
    assert 1.0 < units_needed(PAST, 0.002, rule=looks) / fixed < 1.03


def test_a_plan_tells_what_its_days_can_show():
    found = planned("visited", PAST, units_per_day=1_370, days=28, rule=Rule("fixed"))

    assert found.units == 38_360
    assert found.effect == pytest.approx(2.80158 * 2 * (PAST.variance / 38_360) ** 0.5, rel=1e-5)
    assert found.relative == pytest.approx(found.effect / 0.1564)
    assert days_needed(units_needed(PAST, found.effect * 1.0001, rule=Rule("fixed")), 1_370) == 28


def test_of_several_arms_a_plan_is_for_the_smallest_beside_the_control():
    trial = spec(arms=("today", "chosen", "other"))
    weighed = msgspec.structs.replace(trial, weights={"today": 0.5, "chosen": 0.3, "other": 0.2})
    shares, rule = compared(weighed), Rule.of(weighed)

    found = planned("visited", PAST, units_per_day=1_000, days=28, weights=shares, rule=rule)
    aim = wanted(PAST, found.effect, units_per_day=1_000, weights=shares, rule=rule)

    assert shares == (0.5, 0.2)
    assert rule.alpha == 0.025
    assert found.units == 19_600  # of the two arms, of 28,000 of all
    assert aim.units == pytest.approx(28_000, abs=2)
    assert aim.days == 28


def test_who_takes_part_is_a_share_of_all_and_the_plan_counts_their_days():
    trial = msgspec.structs.replace(
        spec(), coverage=0.5, layer=Layer("checkout", 0.25, 0.75), holdout=Holdout("winter", 0.1), days=14
    )

    assert share_admitted(spec()) == 1.0
    assert share_admitted(trial) == pytest.approx(0.5 * 0.5 * 0.9)
    assert planned_units(trial, 100.0) == 1_400
    assert planned_units(trial, 0.01) == 2


def test_a_guardrail_that_its_plan_cannot_show_is_foreseen():
    bought = Moments(8_646, 0.0107, 8_646 * 0.0107 * (1 - 0.0107))

    margin = smallest_margin(bought, 12_800, rule=Rule())

    assert margin > 0.5  # 5 %, as wished for, would stay unclear
    assert smallest_margin(bought, 4 * 12_800) == pytest.approx(margin / 2)


@given(st.floats(0.001, 0.5), analyses)
def test_units_and_effects_are_each_others_inverse(effect, analysis):
    units = units_needed(PAST, effect, rule=analysis)

    if units >= 2:
        assert minimum_effect(PAST, units, rule=analysis) == pytest.approx(effect, rel=1 / units + 1e-9)


@given(st.floats(0.001, 0.05), analyses, st.floats(0.05, 0.95))
def test_half_the_effect_takes_four_times_the_units_and_halves_take_the_fewest(effect, analysis, share):
    whole = units_needed(PAST, effect, rule=analysis)

    assert units_needed(PAST, effect / 2, rule=analysis) == pytest.approx(4 * whole, abs=4)
    assert units_needed(PAST, -effect, rule=analysis) == whole
    assert units_needed(PAST, effect, weights=(share, 1 - share), rule=analysis) >= whole


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(Invalid, match="for ever"):
        units_needed(PAST, 0.0)
    with pytest.raises(NotEnoughData, match="without any spread"):
        units_needed(Moments(100, 0.0, 0.0), 0.1)
    with pytest.raises(NotEnoughData, match="no traffic"):
        days_needed(100, 0)
    with pytest.raises(NotEnoughData, match="show nothing"):
        minimum_effect(PAST, 1)
    with pytest.raises(Invalid, match="between 0 and 1"):
        units_needed(PAST, 0.1, rule=Rule(power=1.0))
    with pytest.raises(Invalid, match="shares of control and treatment"):
        units_needed(PAST, 0.1, weights=(1.0, 0.0))
    with pytest.raises(NotEnoughData, match="nothing to be kept"):
        smallest_margin(Moments(100, 0.0, 0.0), 100)


def test_the_examples_in_the_docstrings_run():
    folder = Path(fullcycle.experiment.__file__).parent
    for path in sorted(folder.glob("*.py")):
        module = (
            import_module(f"fullcycle.experiment.{path.stem}")
            if path.stem != "__init__"
            else fullcycle.experiment
        )
        assert doctest.testmod(module).failed == 0, path.name
