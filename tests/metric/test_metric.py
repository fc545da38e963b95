"""fullcycle.metric: how metrics are declared, what they become, what is refused."""

from datetime import datetime, timedelta
from typing import Annotated

import pytest

from fullcycle.data import Row, key, source, time
from fullcycle.kernel import Invalid, Money, UnknownName
from fullcycle.metric import mean, outcomes, proportion, quantile, ratio


class Visit(Row):
    client_id: Annotated[int, key]
    at: Annotated[datetime, time]
    spend: float
    shop: str


class Mailing(Row):
    client_id: Annotated[int, key]
    sent: Annotated[datetime, time]


class Weather(Row):
    day: Annotated[datetime, time]
    degrees: float


class Plain(Row):
    client_id: Annotated[int, key]


class Labelled(Mailing):
    outcome: float


def of(contract, **options):
    made = source(contract, **options)(lambda warehouse: warehouse.sql("select 1"))
    made.name = contract.__name__.lower()
    return made


visits = of(Visit, late_by="2h")


def test_a_metric_becomes_plain_data():
    metric = mean(visits, "spend", within="14d", after="1h", where="shop = 'web'", cap=500, good="down")
    metric.name = "spent"

    spec = metric.spec(unit="client_id")

    assert (spec.name, spec.kind, spec.source, spec.time, spec.column) == (
        "spent",
        "mean",
        "visit",
        "at",
        "spend",
    )
    assert (spec.within_s, spec.after_s, spec.late_s) == (14 * 86400, 3600, 7200)
    assert spec.known_after_s == 14 * 86400 + 3600 + 7200
    assert (spec.where, spec.cap, spec.good) == ("shop = 'web'", 500, "down")


def test_two_metrics_that_say_the_same_are_still_two():
    one, other = (proportion(visits, within="14d") for _ in range(2))

    assert one.within == timedelta(days=14)
    assert len({one, other}) == 2


def test_outcomes_are_joined_by_the_keys_that_both_sides_have():
    class Shown(Row):
        decision_id: Annotated[str, key]
        client_id: int
        at: Annotated[datetime, time]

    metric = proportion(visits, within="14d")

    assert outcomes(metric, of=of(Mailing)).joined_by == ("client_id",)
    assert outcomes(metric, of=of(Shown)).joined_by == ("client_id",)
    assert outcomes(metric, of=of(Mailing)).contract is Mailing


@pytest.mark.parametrize(
    ("declare", "said", "cure"),
    [
        (lambda: mean("visits", within="1d"), "'visits' is not a source", "@fc.source"),
        (lambda: mean(visits, "shop", within="1d"), "'shop' is str, not a number", "column of numbers"),
        (lambda: mean(visits, within="soon"), "'soon' is not a duration", "14d"),
        (lambda: mean(visits, within="0d"), "is empty", "14d"),
        (lambda: mean(visits, within="1d", cap=float("nan")), "cap=nan", "cap=500"),
        (lambda: proportion(visits, within="1d", where=" "), "where is empty", "spend > 0"),
        (lambda: proportion(visits, within="1d", good="high"), "good='high'", 'good="up"'),
        (lambda: proportion(of(Plain), within="1d"), "no fields as its time", "fc.time"),
        (lambda: outcomes(visits, of=visits), "is not a metric", "fc.proportion"),
        (lambda: outcomes(mean(visits, within="1d"), of="x"), "of='x' is not a source", "@fc.source"),
        (lambda: outcomes(mean(visits, within="1d"), of=of(Labelled)), "field 'outcome' already", "rename"),
        (lambda: outcomes(mean(visits, within="1d"), of=of(Weather)), "no key in common", "fc.key"),
    ],
)
def test_what_cannot_be_measured_is_refused(declare, said, cure):
    with pytest.raises(Invalid) as caught:
        declare()

    assert said in caught.value.what
    assert cure in caught.value.mend


