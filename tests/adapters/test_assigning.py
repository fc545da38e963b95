"""Tables and warehouses assign as the service does, unit by unit: to the bit, in any language."""

import json

import duckdb
import numpy as np
import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullcycle.adapters.assigning import arms_of, placed_table
from fullcycle.experiment import (
    Admission,
    Assignment,
    Bucket,
    ExperimentSpec,
    Holdout,
    Kept,
    Layer,
    MemoryStickyStore,
)
from fullcycle.experiment.audit import assignment_query
from fullcycle.kernel import Refused, UnknownName
from fullcycle.metric import MetricSpec

VISITED = MetricSpec(
    name="visited", kind="proportion", source="visits", unit="client_id", time="at", within_s=86400
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
strange = [
    "é",
    "köln",
    "日本",
    "🙂 pair",
    "a" * 300,
    " ",
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "\uffff",
    "0",
    "𝒳",
]


def spec(**changes):
    return ExperimentSpec(
        **{
            "name": "trial",
            "capability": "winback",
            "order": ("today", "chosen", "third"),
            "arms": {arm: f"winback.service:{arm}" for arm in ("today", "chosen", "third")},
            "weights": {"today": 0.5, "chosen": 0.3, "third": 0.2},
            "seed": "winback/trial",
            "unit": "client_id",
            "metrics": {"visited": VISITED},
            "primary": "visited",
            **changes,
        }
    )


GUARDED = {
    "coverage": 0.8,
    "layer": Layer("checkout", 0.0, 0.6),
    "holdout": Holdout("winback/holdout", 0.1),
    "forced": {"7": "chosen", "o'köln": "third"},
}


def by_row(trial, units):
    rule = Admission.of(trial)
    return [rule.standing(unit, {}.get) for unit in units]


def sample(n=600):
    rng = np.random.default_rng(5)
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789-é日🙂")
    made = ["".join(rng.choice(letters, size=size)) for size in rng.integers(1, 40, n)]
    return [*strange, "7", "o'köln", *made]


@given(units=st.lists(texts, max_size=30), version=st.sampled_from([1, 2]), seed=texts)
def test_a_table_is_assigned_as_each_of_its_rows(units, version, seed):
    assignment = Assignment.of(
        ["a", "b", "c"], [0.5, 0.3, 0.2], seed=seed, hash_version=version, coverage=0.7
    )

    found = arms_of(assignment, pl.Series("unit", units, dtype=pl.String))

    assert found.to_list() == [assignment.arm(unit) if unit else None for unit in units]


@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_and_threads_change_nothing(threads):
    assignment = spec(coverage=0.9).assignment()
    units = [f"köln {n}" if n % 1000 == 0 else str(n * 7919) for n in range(150_000)]

    found = arms_of(assignment, pl.Series(units), threads=threads)

    assert found.to_list() == [assignment.arm(unit) for unit in units]


def test_other_values_than_texts_count_as_a_request_writes_them():
    assignment = spec().assignment()

    for values in ([1, -20, None], [1.5, 2.0], [True, False], pl.Series([12], dtype=pl.UInt64)):
        units = pl.Series(values)
        assert arms_of(assignment, units).to_list() == [
            None if value is None else assignment.arm(str(value)) for value in units.to_list()
        ]


def test_a_table_without_rows_has_no_arms():
    assert arms_of(spec().assignment(), pl.Series("unit", [], dtype=pl.String)).to_list() == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_table_stands_as_each_of_its_rows(version):
    trial = spec(hash_version=version, **GUARDED)
    units = ["", *sample()]

    found = placed_table(trial, pl.DataFrame({"client_id": units, "n": range(len(units))}), "client_id")

    assert found.columns == ["client_id", "n", "standing", "arm"]
    assert list(found.select("standing", "arm").iter_rows()) == by_row(trial, units)
    assert {"no unit", "forced", "holdout", "layer", "coverage", "assigned"} == set(found["standing"])


def test_a_condition_asks_the_columns_of_a_table():
    trial = spec(condition='{"country": {"$in": ["NL", null]}, "orders": {"$gte": 2}}')
    table = pl.DataFrame(
        {
            "client_id": [str(n) for n in range(40)],
            "country": ["NL", "BE", None, "NL"] * 10,
            "orders": range(40),
        }
    )
    rule = Admission.of(trial)

    found = placed_table(trial, table, "client_id")

    assert list(found.select("standing", "arm").iter_rows()) == [
        rule.standing(row["client_id"], row.get) for row in table.iter_rows(named=True)
    ]
    assert set(found["standing"]) == {"assigned", "condition"}


def test_who_is_held_out_stands_by_the_same_name_in_a_table_a_warehouse_and_a_row():
    arms = {**spec().arms, "holdout": "winback.service:before"}
    trial = spec(arms=arms, holdout=Holdout("winter", 0.3), coverage=0.0)
    units = [f"u{n}" for n in range(60)]

    found = placed_table(trial, pl.DataFrame({"client_id": units}), "client_id")
    asked = {unit: (standing, arm) for unit, *_, standing, arm in in_duckdb(units, trial, None)}

    told = dict(zip(units, found.select("standing", "arm").iter_rows(), strict=True))
    assert told == asked == {unit: Admission.of(trial).standing(unit, {}.get) for unit in units}
    assert set(told.values()) == {("holdout", "holdout"), ("coverage", None)}


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match="did you mean 'client_id'"):
        placed_table(spec(), pl.DataFrame({"client_id": ["1"]}), "client")
    with pytest.raises(UnknownName, match="country"):
        placed_table(spec(condition='{"country": "NL"}'), pl.DataFrame({"client_id": ["1"]}), "client_id")


