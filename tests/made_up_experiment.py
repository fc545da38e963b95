"""Experiments and statistics that tests make up: days that are all alike."""

from fullcycle.experiment import Cell, Count, ExperimentSpec, Gram, Statistics
from fullcycle.metric import MetricSpec

DAY = 86_400_000_000
START = 20_454  # days since 1970: 2026-01-01
TWO_WEEKS = 14 * 86400.0


def metric(name, **options):
    options = {"kind": "proportion", "within_s": TWO_WEEKS, **options}
    return MetricSpec(name=name, source="visits", unit="client_id", time="at", **options)


def spec(**options):
    arms = options.pop("arms", ("today", "chosen"))
    given = {
        "metrics": {"visited": metric("visited"), "converted": metric("converted")},
        "guardrails": {"converted": 0.2},
        **options,
    }
    return ExperimentSpec(
        name="trial",
        capability="winback",
        order=arms,
        arms=dict.fromkeys(arms, "winback.service:choose"),
        weights=dict.fromkeys(arms, 1 / len(arms)),
        seed="winback/trial",
        unit="client_id",
        primary="visited",
        **given,
    )


def share(rate, n):
    return Gram(n, (rate,), (n * rate * (1 - rate),))


def day_name(n):
    return f"2026-01-{n + 1:02d}"


def told(rates, *, days=28, per_day=1000, at_day=60, lost=None, **more):
    """Statistics of days that are all alike; ``rates`` maps metric, then arm, to its share."""
    names = [day_name(n) for n in range(days)]
    arms = list(next(iter(rates.values())))
    counts = tuple(Count(arm, day, per_day - (lost or {}).get(arm, 0)) for day in names for arm in arms)
    cells = tuple(
        Cell(name, arm, day, share(rate, per_day))
        for name, by_arm in rates.items()
        for arm, rate in by_arm.items()
        for day in names
    )
    cells += more.pop("cells", ())
    return Statistics(as_of=(START + at_day) * DAY, cells=cells, assigned=counts, counted=counts, **more)


GOOD = {"visited": {"today": 0.15, "chosen": 0.18}, "converted": {"today": 0.10, "chosen": 0.10}}
