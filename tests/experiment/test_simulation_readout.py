"""What a readout promises to those who read it every day: false alarms, wrong ships, wrong passes, power.

All runs are computed at a time (``simulated.compared``), and a sample of them is read by ``readout``,
day by day: the two must conclude the same. Without an effect, half of alpha may be shipped at most.

Planted, and caught: Student's t at every look; alpha that is not divided by the arms; the last look's
bound as if there had been none before; looks that take all of a plan which more came to than was
thought; a one-sided bound where two are needed; a guardrail whose
margin is tested by its estimate alone.
"""

from math import sqrt

import msgspec
import numpy as np
import pytest
from scipy.special import ndtri

import simulated
from fullcycle.experiment import (
    AlwaysValid,
    Cell,
    Count,
    Covariate,
    Fixed,
    GroupSequential,
    Moments,
    Rule,
    Statistics,
    drift_needed,
    readout,
    spending_bounds,
    units_needed,
)
from made_up_experiment import DAY, START, day_name, metric, spec

RUNS = 10_000
DAYS = 28
PER_DAY = 200  # units of each arm
COVARIATE = np.array([[1.0, 0.6], [0.6, 1.0]])
MEAN = {"metrics": {"visited": metric("visited", kind="mean", within_s=0.0)}, "guardrails": {}}


def daily(rng, arms, *, runs=RUNS, effect=0.0, covariance=COVARIATE, days=DAYS, n=PER_DAY):
    """Each arm's statistics after each day; the last arm has the effect."""
    level = [10.0] + [0.0] * (len(covariance) - 1)
    found = []
    for arm in range(arms):
        more = effect if arm == arms - 1 else 0.0
        found.append(
            simulated.normal(rng, (runs, days), n, [level[0] + more, *level[1:]], covariance).so_far()
        )
    return found


def z_of(arms):
    """Standard errors from zero of each treatment, ``(n_treatments, runs, days)``, and degrees of freedom."""
    told = [simulated.compared(arms[0], arm) for arm in arms[1:]]
    return np.array([value / np.sqrt(variance) for value, variance, _ in told]), np.array(
        [t[2] for t in told]
    )


def reach(rule, units, one_sided=False):
    """Standard errors to either side after each day."""
    side = rule.one_sided if one_sided else rule.two_sided
    return np.array([side(1e9, int(n)) for n in units])


def read(plan, arms, run, day, *, at_day=None):
    """The readout of one run after a day of exposure, its units all in one day but for their counts."""
    counts = tuple(Count(arm, day_name(d), PER_DAY) for d in range(day + 1) for arm in plan.order)
    cells = tuple(
        Cell("visited", arm, day_name(0), many.gram(run, day))
        for arm, many in zip(plan.order, arms, strict=True)
    )
    as_of = (START + (day + 1 if at_day is None else at_day)) * DAY
    return readout(
        plan,
        Statistics(as_of=as_of, cells=cells, assigned=counts, counted=counts),
        planned_units=len(plan.order) * PER_DAY * DAYS,
    )


@pytest.mark.parametrize("treatments", [1, 3])
def test_without_an_effect_reading_every_day_ships_at_most_half_of_alpha(rng, happens_at_most, treatments):
    """Freed from a covariate; and any interval, of any arm on any day, leaves zero for at most alpha."""
    names = ("today", "chosen", "b", "c")[: treatments + 1]
    arms = daily(rng, treatments + 1)
    z, _ = z_of(arms)
    units = 2 * PER_DAY * np.arange(1, DAYS + 1)
    rule = AlwaysValid(len(names) * PER_DAY * DAYS, 0.05 / treatments)
    shipped = (z > reach(rule, units)).any(axis=0)

    happens_at_most(int(shipped.any(axis=1).sum()), RUNS, 0.025)
    happens_at_most(int((np.abs(z) > reach(rule, units)).any(axis=(0, 2)).sum()), RUNS, 0.05)
    peeked = (np.abs(z) > reach(Fixed(0.05 / treatments), units)).any(axis=(0, 2))
    with pytest.raises(AssertionError):  # planted: Student's t at every look
        happens_at_most(int(peeked.sum()), RUNS, 0.05)

    plan = spec(**MEAN, arms=names, covariates=(Covariate(name="before"),))
    picked = [*np.flatnonzero(shipped.any(axis=1))[:6], *range(6)]
    for run in picked:
        for day in (0, 4, int(shipped[run].argmax()), DAYS - 1):
            told = read(plan, arms, run, day)
            assert (told.verdict.decision == "ship") == shipped[run, day]


