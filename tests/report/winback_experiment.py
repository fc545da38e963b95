"""Experiments for a report: readouts of made-up statistics, from one day of two arms to a plan with looks."""

import numpy as np

from fullcycle.experiment import Cell, Count, Covariate, Gram, Prior, Rate, Readout, Statistics, readout
from made_up_experiment import DAY, GOOD, START, day_name, metric, spec, told

RATE = Rate(per_year=400_000.0, currency="USD", arithmetic="500,000 clients per year × 0.80 USD per visit")
PRIOR = Prior(spread=0.02, origin="the brief")
ARMS = ("today", "chosen", "bold")
EFFECTS = {"today": 0.0, "chosen": 0.5, "bold": 0.1}


def simple(rates=GOOD, *, days=28, **options) -> Readout:
    """Two arms, days that are all alike."""
    return readout(spec(**options), told(rates, days=days), rate=RATE, prior=PRIOR)


def full(analysis="always-valid", *, days=20, at_day=34, looks=()) -> Readout:
    """Three arms, a covariate, two segments, days since the exposure, and something amiss with each check."""
    rng = np.random.default_rng(5)
    made = spec(
        arms=ARMS,
        metrics={name: metric(name, kind="mean", column="spend") for name in ("visited", "converted")},
        guardrails={"converted": 0.05},
        covariates=(Covariate(name="recency"),),
        segments=("channel", "newbie"),
        analysis=analysis,
        looks=looks,
    )
    levels = {"channel": ("Phone", "Web", "Multichannel"), "newbie": ("true", "false")}
    cells, counts, by_segment = [], [], []
    for day in map(day_name, range(days)):
        for arm, effect in EFFECTS.items():
            counts.append(Count(arm, day, 300 + int(rng.integers(0, 60))))
            cells.append(Cell("visited", arm, day, _gram(rng, counts[-1].units, effect, 2.8)))
            cells.append(Cell("converted", arm, day, _gram(rng, counts[-1].units, 0.1, 1.2)))
    for segment, known in levels.items():
        for level in known:
            for arm, effect in EFFECTS.items():
                there = effect * (2.5 if level == "Web" else 0.6)
                cells.append(Cell("visited", arm, "", _gram(rng, 2_000, there, 2.8), segment, level))
                by_segment.append(Count(arm, "", 2_000, segment=segment, level=level))
    ages = tuple(
        Cell("visited", arm, str(age), Gram(5_000, (1 + effect * (0.2 if age else 1.5),), (20_000.0,)))
        for age in range(10)
        for arm, effect in EFFECTS.items()
    )
    found = Statistics(
        as_of=(START + at_day) * DAY,
        cells=tuple(cells),
        by_age=ages,
        assigned=tuple(counts),
        counted=tuple(counts),
        by_segment=tuple(by_segment),
        crossed=12,
        late=(Count("today", "", 3, "visited"),),
        immature=(Count("today", day_name(19), 300, "visited"),),
    )
    return readout(made, found, rate=RATE, prior=PRIOR)


def _gram(rng, n, effect, slope) -> Gram:
    """A metric and what was known before, of which it is made in part."""
    before = rng.normal(0, 1, n)
    values = np.array([20 + effect + slope * before + rng.normal(0, 3, n), before])
    off = values - values.mean(axis=1, keepdims=True)
    products = off @ off.T
    return Gram(n, tuple(values.mean(axis=1).tolist()), tuple(products[np.tril_indices(2)].tolist()))
