"""DuckDB as the place where an experiment is aggregated: exposures from Parquet, outcomes from its tables."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Query
from fullcycle.experiment import (
    BUCKETS,
    DUCKDB,
    ExperimentSpec,
    PastRows,
    Phase,
    Place,
    Sides,
    Statistics,
    by_bucket,
    decided_in,
    logged,
    require_columns,
    statistics_of,
    statistics_query,
    table_statistics,
)
from fullcycle.kernel import Invalid, Misconfigured, UnknownName
from fullcycle.metric import quoted

_EXPOSURES = "read_parquet($fc_files, union_by_name => true)"  # older files have fewer columns


class DuckDBExperimentStore:
    """An ``ExperimentStore`` over a warehouse that may read the folders the exposures lie in."""

    def __init__(self, warehouse: DuckDBWarehouse) -> None:
        self._warehouse = warehouse

    def statistics(
        self,
        spec: ExperimentSpec,
        exposures: Sequence[Path],
        sources: Mapping[str, Query],
        *,
        as_of: int,
        phase: Phase | None = None,
        received: Mapping[str, str] | None = None,
        watermark: int | None = None,
        by_age: bool = False,
        sides: Sides | None = None,
    ) -> Statistics:
        """The statistics of ``spec`` by one query; empty while nobody was exposed.

        Raises:
            Misconfigured: for a Parquet file outside the warehouse's folders.
            Invalid: where a source's query, or a metric's condition, cannot be asked.
        """
        if not exposures:
            return Statistics(as_of=as_of, watermark=watermark)
        for path in exposures:
            self._require_readable(path)
        relation, more = (_EXPOSURES, {}) if sides is None else sides.relation(spec, _EXPOSURES, DUCKDB)
        place = Place(DUCKDB, relation, sources, received=received or {})
        asked = statistics_query(spec, place, as_of=as_of, phase=phase, by_age=by_age)
        values = {**asked.values, **more, "fc_files": _paths(exposures)}
        try:
            rows = self._warehouse.rows(asked.text, values)
        except (Invalid, UnknownName):
            self._require_sources(sources)
            raise
        return statistics_of(spec, asked, rows, as_of=as_of, watermark=watermark)

    def past(
        self,
        spec: ExperimentSpec,
        units: PastRows | Sequence[Path],
        sources: Mapping[str, Query],
        *,
        as_of: int,
        since: int = 0,
        buckets: int = BUCKETS,
        received: Mapping[str, str] | None = None,
    ) -> Statistics:
        """The statistics of past units, by the same query, with buckets of units as arms.

        Raises:
            Misconfigured: for a Parquet file outside the warehouse's folders.
            Invalid: where a source's query, or a metric's condition, cannot be asked.
        """
        of_rows = isinstance(units, PastRows)
        if isinstance(units, PastRows):
            relation, values = units.relation(spec, DUCKDB, buckets)
        elif not units:
            return Statistics(as_of=as_of)
        else:
            for path in units:
                self._require_readable(path)
            relation, values = logged(spec, _EXPOSURES, DUCKDB, buckets, since=since)
            values["fc_files"] = _paths(units)
        asked_of = by_bucket(spec, buckets, triggered=not of_rows)
        asked = statistics_query(asked_of, Place(DUCKDB, relation, sources, received or {}), as_of=as_of)
        frame = self._warehouse.fetch(asked.text, {**asked.values, **values})
        return statistics_of(asked_of, asked, frame.rows(), as_of=as_of)

    def statistics_of_table(
        self, spec: ExperimentSpec, table: Path | Query, *, arm: str, as_of: int, day: str | None = None
    ) -> Statistics:
        """The statistics of a table that has one row per unit, by one query.

        Args:
            spec: what of it is compared, of ``table_spec``.
            table: a Parquet file, or what gives the rows.
            arm: the column of arms.
            as_of: when it is read, in µs since 1970 UTC.
            day: the column that says when a unit was first exposed.

        Raises:
            UnknownName: for a column that it has not.
            Misconfigured: for a file outside the warehouse's folders.
            Invalid: where a unit's value is no finite number, or a day neither a date nor a time.
        """
        query = self._table(table)
        try:
            return table_statistics(spec, self._warehouse.rows, query, DUCKDB, arm=arm, as_of=as_of, day=day)
        except UnknownName:
            require_columns(spec, self._columns(query), arm=arm, day=day)
            raise
        except Invalid as error:
            if day is not None:
                _require_dates(self.schema(query), day, error)
            raise

    def arms_of_table(self, table: Path | Query, arm: str) -> dict[str, int]:
        """How many units of a table each arm has, by the column ``arm``.

        Raises:
            UnknownName: where the table has no such column.
        """
        query = self._table(table)
        if arm not in (known := self._columns(query)):
            raise UnknownName.among(arm, known, where="the columns of the table")
        text = f"select {quoted(arm)}::varchar as arm, count(*) as n from ({query.text}) as fc_table "
        frame = self._warehouse.fetch(
            f"{text} where {quoted(arm)} is not null group by 1 order by 1", query.values
        )
        return dict(frame.iter_rows())

    def _table(self, table: Path | Query) -> Query:
        if isinstance(table, Query):
            return table
        self._require_readable(table)
        values = {"file": str(table.resolve())}
        return Query("select * from read_parquet($file)", values, self._warehouse.fetch)

    def _require_sources(self, sources: Mapping[str, Query]) -> None:
        """Name the source that cannot be asked any more, rather than a line of a query that nobody wrote."""
        for name, query in sources.items():
            try:
                self.schema(query)
            except (Invalid, UnknownName) as error:
                raise type(error)(error.what, f"the source {name}: {error.where}", error.mend) from error

    def schema(self, query: Query) -> pl.Schema:
        """The columns of a query, and what they hold."""
        text = f"select * from ({query.text}) as fc_table limit 0"
        return self._warehouse.fetch(text, query.values).schema

    def _columns(self, query: Query) -> list[str]:
        return self.schema(query).names()

    def decisions(self, spec: ExperimentSpec, exposures: Sequence[Path], phase: Phase) -> int:
        """How many decisions of an experiment were made in a phase."""
        if not exposures:
            return 0
        within, meant = decided_in(phase, DUCKDB)
        mine = f"experiment = $fc_experiment and {within}"
        text = f"select count(*) as n from {_EXPOSURES} as fc_log where {mine}"
        given = {**meant, "fc_files": _paths(exposures), "fc_experiment": spec.name}
        return int(self._warehouse.fetch(text, given)["n"][0])

    def _require_readable(self, path: Path) -> None:
        if not any(path.resolve().is_relative_to(folder.resolve()) for folder in self._warehouse.folders):
            raise Misconfigured(
                f"the warehouse may not read {path.name}",
                str(path.parent),
                "give its folder to the warehouse: DuckDBWarehouse(path, folders=[…])",
            )


def _require_dates(schema: pl.Schema, day: str, cause: Invalid) -> None:
    """Say that a column tells no days, where that is why a query was refused."""
    if day in schema and schema[day].to_python() not in (date, datetime):
        raise Invalid(
            f"{day} holds neither dates nor times ({schema[day]})",
            "the column of days",
            "name a column of dates or timestamps, as 2026-11-01 is in a CSV file",
        ) from cause


def _paths(files: Sequence[Path]) -> list[str]:
    return [str(path.resolve()) for path in files]
