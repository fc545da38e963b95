"""Exposures in a DuckDB file: the decisions of the event log, as a table beside the outcomes.

A readout over DuckDB does not need it, since it reads the event log's Parquet files where they
lie; it is for whoever asks the warehouse by other tools.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fullcycle.adapters.duckdb_writer import DuckDBWriter
from fullcycle.adapters.exposures import BROUGHT_UP, COLUMNS, Day, Published, together

_TABLES = """
    create schema if not exists fullcycle;
    create table if not exists fullcycle.exposures (
        capability varchar not null,
        environment varchar not null,
        decision_id varchar not null,
        "at" timestamptz not null,
        release bigint,
        experiment varchar,
        arm varchar,
        arm_probability double,
        unit varchar,
        request varchar,
        fallback boolean,
        primary key (capability, environment, decision_id)
    );
    create table if not exists fullcycle.published (
        capability varchar not null,
        environment varchar not null,
        watermark bigint not null,
        fields varchar not null,
        published timestamptz not null,
        primary key (capability, environment)
    );
"""
_LAYOUT = """
    select count(*) from information_schema.columns
    where table_schema = 'fullcycle' and table_name = 'exposures' and column_name = 'fallback'
"""
# Of before it was kept whether the fallback answered: whoever publishes next writes all anew.
_BROUGHT_UP = """
    alter table fullcycle.exposures add column fallback boolean;
    update fullcycle.published set fields = '[]';
"""
_THERE = """
    select ("at"::date)::varchar, count(*) from fullcycle.exposures
    where capability = $capability and environment = $environment group by 1
"""
_MARK = """
    insert into fullcycle.published values ($capability, $environment, $watermark, $fields, now())
    on conflict (capability, environment) do update
    set watermark = greatest(published.watermark, excluded.watermark), fields = excluded.fields,
        published = excluded.published
"""
_WHICH = "where capability = $capability and environment = $environment"
_FIELDS = f"select fields from fullcycle.published {_WHICH}"
_COUNT = f"select count(*) from fullcycle.exposures {_WHICH}"


class DuckDBExposures:
    """An ``ExposureWriter`` into one DuckDB file."""

    def __init__(self, path: Path) -> None:
        self._writer = DuckDBWriter(path)

    def publish(
        self,
        capability: str,
        environment: str,
        days: Sequence[Day],
        *,
        watermark: int,
        fields: Sequence[str] = (),
    ) -> Published:
        """Add the decisions that are not there yet, and bring the watermark up; all or nothing.

        A day whose number of decisions is there already is not read again, unless ``fields`` of the
        request are asked for that were not published until now: then all of the log is written anew.
        What other logs have published stays.

        Raises:
            Misconfigured: where the file cannot be written.
        """
        which = {"capability": capability, "environment": environment}
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        with tempfile.TemporaryDirectory(prefix="fullcycle-") as folder, self._writer.opened() as connection:
            connection.execute(_TABLES)
            if connection.execute(_LAYOUT).fetchall() == [(0,)]:
                connection.execute(_BROUGHT_UP)
            known = next((told for (told,) in connection.execute(_FIELDS, which).fetchall()), None)
            wanted = together(known, fields)
            more = known is not None and wanted != known
            there = {} if more else dict(connection.execute(_THERE, which).fetchall())
            ((before,),) = connection.execute(_COUNT, which).fetchall()
            rows = str(Path(folder) / "day.parquet")
            for day in days:
                if there.get(day.day) == day.rows:
                    continue
                day.frame(json.loads(wanted)).select(COLUMNS).write_parquet(rows)
                connection.execute(
                    f"insert into fullcycle.exposures (capability, environment, {columns}) "
                    f"select $capability, $environment, {columns} from read_parquet($rows) "
                    f"{BROUGHT_UP if more else 'on conflict do nothing'}",
                    {**which, "rows": rows},
                )
            connection.execute(_MARK, {**which, "watermark": watermark, "fields": wanted})
            ((after,),) = connection.execute(_COUNT, which).fetchall()
            connection.execute("commit")
        left = max(after - sum(day.rows for day in days), 0) if more else 0
        return Published(
            capability, environment, new=after - before, rows=after, watermark=watermark, left=left
        )