def in_duckdb(units, trial, _):
    with duckdb.connect() as connection:
        connection.register("units", pl.DataFrame({"unit": units}).to_arrow())
        return connection.execute(assignment_query(trial, "duckdb")).fetchall()


def in_postgres(units, trial, url):
    with psycopg.connect(url) as connection:
        connection.execute("create temporary table units (unit text)")
        with connection.cursor() as cursor:
            cursor.executemany("insert into units values (%s)", [(unit,) for unit in units])
        query = assignment_query(trial, "postgres").replace("%", "%%")
        return connection.execute(query, ()).fetchall()


WAREHOUSES = pytest.mark.parametrize("ask", [in_duckdb, in_postgres])


@WAREHOUSES
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("changes", [{}, GUARDED], ids=["open", "guarded"])
def test_a_warehouse_assigns_as_the_service_does(ask, version, changes, postgres):
    trial = spec(hash_version=version, **changes)
    units = sorted(set(sample()))
    rule = Admission.of(trial)

    found = {unit: (place, standing, arm) for unit, place, *_, standing, arm in ask(units, trial, postgres)}

    assert found == {unit: (rule.assignment.place(unit), *rule.standing(unit, {}.get)) for unit in units}


@WAREHOUSES
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=st.lists(texts.filter(lambda text: text and "\0" not in text), max_size=20, unique=True))
def test_a_warehouse_agrees_on_any_text(ask, postgres, units):
    trial = spec(seed="winback/Versuch-ß🙂")
    assignment = trial.assignment()

    found = {unit: arm for unit, *_, arm in ask(units or ["x"], trial, postgres)}

    assert found == {unit: assignment.arm(unit) for unit in units or ["x"]}


REQUESTS = [
    {"country": country, "orders": orders}
    for country in ("NL", "BE", "DE", None)
    for orders in (0, 2, 3, None)
]
CONDITION = '{"country": {"$in": ["NL", null]}, "$or": [{"orders": {"$gte": 3}}, {"orders": null}]}'


def requests_in_duckdb(rows, query, kept, _):
    with duckdb.connect() as connection:
        connection.register("units", pl.DataFrame(rows, infer_schema_length=None).to_arrow())
        connection.execute(_STICKY)
        if kept:
            connection.executemany("insert into sticky values (?, ?, ?, ?, ?)", kept)
        return connection.execute(query).fetchall()


def requests_in_postgres(rows, query, kept, url):
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("create temporary table units (unit text, country text, orders integer)")
        values = [(row["unit"], row["country"], row["orders"]) for row in rows]
        cursor.executemany("insert into units values (%s, %s, %s)", values)
        cursor.execute(_STICKY.replace("create", "create temporary"))
        cursor.executemany("insert into sticky values (%s, %s, %s, %s, %s)", kept)
        return cursor.execute(query.encode()).fetchall()


_STICKY = "create table sticky (environment text, attribute text, value text, bucket text, arm text)"
_ASKED = pytest.mark.parametrize(
    ("ask", "dialect"), [(requests_in_duckdb, "duckdb"), (requests_in_postgres, "postgres")]
)


