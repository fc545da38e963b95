"""A readout in PostgreSQL: published, read, and the same as in DuckDB."""

import duckdb
import psycopg
import pytest

from postgres_server import running_postgres


@pytest.fixture(scope="module")
def server():
    with running_postgres() as url:
        yield url


@pytest.fixture
def in_postgres(played, server, monkeypatch):
    """The shop after its first clients, its warehouse copied to PostgreSQL; gives the readout of before."""
    monkeypatch.setenv("DWH", server)
    types = {"BIGINT": "bigint", "DOUBLE": "float8", "VARCHAR": "text", "TIMESTAMP": "timestamp"}
    types |= {"INTEGER": "int", "BOOLEAN": "bool", "DATE": "date", "TIMESTAMP WITH TIME ZONE": "timestamptz"}
    with (
        duckdb.connect(str(played / "warehouse.duckdb"), read_only=True) as source,
        psycopg.connect(server, autocommit=True, options="-c client_min_messages=warning") as target,
    ):
        listing = "select schema_name, table_name from duckdb_tables() where not internal"
        found = source.execute(listing).fetchall()
        for schema in {"fullcycle", *(schema for schema, _ in found)}:
            target.execute(f"drop schema if exists {schema} cascade")
        for schema, table in found:
            target.execute(f"create schema if not exists {schema}")
            columns = source.execute(f'describe {schema}."{table}"').fetchall()
            told = ", ".join(f'"{name}" {types[kind]}' for name, kind, *_ in columns)
            target.execute(f'create table {schema}."{table}" ({told})')
            with target.cursor().copy(f'copy {schema}."{table}" from stdin') as copy:
                for row in source.execute(f'select * from {schema}."{table}"').fetchall():
                    copy.write_row(row)
    return played


def bind(root, told):
    """Let prod's warehouse be another."""
    path = root / "fullcycle.toml"
    start, prod = path.read_text().split("[environments.prod]")
    lines = [line for line in prod.splitlines() if not line.startswith("warehouses.")]
    path.write_text(f"{start}[environments.prod]\nwarehouses.warehouse = {told}\n" + "\n".join(lines))


@pytest.mark.slow
def test_a_readout_in_postgres_is_that_of_duckdb(in_postgres, typed):
    before = typed("fullcycle experiment read winback --json").json
    bind(in_postgres, '{ url = "$DWH" }')
    refused, unpublished = (typed(f"fullcycle experiment {line} winback").err for line in ("publish", "read"))
    bind(in_postgres, '{ url = "$DWH", writer = "$DWH" }')

    first = typed("fullcycle experiment publish winback --json").json
    again = typed("fullcycle experiment publish winback").out
    after = typed("fullcycle experiment read winback --json").json

    assert "name its writer" in refused
    assert "fullcycle experiment publish winback" in unpublished
    assert first["new"] == first["rows"] > 1_000
    assert again.startswith("0 new of ")
    for ours, theirs in zip(before["effects"], after["effects"], strict=True):
        assert (ours["metric"], ours["arm_units"]) == (theirs["metric"], theirs["arm_units"])
        assert theirs["difference"] == pytest.approx(ours["difference"], rel=1e-9)
    assert before["arms"] == after["arms"]


@pytest.mark.slow
def test_a_design_in_postgres_stands_on_the_same_past_as_in_duckdb(in_postgres, typed, monkeypatch):
    line = "fullcycle experiment design winback --splits 100 --history 60d --json"
    rows = typed(line).json
    monkeypatch.setattr("fullcycle.wiring.past_units.FEWEST_LOGGED", 100)
    logged = typed(line).json

    bind(in_postgres, '{ url = "$DWH" }')
    unpublished = typed(line).json  # no log is a past that nobody published: so the rows are
    bind(in_postgres, '{ url = "$DWH", writer = "$DWH" }')
    published = typed(line).json
    monkeypatch.setattr("fullcycle.wiring.past_units.FEWEST_LOGGED", 10_000)
    toml = in_postgres / "fullcycle.toml"
    toml.write_text(toml.read_text().replace('"duckdb:///warehouse.duckdb"', '"$DWH"'))
    all_rows = typed(line).json

    assert unpublished["past"] == rows["past"]
    assert published["past"] == logged["past"]
    assert all_rows["past"] == rows["past"]
    for ours, theirs in ((logged, published), (rows, all_rows)):
        for one, other in zip(ours["designs"], theirs["designs"], strict=True):
            assert other["effect"] == pytest.approx(one["effect"], rel=1e-9)
        assert theirs["margins"] == {name: pytest.approx(told) for name, told in ours["margins"].items()}