def test_alpha_that_is_not_divided_by_the_arms_would_be_noticed(rng, happens_at_most):
    """One look at the end: the always-valid boundary is too wide there to let it be seen."""
    z, _ = z_of([simulated.normal(rng, (RUNS,), 1_000, [0.0], [[1.0]]) for _ in range(6)])

    happens_at_most(int((np.abs(z) > -ndtri(0.005)).any(axis=0).sum()), RUNS, 0.05)
    with pytest.raises(AssertionError):
        happens_at_most(int((np.abs(z) > 1.96).any(axis=0).sum()), RUNS, 0.05)


@pytest.mark.parametrize("draw", ["Bernoulli", "spending"])
def test_the_first_days_of_few_units_are_no_trap(rng, happens_at_most, draw):
    """Fifty units an arm on the first day, one in five of them to whom it happens, or who buy."""
    if draw == "Bernoulli":
        arms = [simulated.bernoulli(rng, (RUNS, DAYS), 50, 0.2).so_far() for _ in range(2)]
    else:
        arms = [simulated.spending(rng, (RUNS, DAYS), 50, 0.2).so_far() for _ in range(2)]
    z, _ = z_of(arms)
    units = 100 * np.arange(1, DAYS + 1)

    wrong = (np.abs(z[0]) > reach(AlwaysValid(100 * DAYS), units)).any(axis=1)
    happens_at_most(int(np.nan_to_num(wrong).sum()), RUNS, 0.05)


def test_a_small_control_of_skewed_spending_is_no_trap(rng, happens_at_most):
    """10 units a day in the control, 990 in the arm, 10 % buying: what half of alpha may ship.

    Planted, and caught: the variance that the few units tell, by which 24 % were shipped.
    """
    control = simulated.spending(rng, (RUNS, DAYS), 10, 0.1).so_far()
    spread = 0.1 * np.exp(2) - (0.1 * np.exp(0.5)) ** 2
    arm = simulated.normal(rng, (RUNS, DAYS), 990, [0.1 * np.exp(0.5)], [[spread]]).so_far()
    bound = reach(AlwaysValid(1_000 * DAYS), 1_000 * np.arange(1, DAYS + 1))
    step, own = (arm.means - control.means)[..., 0], control.products[..., 0, 0] / (control.units - 1)
    other = arm.products[..., 0, 0] / (arm.units - 1)
    shipped = {}
    for which, variance in (("own", own), ("ours", np.maximum(own, other))):
        seen = step > bound * np.sqrt(variance / control.units + other / arm.units)
        seen[:, control.units[0] < 50] = False
        shipped[which] = seen

    happens_at_most(int(shipped["ours"].any(axis=1).sum()), RUNS, 0.025)
    with pytest.raises(AssertionError):
        happens_at_most(int(shipped["own"].any(axis=1).sum()), RUNS, 0.025)
    plan = msgspec.structs.replace(spec(**MEAN), weights={"today": 0.01, "chosen": 0.99})
    for run in np.flatnonzero(shipped["own"].any(axis=1))[:5]:
        day = int(shipped["own"][run].argmax())
        counts = tuple(
            Count(arm, day_name(d), n) for d in range(day + 1) for arm, n in (("today", 10), ("chosen", 990))
        )
        cells = tuple(
            Cell("visited", name, day_name(0), many.gram(run, day))
            for name, many in (("today", control), ("chosen", arm))
        )
        statistics = Statistics(as_of=(START + day + 1) * DAY, cells=cells, assigned=counts, counted=counts)
        assert readout(plan, statistics).verdict.decision in ("keep going", "unknown")


