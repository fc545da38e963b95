"""fullcycle.adapters.polars_tally: real clients, and the fault that the example plants among them."""

from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import pytest

import fullcycle.example as example_package
from fullcycle.adapters.polars_tally import tallied
from fullcycle.data import Row, at_least, between, key, profile
from fullcycle.monitor import check_drift

CSV = Path(example_package.__path__[0]) / "shop" / "data" / "hillstrom.csv.gz"


class Client(Row):
    client_id: Annotated[int, key]
    recency: Annotated[int, between(1, 12)]
    history: Annotated[float, at_least(0)]
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool
    channel: Literal["Phone", "Web", "Multichannel"]


@pytest.fixture(scope="module")
def clients():
    return (
        pl.read_csv(CSV, infer_schema_length=None)
        .with_row_index("client_id")
        .with_columns(pl.col("client_id").cast(pl.Int64), pl.col("newbie") == 1)
        .select("client_id", "recency", "history", "zip_code", "newbie", "channel")
        .head(25_000)
    )


def in_cents(frame):
    cents = pl.when(pl.col("channel") == "Web").then(pl.col("history") * 100).otherwise(pl.col("history"))
    return frame.with_columns(cents.alias("history"))


def test_every_row_is_in_one_bin_of_each_field(clients):
    tally = tallied(clients, profile(clients, Client))

    assert set(tally.fields) == {"recency", "history", "zip_code", "newbie", "channel"}
    assert {field.rows for field in tally.fields.values()} == {25_000}


def test_segments_of_a_field_are_all_of_its_rows(clients):
    tally = tallied(clients, profile(clients, Client))
    channels = [each for each in tally.segments if each.field == "channel"]

    assert sum(each.rows for each in channels) == 25_000
    together = [
        sum(counts) for counts in zip(*(each.fields["history"].counts for each in channels), strict=True)
    ]
    assert tuple(together) == tally.fields["history"].counts


def test_cents_for_dollars_in_one_channel_are_found_where_they_are(clients):
    reference = profile(clients, Client)

    found = check_drift("source mailings", tallied(clients, reference), tallied(in_cents(clients), reference))

    assert [each.field for each in found if each.broken] == ["history"]
    assert found[0].location.segment == "channel = Web"
    assert found[0].location.factor == pytest.approx(100)
    assert found[0].location.rest_psi == 0
    assert found[0].says.startswith(
        "history moved where channel = Web (44% of the rows) and not elsewhere: every quartile is 100 times "
        "what it was, like a change of unit by 100 (cents for whole units"
    )


def test_two_halves_of_the_same_clients_have_not_drifted(clients):
    one, other = clients[::2], clients[1::2]
    reference = profile(one, Client)

    assert not any(
        each.broken
        for each in check_drift("source mailings", tallied(one, reference), tallied(other, reference))
    )


def test_a_number_that_was_never_there_and_now_is_has_drifted(clients):
    class Loose(Client):
        discount: float | None

    was = clients.with_columns(pl.lit(None, pl.Float64).alias("discount"))
    now = clients.with_columns(pl.lit(0.2).alias("discount"))
    reference = profile(was, Loose)

    found = check_drift("source mailings", tallied(was, reference), tallied(now, reference))

    assert [each.field for each in found if each.broken] == ["discount"]
    assert "went from 0.0% to 100.0%" in found[0].says


def test_requests_are_compared_in_the_fields_that_they_have(clients):
    reference = profile(clients, Client)
    requests = tallied(clients.drop("channel", "newbie").head(4000), reference)

    found = check_drift("decisions winback@prod", tallied(clients, reference), requests)

    assert {each.field for each in found} == {"recency", "history", "zip_code"}
