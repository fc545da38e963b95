"""The example's load.py: the raw file becomes the tables of a company, once."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from shop_scripts import SHOP, script

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "warehouse.duckdb"
    script("load").load(path, TODAY)
    return path


@pytest.fixture
def connection(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as open_connection:
        yield open_connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def test_the_file_is_the_published_one() -> None:
    data = (SHOP / "data" / "hillstrom.csv.gz").read_bytes()

    digest = "1bcbb5b3aeb0c7059506ddeda3072f09a14d0c3f05f0330f762a60601303140e"
    assert hashlib.sha256(data).hexdigest() == digest  # as in SHA256SUMS of where it came from


def test_loading_twice_changes_nothing(warehouse: Path) -> None:
    before = warehouse.read_bytes()

    rows = script("load").load(warehouse, TODAY + timedelta(days=40))

    assert rows["crm.clients"] == 64_000
    assert rows["mail.delivered"] == 0
    assert warehouse.read_bytes() == before


def test_two_fifths_of_the_clients_are_the_past_campaign(connection: duckdb.DuckDBPyConnection) -> None:
    assert one(connection, "select count(*), count(distinct client_id) from mail.log") == (25_770, 25_770)


def test_only_clients_of_the_past_campaign_have_visits(connection: duckdb.DuckDBPyConnection) -> None:
    strangers = "select count(*) from shop.visits where client_id not in (select client_id from mail.log)"

    assert one(connection, strangers) == (0,)


def test_every_visit_follows_its_mailing_within_a_fortnight(connection: duckdb.DuckDBPyConnection) -> None:
    shortest, longest = one(
        connection,
        'select min("at" - sent), max("at" - sent) from mail.log join shop.visits using (client_id)',
    )

    assert timedelta(0) < shortest  # type: ignore[operator]
    assert longest <= timedelta(days=14)  # type: ignore[operator]


def test_the_past_campaign_is_over_before_the_live_traffic_begins(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    first, last = one(connection, "select min(sent), max(sent) from mail.log")

    assert first >= datetime(2026, 9, 10)  # type: ignore[operator]
    assert last.date() == TODAY - timedelta(days=45)  # type: ignore[attr-defined]


def test_the_briefs_figures_are_those_of_the_past_campaign(connection: duckdb.DuckDBPyConnection) -> None:
    brief = (SHOP / "winback" / "brief.md").read_text()
    rates = connection.execute(
        """
        select campaign, count(*), 100 * avg((visits.client_id is not null)::integer)
        from mail.log left join shop.visits using (client_id) group by all
        """
    ).fetchall()
    names = {"Mens E-Mail": "men's e-mail", "Womens E-Mail": "women's e-mail", "No E-Mail": "none"}

    for campaign, clients, rate in rates:
        assert f"| {names[campaign]} | {clients:,} | {rate:.2f} % |" in brief


def test_the_briefs_interval_follows_from_its_figures(connection: duckdb.DuckDBPyConnection) -> None:
    query = """
        select avg((visits.client_id is not null)::integer), count(*)
        from mail.log left join shop.visits using (client_id) where campaign = '{} E-Mail'
    """
    (mens, n), (womens, m) = (one(connection, query.format(name)) for name in ("Mens", "Womens"))
    stderr = (mens * (1 - mens) / n + womens * (1 - womens) / m) ** 0.5  # type: ignore[operator]
    low, high = (mens - womens + side * 1.96 * stderr for side in (-1, 1))  # type: ignore[operator]

    assert f"effect: {low:.3f} to {high:.3f} " in (SHOP / "winback" / "brief.md").read_text()


def test_a_visit_is_worth_what_the_brief_says(connection: duckdb.DuckDBPyConnection) -> None:
    share, spent = one(
        connection,
        "select 100 * avg((spend > 0)::integer), sum(spend) / count(*) filter (spend > 0) from shop.visits",
    )

    sentence = f"{share:.1f} % of the visitors bought, for {spent:.2f} dollars on average"
    assert sentence in (SHOP / "winback" / "brief.md").read_text()