LOOKS = (0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_a_group_sequential_plan_errs_as_often_as_it_may(rng, happens_at_rate, spending):
    """At its looks, through the readout; planted: each look's bound as if it were the first."""
    arms = daily(rng, 2)
    z, df = z_of(arms)
    days = [round(share * DAYS) - 1 for share in LOOKS]
    bounds = np.array(
        [GroupSequential(LOOKS[: n + 1], spending).two_sided(float(df.mean()), 0) for n in range(len(LOOKS))]
    )
    crossed = np.abs(z[0][:, days]) > bounds
    ships = z[0][:, days] > bounds

    happens_at_rate(int(crossed.any(axis=1).sum()), RUNS, 0.05)
    happens_at_rate(int(ships.any(axis=1).sum()), RUNS, 0.025)
    with pytest.raises(AssertionError):
        happens_at_rate(int((np.abs(z[0][:, days]) > 1.96).any(axis=1).sum()), RUNS, 0.05)
    one = [GroupSequential(LOOKS[: n + 1], spending).one_sided(1e9, 0) for n in range(len(LOOKS))]
    with pytest.raises(AssertionError):  # planted: one side's bound where both count
        happens_at_rate(int((np.abs(z[0][:, days]) > one).any(axis=1).sum()), RUNS, 0.05)

    plan = spec(
        **MEAN, analysis="group-sequential", looks=LOOKS, spending=spending, covariates=(Covariate(name="x"),)
    )
    for run in [*np.flatnonzero(ships.any(axis=1))[:3], 0]:
        for look, day in enumerate(days):
            told = read(plan, arms, run, day)
            near = abs(z[0][run, day] - bounds[look]) < 0.01
            assert near or (told.verdict.decision == "ship") == ships[run, look]


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_a_plan_that_twice_as_many_came_to_errs_and_finds_as_it_should(rng, happens_at_rate, spending):
    """Found as often as by looks at the same units that were planned for so many.

    Planted: each look but the last takes what its units are of the planned ones, up to all of it.
    """
    plan = spec(**MEAN, analysis="group-sequential", looks=LOOKS, spending=spending)
    arms = [simulated.normal(rng, (1, DAYS), PER_DAY, [10.0], [[1.0]]).so_far() for _ in range(2)]
    counts = tuple(Count(arm, day_name(d), PER_DAY) for d in range(DAYS) for arm in plan.order)
    cells = tuple(
        Cell("visited", a, day_name(0), many.gram(0, DAYS - 1))
        for a, many in zip(plan.order, arms, strict=True)
    )
    statistics = Statistics(as_of=(START + DAYS) * DAY, cells=cells, assigned=counts, counted=counts)
    looks = readout(plan, statistics, planned_units=PER_DAY * DAYS).looks
    units = np.array([look.units for look in looks], float)
    meant = spending_bounds(LOOKS, spending, 0.05)
    drift = drift_needed(LOOKS, meant, 0.8)
    took = (0.5, 0.999, 1.0), units[[0, 1, 3]]
    planted = spending_bounds(took[0], spending, 0.05, information=tuple(took[1]))

    def crossed(units, bounds, drift=0.0):
        time = units / units[-1]
        steps = rng.normal(size=(RUNS, len(time))) * np.sqrt(np.diff(time, prepend=0.0))
        z = (steps.cumsum(axis=1) + drift * time) / np.sqrt(time)
        return int(((np.abs(z) > bounds) if not drift else (z > bounds)).any(axis=1).sum())

    bounds = [look.bound for look in looks]
    assert bounds[-1] == min(bounds)  # what a look found, no later one takes back for its bound
    happens_at_rate(crossed(units, bounds), RUNS, 0.05)
    happens_at_rate(crossed(units, bounds, drift), RUNS, 0.8)
    with pytest.raises(AssertionError):
        happens_at_rate(crossed(took[1], planted, drift), RUNS, 0.8)


def test_a_guardrail_at_its_very_margin_passes_at_most_alpha(rng, happens_at_most, happens_at_rate):
    """Both analyses; the arm is worse by just the margin of 5 %. Planted: two sides' alpha for the one."""
    arms = daily(rng, 2, effect=-0.5, covariance=np.array([[4.0]]))
    moved = simulated.Many(arms[0].units, 0.95 * arms[0].means, 0.95**2 * arms[0].products)
    z, _ = z_of([moved, arms[1]])
    units = 2 * PER_DAY * np.arange(1, DAYS + 1)
    always = AlwaysValid(2 * PER_DAY * DAYS)

    passed = z[0] > reach(always, units, one_sided=True)
    happens_at_most(int(passed.any(axis=1).sum()), RUNS, 0.05)
    happens_at_rate(int((z[0][:, -1] > reach(Fixed(), units[-1:], one_sided=True)).sum()), RUNS, 0.05)
    with pytest.raises(AssertionError):
        happens_at_rate(int((z[0][:, -1] > reach(Fixed(0.1), units[-1:], one_sided=True)).sum()), RUNS, 0.05)
    with pytest.raises(AssertionError):  # planted: peeking with one look's bound
        happens_at_most(int((z[0] > reach(Fixed(), units, one_sided=True)).any(axis=1).sum()), RUNS, 0.05)

    plan = spec(metrics=MEAN["metrics"], guardrails={"visited": 0.05})
    for run in range(8):
        told = read(plan, arms, run, DAYS - 1).guardrails[0].standing
        assert (told == "holds") == passed[run, -1]


@pytest.mark.parametrize("analysis", ["fixed", "always-valid", "group-sequential"])
def test_a_plan_has_the_power_that_it_was_designed_for(rng, happens_at_rate, analysis):
    """Units by ``units_needed``; always-valid at its last look, and more often at any."""
    looks = LOOKS if analysis == "group-sequential" else ()
    rule = Rule(analysis, looks=looks)
    n = units_needed(Moments(1_000, 0.0, 999.0), 0.1, rule=rule) // 2
    a, b = (simulated.normal(rng, (RUNS, 4), n // 4, [m], [[1.0]]).so_far() for m in (0.0, 0.1))
    z, _ = z_of([a, b])
    if analysis == "group-sequential":
        bounds = [GroupSequential(LOOKS[: k + 1]).two_sided(1e9, 0) for k in range(4)]
        found = (z[0] > bounds).any(axis=1)
    else:
        one = Fixed() if analysis == "fixed" else AlwaysValid(2 * n)
        found = z[0][:, -1] > one.two_sided(1e9, 2 * n)

    happens_at_rate(int(found.sum()), RUNS, 0.8)


def test_units_for_one_side_of_alpha_would_be_noticed(rng, happens_at_rate):
    few = int(2 * ((1.645 + 0.842) / 0.1) ** 2)
    z, _ = z_of([simulated.normal(rng, (RUNS,), few, [m], [[1.0]]) for m in (0.0, 0.1)])

    with pytest.raises(AssertionError):
        happens_at_rate(int((z[0] > 1.96).sum()), RUNS, 0.8)


def test_days_told_apart_and_days_together_are_the_same_readout(rng):
    """What the sample above leaves out: cells by day."""
    parts = [simulated.normal(rng, (1, 5), PER_DAY, [m, 0.0], COVARIATE) for m in (10.0, 10.2)]
    whole = [part.so_far() for part in parts]
    plan = spec(**MEAN, covariates=(Covariate(name="x"),))
    together = read(plan, whole, 0, 4)
    cells = tuple(
        Cell("visited", arm, day_name(d), part.gram(0, d))
        for arm, part in zip(plan.order, parts, strict=True)
        for d in range(5)
    )
    counts = tuple(Count(arm, day_name(d), PER_DAY) for d in range(5) for arm in plan.order)
    apart = readout(
        plan,
        Statistics(as_of=(START + 5) * DAY, cells=cells, assigned=counts, counted=counts),
        planned_units=2 * PER_DAY * DAYS,
    )

    for name in ("difference", "stderr", "low", "high", "p"):
        assert getattr(apart.primary[0], name) == pytest.approx(getattr(together.primary[0], name), rel=1e-9)
    assert msgspec.json.decode(msgspec.json.encode(apart), type=type(apart)) == apart
    assert apart.path[-1].stderr == pytest.approx(sqrt(simulated.compared(*whole)[1][0, -1]), rel=1e-9)
