"""``fullcycle experiment assign``: which arm a unit has, and why, as the service assigns it."""

import json
import sqlite3
from collections import Counter

import duckdb
import polars as pl
import pytest

from fullcycle.adapters.sticky import SqliteStickyStore
from fullcycle.experiment import Bucket
from fullcycle.kernel import digest_value
from fullcycle.wiring import open_project
from fullcycle.wiring.serving import stager
from whole_shop import rewrite

OPTIONS = """
    coverage=0.8,
    layer="checkout:0-60%",
    holdout="10%",
    condition={"history": {"$gt": 100}},
    sticky="client_id",
    forced={7: "chosen"},
    days=28,"""


def guarded(shop):
    rewrite(shop / "winback/experiment.py", "\n    days=28,", OPTIONS)


def test_a_unit_gets_the_arm_that_the_service_logged(played, typed):
    logged = {}
    files = [str(path) for path in (played / ".fullcycle").rglob("*.parquet")]
    typed("fullcycle experiment read winback")  # publishes the log
    files = [str(path) for path in played.rglob("*.parquet") if "events" in str(path)]
    for unit, arm in duckdb.execute(
        "select distinct unit, arm from read_parquet($1, union_by_name => true) where experiment = 'trial'",
        [files],
    ).fetchall():
        logged[unit] = arm

    units = sorted(logged)[:50]
    found = typed("fullcycle experiment assign winback@prod --json " + " ".join(f"--unit {u}" for u in units))

    assert {one["unit"]: one["arm"] for one in found.json} == {unit: logged[unit] for unit in units}
    assert len(units) == 50


def test_it_says_what_each_unit_is_held_against(shop, typed):
    guarded(shop)

    told = typed("fullcycle experiment assign winback --unit 7 --unit 8").out
    data = typed("""fullcycle experiment assign winback --unit 8 --request '{"history": 3}' --json""").json

    assert "experiment trial: today 50%, chosen 50% by client_id, seed winback/trial, hash version 2" in told
    assert "7            chosen     forced for a test, not counted" in told
    assert "held out below 0.1; layer checkout" in told
    assert "condition not asked without --request" in told
    assert data[0]["condition"] is False
    assert data[0]["counted"] is False


def test_a_table_a_query_and_units_agree(shop, typed, tmp_path):
    guarded(shop)
    rewrite(shop / "winback/experiment.py", '    condition={"history": {"$gt": 100}},\n', "")
    table, written = tmp_path / "units.parquet", tmp_path / "arms.parquet"
    clients = pl.DataFrame({"client_id": range(1, 2001)})
    clients.write_parquet(table)

    told = typed(f"fullcycle experiment assign winback --table {table} -o {written}").out
    query = typed("fullcycle experiment assign winback --sql duckdb").out
    some = typed(
        "fullcycle experiment assign winback --json " + " ".join(f"--unit {n}" for n in range(1, 60))
    ).json

    arms = pl.read_parquet(written)
    by_unit = {str(row["client_id"]): (row["standing"], row["arm"]) for row in arms.iter_rows(named=True)}
    assert {one["unit"]: (one["standing"], one["arm"]) for one in some}.items() <= by_unit.items()
    with duckdb.connect() as connection:
        connection.execute(f"create table units as select client_id as unit from '{table}'")
        asked = {unit: (standing, arm) for unit, *_, standing, arm in connection.execute(query).fetchall()}
    assert asked == by_unit
    for (standing, arm), size in Counter(by_unit.values()).items():
        assert any(line.split()[:2] == [arm or "-", f"{size:,}"] for line in told.splitlines()), standing
    assert "kept from before are not looked up" in told


