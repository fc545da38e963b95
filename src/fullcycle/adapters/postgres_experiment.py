"""PostgreSQL as the place where an experiment is aggregated: exposures that were published to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fullcycle.adapters.postgres_exposures import RELATION, watermark_of
from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
from fullcycle.data import Query
from fullcycle.experiment import (
    BUCKETS,
    POSTGRES,
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


class PostgresExperimentStore:
    """An ``ExperimentStore`` over a warehouse to which an environment's exposures are published."""

    def __init__(self, warehouse: PostgresWarehouse, environment: str) -> None:
        self._warehouse = warehouse
        self._environment = environment

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
        """The statistics of ``spec`` by one query over what was published; files are not looked at.

        Raises:
            Missing: where nothing was published.
            Invalid, UnknownName: where a source's query, or a metric's condition, cannot be asked.
        """
        published = watermark_of(self._warehouse, spec.capability, self._environment)
        truths = {name: self._warehouse.booleans(sources[name]) for name in spec.sources if name in sources}
        relation, more = (RELATION, {}) if sides is None else sides.relation(spec, RELATION, POSTGRES)
        place = Place(POSTGRES, relation, sources, received=received or {}, truths=truths)
        asked = statistics_query(spec, place, as_of=as_of, phase=phase, by_age=by_age)
        frame = self._warehouse.fetch(asked.text, {**asked.values, **more, **self._which(spec)})
        return statistics_of(spec, asked, frame.rows(), as_of=as_of, watermark=watermark or published)

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
        """The statistics of past units by the same query, with buckets of units as arms.

        Of a log, those of its decisions that were published; files are not looked at.

        Raises:
            Missing: where none was published.
            Invalid, UnknownName: where a source's query, or a metric's condition, cannot be asked.
        """
        of_rows = isinstance(units, PastRows)
        if isinstance(units, PastRows):
            relation, values = units.relation(spec, POSTGRES, buckets)
        else:
            watermark_of(self._warehouse, spec.capability, self._environment)
            relation, values = logged(spec, RELATION, POSTGRES, buckets, since=since)
            values |= self._which(spec)
        asked_of = by_bucket(spec, buckets, triggered=not of_rows)
        truths = {
            name: self._warehouse.booleans(sources[name]) for name in asked_of.sources if name in sources
        }
        place = Place(POSTGRES, relation, sources, received=received or {}, truths=truths)
        asked = statistics_query(asked_of, place, as_of=as_of)
        frame = self._warehouse.fetch(asked.text, {**asked.values, **values})
        return statistics_of(asked_of, asked, frame.rows(), as_of=as_of)

    def statistics_of_table(
        self, spec: ExperimentSpec, table: Query, *, arm: str, as_of: int, day: str | None = None
    ) -> Statistics:
        """The statistics of a table that has one row per unit, by one query; see DuckDB's store.

        Raises:
            UnknownName: for a column that it has not.
            Invalid: where a unit's value is no finite number.
        """
        text = f"select * from ({table.text}) as fc_table limit 0"
        require_columns(spec, self._warehouse.fetch(text, table.values).columns, arm=arm, day=day)
        truths = self._warehouse.booleans(table)
        return table_statistics(
            spec, self._rows, table, POSTGRES, arm=arm, as_of=as_of, day=day, truths=truths
        )

    def _rows(self, text: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._warehouse.fetch(text, values).rows()

    def decisions(self, spec: ExperimentSpec, exposures: Sequence[Path], phase: Phase) -> int:
        """How many decisions of an experiment were made in a phase."""
        within, meant = decided_in(phase, POSTGRES)
        text = (
            f"select count(*) as n from {RELATION} as fc_log where experiment = $fc_experiment and {within}"
        )
        given = {**meant, **self._which(spec), "fc_experiment": spec.name}
        return int(self._warehouse.fetch(text, given)["n"][0])

    def _which(self, spec: ExperimentSpec) -> dict[str, str]:
        return {"fc_capability": spec.capability, "fc_environment": self._environment}