@_ASKED
def test_a_warehouse_asks_a_condition_and_what_is_kept_as_the_service_does(ask, dialect, postgres):
    trial = spec(
        condition=CONDITION,
        sticky="client_id",
        layer=Layer("mail", 0.0, 0.7),
        holdout=Holdout("winter", 0.1),
        forced={"u3": "third"},
    )
    rows = [{"unit": f"u{n}", **REQUESTS[n % len(REQUESTS)]} for n in range(160)]
    store, kept = MemoryStickyStore(), []
    own = Bucket.of(trial).key
    for environment, attribute, unit, bucket, arm in [
        *(("prod", "client_id", f"u{n}", own, "chosen") for n in range(0, 60, 4)),
        *(("prod", "client_id", f"u{n}", "winback/trial__older", "third") for n in range(0, 90, 6)),
        *(("prod", "client_id", f"u{n}", "winback/trial__oldest", "gone") for n in range(0, 90, 5)),
        ("prod", "client_id", "u97", "winback/trial_other__x", "third"),
        *(("prod", "client_id", f"u{n}", "winback/trial__2__x", "third") for n in range(100, 160)),
        *(("prod", "client_id", f"u{n}", "winback/trial___x", "third") for n in range(100, 160)),
        ("prod", "session", "u98", own, "third"),
        ("stage", "client_id", "u99", own, "third"),
    ]:
        kept.append((environment, attribute, unit, bucket, arm))
        if environment == "prod":
            store.keep(attribute, unit, bucket, arm)
    rule = Admission.of(trial)

    found = ask(rows, assignment_query(trial, dialect, environment="prod"), kept, postgres)

    told = {unit: (json.loads(request), standing, arm) for unit, *_, request, standing, arm in found}
    assert told == {
        row["unit"]: (
            {"country": row["country"], "orders": row["orders"]},
            *rule.standing(row["unit"], row.get, Kept.found(trial, store, row["unit"])),
        )
        for row in rows
    }
    assert all(told[f"u{n}"][1] != "earlier" for n in range(100, 160))  # kept for trials of other names
    standings = {standing for _, standing, _ in told.values()}
    assert standings == {"forced", "holdout", "kept", "earlier", "layer", "condition", "assigned"}


@_ASKED
def test_a_unit_has_a_row_for_each_of_its_different_requests(ask, dialect, postgres):
    asked = [{"country": country, "orders": 3} for country in ("NL", "DE", "NL")]

    found = ask(
        [{"unit": "u1", **one} for one in asked],
        assignment_query(spec(condition=CONDITION), dialect),
        [],
        postgres,
    )

    assert sorted(standing for *_, standing, _ in found) == ["assigned", "condition"]


def test_a_query_says_what_it_asks_and_what_it_leaves_out():
    trial = spec(condition='{"country": "NL"}', sticky="client_id")

    first = assignment_query(trial, "duckdb").splitlines()[:3]
    there = assignment_query(trial, "duckdb", environment="prod").splitlines()[:3]

    assert "asks columns of the names of the request's fields" in first[1]
    assert '{"country": "NL"}' in first[1]
    assert "Left out: arms that are kept" in first[2]
    assert "fullcycle experiment assign winback@prod --sql" in first[2]
    assert "Arms that prod has kept are read from the table sticky" in there[2]
    assert all(line.startswith("-- ") for line in [*first, *there])


def test_an_operator_that_a_database_reads_otherwise_is_refused_by_name():
    with pytest.raises(Refused, match=r"\$regex is not asked by a database as the service asks it"):
        assignment_query(spec(condition='{"mail": {"$regex": "@nl$"}}'), "postgres")


def test_where_nobody_takes_part_nobody_has_a_kept_arm():
    trial = spec(coverage=0.0, sticky="client_id", holdout=Holdout("winter", 0.1))

    query = assignment_query(trial, "duckdb", environment="prod")

    assert "fc_kept" not in query


def test_a_query_names_a_table_and_a_column_of_its_own():
    query = assignment_query(
        spec(), "duckdb", relation="(select 'ab' as \"Client No\") as t", column="Client No"
    )

    with duckdb.connect() as connection:
        assert connection.execute(query).fetchall()[0][-1] == spec().assignment().arm("ab")