def test_what_answers_somewhere_is_asked_with_the_arms_that_it_keeps(shop, typed):
    guarded(shop)
    rewrite(shop / "winback/experiment.py", '    condition={"history": {"$gt": 100}},\n', "")
    for line in (
        "run winback -m second",
        "release winback@2 -m second",
        "deploy winback@v2 --to prod -m two",
    ):
        assert typed(f"fullcycle {line}").code == 0, line
    store = SqliteStickyStore(shop / ".fullcycle/sticky.db", "prod")
    bucket = Bucket("winback/trial", digest_value("bucket@1", [["today", 0.5], ["chosen", 0.5]])[:12]).key
    store.keep("client_id", "8", bucket, "today")
    store.keep("client_id", "9", "winback/trial__other", "chosen")

    (earlier,) = typed("fullcycle experiment assign winback@prod --unit 9 --json").json
    (prod,) = typed("fullcycle experiment assign winback@prod --unit 8 --json").json
    (files,) = typed("fullcycle experiment assign winback --unit 8 --json").json
    made = stager(open_project(shop), "prod", shop / "log", print)

    assert (prod["standing"], prod["arm"], prod["counted"]) == ("kept", "today", True)
    assert (earlier["standing"], earlier["arm"], earlier["counted"]) == ("earlier", "chosen", False)
    assert files["standing"] != "kept"
    assert made.sticky.find("client_id", "8") == {bucket: "today"}
    made.close()


def test_a_query_of_what_answers_somewhere_reads_the_arms_that_are_kept_there(shop, typed):
    guarded(shop)
    for line in (
        "run winback -m second",
        "release winback@2 -m second",
        "deploy winback@v2 --to prod -m two",
    ):
        assert typed(f"fullcycle {line}").code == 0, line

    of_files = typed("fullcycle experiment assign winback --sql duckdb").out
    of_prod = typed("fullcycle experiment assign winback@prod --sql duckdb").out

    assert "Left out: arms that are kept from before" in of_files
    assert "Arms that prod has kept are read from the table sticky" in of_prod
    store = SqliteStickyStore(shop / ".fullcycle/sticky.db", "prod")
    bucket = Bucket("winback/trial", digest_value("bucket@1", [["today", 0.5], ["chosen", 0.5]])[:12]).key
    store.keep("client_id", "8", bucket, "today")
    store.close()
    with duckdb.connect() as connection:
        connection.execute(
            "create table units as select range as unit, 80.0 * (range % 3) as history from range(60)"
        )
        kept = sqlite3.connect(shop / ".fullcycle/sticky.db")
        rows = kept.execute("select environment, attribute, value, bucket, arm from sticky").fetchall()
        kept.close()
        connection.execute(
            "create table sticky (environment text, attribute text, value text, bucket text, arm text)"
        )
        connection.executemany("insert into sticky values (?, ?, ?, ?, ?)", rows)
        found = {unit: (standing, arm) for unit, *_, standing, arm in connection.execute(of_prod).fetchall()}
    for unit in range(60):
        request = json.dumps({"history": 80.0 * (unit % 3)})
        (one,) = typed(
            f"fullcycle experiment assign winback@prod --unit {unit} --request '{request}' --json"
        ).json
        assert found[str(unit)] == (one["standing"], one["arm"])
    assert found["8"] == ("kept", "today")
    assert {"condition", "kept", "layer", "forced"} <= {standing for standing, _ in found.values()}


@pytest.mark.parametrize(
    ("line", "said", "cure"),
    [
        ("winback", "what is to be assigned", "give one of --unit, --table and --sql"),
        ("winback --unit 1 --sql duckdb", "what is to be assigned", "give one of"),
        ("winback@1 --unit 1", "is a run", "name winback@prod"),
        ("winback@stage --unit 1", "there is no 'stage'", ""),
        ("winback@dev --unit 1", "nothing is deployed to winback@dev", "deploy winback@v1 --to dev"),
        ("winback --unit 1 --request [1]", "no JSON object", "--request"),
        ("winback --table units.xlsx", "units.xlsx is no table", ".parquet"),
        ("winback --table units.parquet", "there is no units.parquet", "path is right"),
    ],
)
def test_what_cannot_be_asked_is_told(shop, typed, line, said, cure):
    found = typed(f"fullcycle experiment assign {line}")

    assert found.code == 2
    assert said in found.err
    assert cure in found.err


def test_a_capability_without_an_experiment_has_no_arms(shop, typed):
    (shop / "winback/experiment.py").unlink()

    found = typed("fullcycle experiment assign winback --unit 1")

    assert (found.code, "holds no experiment" in found.err) == (2, True)


def test_json_is_one_array(shop, typed):
    assert json.loads(typed("fullcycle experiment assign winback --unit 1 --json").out)[0]["unit"] == "1"
