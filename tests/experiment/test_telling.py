"""What a readout comes to in one sentence, for somebody who reads no other."""

import pytest

from fullcycle.experiment import Count, Guardrail, Prior, Rate, headline, readout, told_guardrail
from made_up_experiment import GOOD, spec, told

RATE = Rate(per_year=400_000.0, currency="USD", arithmetic="500,000 clients × 0.80 USD")


def said(rates, **options):
    more = {name: options.pop(name) for name in ("rate", "prior") if name in options}
    return headline(readout(spec(guardrails={}), told(rates, **options), **more))


def test_a_winner_is_told_with_what_it_does_and_what_it_is_worth():
    assert (
        said(GOOD) == "Ship chosen: it raises visited by 3.00 points (between +2.05 and +3.95), from 15.0 %."
    )
    assert said(GOOD, rate=RATE).endswith(", worth 12,000 USD a year.")
    shrunken = said(GOOD, rate=RATE, prior=Prior(spread=0.01, origin="the brief"))
    assert shrunken.endswith(
        "worth 12,000 USD a year; expect 10,900, since a winner looks better than it is."
    )


def test_what_is_worse_is_to_be_stopped():
    assert said({"visited": {"today": 0.18, "chosen": 0.15}}).startswith("Stop: visited is 3.00 points lower")


def test_what_is_open_says_how_long_and_that_it_may_be_chance():
    open_still = said({"visited": {"today": 0.15, "chosen": 0.153}}, days=10, at_day=24)

    assert open_still.startswith(
        "Keep going for another 18 days, though what is seen so far would take about 293 to decide: "
        "so far it raises visited by 0.30 points"
    )
    assert open_still.endswith("which may still be chance.")


def test_where_nobody_was_exposed_nothing_is_made_up():
    assert headline(readout(spec(), told(GOOD, days=0))).startswith(
        "Keep going for another 42 days: nobody was exposed yet"
    )


@pytest.mark.parametrize(
    ("margin", "worst", "standing", "words"),
    [
        (0.10, 0.100031, "unclear", "converted may be up to 10.003% worse with chosen (10% tolerated)"),
        (0.10, 0.1004, "unclear", "converted may be up to 10.04% worse with chosen (10% tolerated)"),
        (0.10, 0.0996, "holds", "converted is at most 9.96% worse with chosen (10% tolerated)"),
        (0.025, 0.031, "unclear", "converted may be up to 3.1% worse with chosen (2.5% tolerated)"),
        (0.005, 0.004, "holds", "converted is at most 0.4% worse with chosen (0.5% tolerated)"),
    ],
)
def test_a_guardrail_is_told_as_exactly_as_its_margin_is_meant(margin, worst, standing, words):
    rail = Guardrail(
        metric="converted", arm="chosen", margin=margin, standing=standing, worst=worst, best=-0.01
    )

    assert told_guardrail(rail) == words


def test_a_winner_among_whom_one_segments_units_got_lost_is_none():
    lost = tuple(
        Count(arm, "", n, "", "device", level)
        for level, counts in {"phone": (8_000, 7_400), "desktop": (20_000, 20_050)}.items()
        for arm, n in zip(("today", "chosen"), counts, strict=True)
    )
    found = headline(readout(spec(guardrails={}, segments=("device",)), told(GOOD, by_segment=lost)))

    assert found.startswith(
        "Nothing can be concluded: the ratio is broken among device = phone (today 8,000 of"
    )