def test_a_misspelt_column_is_offered_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'spend'"):
        mean(visits, "spent", within="1d")


def test_a_ratio_divides_two_sums_of_two_sources_and_windows():
    clicks = of(Mailing)
    metric = ratio(
        mean(visits, "spend", within="14d", cap=500),
        mean(clicks, within="28d"),
        good="down",
        worth="2.50 USD",
    )
    metric.name = "spend_per_mailing"

    spec = metric.spec(unit="client_id")

    assert (spec.kind, spec.column, spec.cap, spec.good, spec.worth) == (
        "ratio",
        "spend",
        500,
        "down",
        Money(2.5, "USD"),
    )
    assert spec.over is not None
    assert (spec.over.kind, spec.over.source, spec.over.time, spec.over.column) == (
        "mean",
        "mailing",
        "sent",
        None,
    )
    assert spec.sources == ("visit", "mailing")
    assert spec.known_after_s == 28 * 86400


def test_a_proportion_in_a_ratio_counts_each_unit_once():
    side = ratio(proportion(visits, within="14d"), mean(visits, within="14d"))

    assert (side.kind, side.cap) == ("ratio", 1.0)


def test_a_quantile_is_one_of_rows():
    metric = quantile(visits, "spend", 0.95, within="14d", where="spend > 0", good="down")
    metric.name = "spend_p95"

    spec = metric.spec(unit="client_id")

    assert (spec.kind, spec.column, spec.q, spec.where) == ("quantile", "spend", 0.95, "spend > 0")


def test_a_sum_is_cut_at_a_value_or_at_a_quantile():
    assert mean(visits, "spend", within="14d", winsor=0.99).winsor == 0.99
    with pytest.raises(Invalid, match="both cap and winsor"):
        mean(visits, "spend", within="14d", winsor=0.99, cap=500)
    with pytest.raises(Invalid, match="the largest hundredth"):
        mean(visits, "spend", within="14d", winsor=0.01)


def test_what_one_more_is_worth_is_money():
    assert proportion(visits, within="14d", worth="12.50 USD").worth == Money(12.5, "USD")
    with pytest.raises(Invalid, match="not an amount of money"):
        mean(visits, within="14d", worth="12.50")
    with pytest.raises(Invalid, match="has no currency"):
        mean(visits, within="14d", worth=12.5)
    with pytest.raises(Invalid, match="not above zero"):
        mean(visits, within="14d", worth="0 USD")


@pytest.mark.parametrize("q", [0, 1, 1.5, True, "0.5", float("nan")])
def test_a_quantile_outside_its_range_is_refused(q):
    with pytest.raises(Invalid, match=r"such as 0\.95"):
        quantile(visits, "spend", q, within="14d")


def test_a_quantile_needs_a_column_of_numbers():
    with pytest.raises(UnknownName, match="'spent'"):
        quantile(visits, "spent", 0.5, within="14d")
    with pytest.raises(Invalid, match="not a number"):
        quantile(visits, "shop", 0.5, within="14d")


def test_a_ratio_of_what_is_no_sum_says_what_is():
    middle = quantile(visits, "spend", 0.5, within="14d")
    sums = mean(visits, within="14d")

    with pytest.raises(Invalid, match="num is a quantile"):
        ratio(middle, sums)
    with pytest.raises(Invalid, match="den is a ratio"):
        ratio(sums, ratio(sums, sums))


@pytest.mark.parametrize("past", [of(Mailing), None], ids=["of a source", "of decisions"])
def test_outcomes_are_of_means_and_proportions_only(past):
    sums = mean(visits, within="14d")
    for metric in (ratio(sums, sums), quantile(visits, "spend", 0.5, within="14d")):
        with pytest.raises(Invalid, match=r"fc\.mean or fc\.proportion"):
            outcomes(metric, of=past)
    with pytest.raises(Invalid, match="cap=500"):
        outcomes(mean(visits, "spend", within="14d", winsor=0.99), of=past)
