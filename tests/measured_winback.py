"""A measurement of the win-back e-mail, as tests of value vary it."""

from fullcycle.brief import Brief, Estimate, Reach
from fullcycle.kernel import Interval, Money
from fullcycle.value import Cost, CostPart, Effect, Found, OffPolicy, measure

BRIEF = Brief(
    problem="…",
    owner="growth@example.com",
    tier="low",
    metric="visited",
    estimate=Estimate(
        effect=Interval(0.017, 0.04),
        reach=Reach(count=500_000, period="year", unit="clients"),
        worth=Money(0.8, "USD"),
        effect_unit="visits per client",
    ),
)
COST = Cost(
    total=Money(0.013, "USD"), parts=(CostPart(name="runs", amount=Money(0.013, "USD"), counted="3 runs"),)
)
PAST = OffPolicy(effect=Effect(value=0.025, low=0.01, high=0.04), effective=2512.4, rows=7731)
FOUND = Effect(value=0.026, low=0.018, high=0.034, stderr=0.004)


def measured(effect=FOUND, **more):
    given = {
        "experiment": "trial",
        "releases": (1, 2),
        "good": "up",
        "off_policy": PAST,
        "found": Found(effect=effect, arm="chosen"),
        "cost": COST,
        "verdict": "ship",
        "reason": "visits rose",
        "readout": "0" * 64,
    }
    return measure(BRIEF, **(given | more))
