"""Exposures in a warehouse: each decision once, however often they are published."""

from pathlib import Path

import duckdb
import psycopg
import pytest

from fullcycle.adapters.compaction import EventLog, compact
from fullcycle.adapters.duckdb_exposures import DuckDBExposures
from fullcycle.adapters.exposures import days_of
from fullcycle.adapters.postgres_exposures import PostgresExposures, watermark_of
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.kernel import Misconfigured
from fullcycle.record import Decision, MemoryLedger, encode_decision

DAY = 86_400_000_000  # microseconds
AT = 1_700_000_000_000_001


def decision(n: int, **changes: object) -> Decision:
    given = {"at": AT + n * DAY // 4, "capability": "winback", "environment": "prod", "release": 3}
    told = {"experiment": "trial", "unit": f"ü{n}", "arm": "today", "arm_probability": 0.5}
    return Decision(
        **{
            "id": f"d{n}",
            **given,
            **told,
            "request": {"n": n, "größe": 1.50, "secret": "s"},
            "answer": {"x": "y"},
            **changes,
        }
    )


def logged(folder: Path, *decisions: Decision) -> None:
    writer = SegmentWriter(folder)
    for one in decisions:
        writer.append(encode_decision(one))
    writer.close()


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    logged(folder, *(decision(n) for n in range(10)), decision(10, experiment=None, arm=None, unit=None))
    return EventLog(MemoryLedger(), folder, "events/winback/prod")


class InDuckDB:
    def __init__(self, folder):
        self.path = folder / "warehouse.duckdb"
        self.writer = DuckDBExposures(self.path)

    def rows(self, text):
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(text).fetchall()


class InPostgres:
    def __init__(self, url):
        self.url = url
        self.rows("drop schema if exists fullcycle cascade")
        self.writer = PostgresExposures(url)

    def rows(self, text):
        with psycopg.connect(
            self.url, autocommit=True, options="-c client_min_messages=warning"
        ) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=["duckdb", "postgres"])
def place(request, tmp_path):
    if request.param == "duckdb":
        return InDuckDB(tmp_path)
    return InPostgres(request.getfixturevalue("postgres"))


def publish(place, log, *fields):
    compact(log)
    watermark = log.told().watermark
    return place.writer.publish("winback", "prod", list(days_of(log)), watermark=watermark, fields=fields)


def test_each_decision_is_published_once_however_often(place, log):
    first, again = publish(place, log), publish(place, log)
    logged(log.folder, decision(11), decision(3), decision(12))  # one of them again
    third = publish(place, log)

    assert (first.new, again.new, third.new) == (11, 0, 2)
    assert place.rows("select count(*), count(distinct decision_id) from fullcycle.exposures") == [(13, 13)]
    assert third.watermark >= first.watermark
    assert place.rows("select watermark from fullcycle.published") == [(third.watermark,)]


def test_what_is_published_is_what_was_logged(place, log):
    publish(place, log, "n")

    ((unit, arm, request, fallback),) = place.rows(
        "select unit, arm, request, fallback from fullcycle.exposures where decision_id = 'd3'"
    )
    assert (unit, arm, request, fallback) == ("ü3", "today", '{"n":3}', False)
    told = "select experiment, unit, request from fullcycle.exposures where decision_id = 'd10'"
    assert place.rows(told) == [(None, None, '{"n":10}')]  # whose it was is told by the request alone


def test_without_fields_all_that_was_asked_stays_at_home(place, log):
    publish(place, log)

    assert place.rows("select distinct request from fullcycle.exposures") == [(None,)]


def test_tables_of_before_the_fallback_was_kept_are_brought_up_and_written_anew(place, log):
    publish(place, log, "n")
    place.rows("alter table fullcycle.exposures drop column fallback")
    place.rows("update fullcycle.exposures set request = null where decision_id = 'd10'")

    told = publish(place, log, "n")

    assert (told.new, told.rows) == (0, 11)  # none that was not there
    assert place.rows("select distinct fallback from fullcycle.exposures") == [(False,)]
    assert place.rows("select request from fullcycle.exposures where decision_id = 'd10'") == [('{"n":10}',)]
    assert publish(place, log, "n").new == 0


def test_a_field_that_another_experiment_reads_by_is_published_for_all(place, log):
    publish(place, log, "n")
    told = "select request from fullcycle.exposures where decision_id in ('d3', 'd10') order by decision_id"
    before = place.rows(told)

    publish(place, log, "größe")

    assert before == [('{"n":10}',), ('{"n":3}',)]
    assert place.rows(told) == [('{"größe":1.5,"n":10}',), ('{"größe":1.5,"n":3}',)]
    assert place.rows("select count(*) from fullcycle.exposures") == [(11,)]
    assert place.rows("select fields from fullcycle.published") == [('["größe", "n"]',)]


def test_a_further_field_leaves_what_another_log_has_published(place, log, tmp_path):
    """Two servers, each with its own log; only one has heard of the new field yet."""
    logged(tmp_path / "other", *(decision(n) for n in range(20, 26)))
    other = EventLog(MemoryLedger(), tmp_path / "other", "events/winback/prod")
    publish(place, other, "n")
    publish(place, log, "n")

    told = publish(place, log, "n", "größe")

    assert (told.new, told.rows, told.left) == (0, 17, 6)
    assert place.rows("select count(*) from fullcycle.exposures where request like '%größe%'") == [(11,)]
    assert publish(place, log, "n").left == 0


def test_an_environment_does_not_see_another(place, log):
    publish(place, log)
    days = list(days_of(log))

    other = place.writer.publish("winback", "dev", days, watermark=7)

    assert other.new == 11
    assert place.rows("select count(*) from fullcycle.exposures where environment = 'prod'") == [(11,)]


def test_a_publication_that_fails_leaves_nothing(place, log):
    publish(place, log)
    logged(log.folder, decision(20))
    compact(log)
    days = list(days_of(log))
    for file in days[-1].files:
        file.unlink()

    with pytest.raises(Exception):  # noqa: B017 - whatever the reader says of a file that is gone
        place.writer.publish("winback", "prod", days, watermark=2**60)

    assert place.rows("select count(*) from fullcycle.exposures") == [(11,)]
    assert place.rows("select max(watermark) < 2305843009213693952 from fullcycle.published") == [
        (True,)
    ]  # 2^61


def test_the_planner_knows_of_what_was_just_published(log, postgres):
    place = InPostgres(postgres)
    publish(place, log)

    assert place.rows("select reltuples from pg_class where oid = 'fullcycle.exposures'::regclass") == [(11,)]


def test_the_watermark_is_read_back(log, postgres):
    place = InPostgres(postgres)
    told = publish(place, log)

    assert watermark_of(PostgresWarehouse(postgres), "winback", "prod") == told.watermark


def test_who_may_not_write_is_told_what_to_grant(log, postgres):
    place = InPostgres(postgres)
    place.rows("drop role if exists reader")
    place.rows("create role reader login password 'quiet elephant'")
    compact(log)

    with pytest.raises(Misconfigured, match="grant create"):
        PostgresExposures(postgres.replace("fullcycle:", "reader:")).publish(
            "winback", "prod", list(days_of(log)), watermark=1
        )
