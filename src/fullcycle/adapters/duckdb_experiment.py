"""DuckDB as the place where an experiment is aggregated: exposures from Parquet, outcomes from its tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Query
from fullcycle.experiment import ExperimentSpec, Statistics, statistics_of, statistics_query
from fullcycle.kernel import Misconfigured


class DuckDBExperimentStore:
    """An ``ExperimentStore`` over a warehouse that may read the folders the exposures lie in."""

    def __init__(self, warehouse: DuckDBWarehouse) -> None:
        self._warehouse = warehouse

    def statistics(
        self, spec: ExperimentSpec, exposures: Sequence[Path], sources: Mapping[str, Query], *, as_of: int
    ) -> Statistics:
        """The statistics of ``spec`` by one query; empty while nobody was exposed.

        Raises:
            Misconfigured: for a Parquet file outside the warehouse's folders.
            Invalid: where a source's query, or a metric's condition, cannot be asked.
        """
        if not exposures:
            return Statistics(as_of=as_of)
        for path in exposures:
            self._require_readable(path)
        text, values = statistics_query(spec, sources, exposures="read_parquet($fc_files)", as_of=as_of)
        files = [str(path.resolve()) for path in exposures]
        frame = self._warehouse.fetch(text, {**values, "fc_files": files})
        return statistics_of(spec, frame.rows(), as_of=as_of)

    def _require_readable(self, path: Path) -> None:
        if not any(path.resolve().is_relative_to(folder.resolve()) for folder in self._warehouse.folders):
            raise Misconfigured(
                f"the warehouse may not read {path.name}",
                str(path.parent),
                "give its folder to the warehouse: DuckDBWarehouse(path, folders=[…])",
            )
