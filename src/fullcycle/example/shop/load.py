"""Load the retailer's history into warehouse.duckdb: the tables that a company would already have.

Run it once: ``python load.py``. Run it again and it changes nothing.

* ``crm.clients``    every client, as known before any mailing of this story
* ``mail.log``       the past campaign: 40 % of the clients, one of three actions drawn by lot
* ``shop.visits``    who came back, when, and what they spent
* ``mail.outbox``    what the service decided, ``mail.delivered`` what of it was carried out: both still empty

Where the capability demand was laid out, ``shop.sales`` is made up too: see ``made_up_sales.py``.
"""

import runpy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent

TABLES = """
create schema if not exists crm;
create schema if not exists mail;
create schema if not exists shop;

create table if not exists crm.clients as
    select client_id, recency, history, zip_code, newbie, channel from hillstrom
    order by client_id;

create table if not exists mail.log as
    select client_id, getvariable('first_mailing')::timestamp + sent_after as sent, campaign
    from hillstrom where past order by client_id;

create table if not exists shop.visits as
    select client_id, sent + visited_after as "at", spend
    from mail.log join hillstrom using (client_id) where visited order by client_id;

create table if not exists mail.outbox
    (decision_id varchar, client_id bigint, campaign varchar, "at" timestamp);
create table if not exists mail.delivered
    (decision_id varchar, client_id bigint, campaign varchar, "at" timestamp);
"""


def load(warehouse: Path, today: date) -> dict[str, int]:
    """Create what is not there yet in the DuckDB file ``warehouse``; give the rows of each table.

    The past campaign went out over 28 days, from 72 to 45 days before ``today``; the live traffic
    follows from the 42nd to the 15th day before. So every client's two weeks are over today.
    """
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("begin")
        read_hillstrom(connection)
        connection.execute("set variable first_mailing = ?", [today - timedelta(days=72)])
        connection.execute(TABLES)
        connection.execute("commit")
        names = ("crm.clients", "mail.log", "shop.visits", "mail.outbox", "mail.delivered")
        return {name: len(connection.table(name)) for name in names}


def read_hillstrom(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay the raw file as the temporary table ``hillstrom``."""
    connection.execute("set variable csv = ?", [str(HERE / "data" / "hillstrom.csv.gz")])
    connection.execute((HERE / "data" / "hillstrom.sql").read_text())


if __name__ == "__main__":
    for name, rows in load(HERE / "warehouse.duckdb", datetime.now(UTC).date()).items():
        print(f"{name:<15} {rows:>7,} rows")
    if (HERE / "made_up_sales.py").exists():
        runpy.run_path(str(HERE / "made_up_sales.py"), run_name="__main__")
