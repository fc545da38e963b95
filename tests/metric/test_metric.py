"""fullcycle.metric: how metrics are declared, what they become, what is refused."""

from datetime import datetime, timedelta
from typing import Annotated

import pytest

from fullcycle.data import Row, key, source, time
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import mean, outcomes, proportion


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
