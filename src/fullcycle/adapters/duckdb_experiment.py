"""DuckDB as the place where an experiment is aggregated: exposures from Parquet, outcomes from its tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Query
from fullcycle.experiment import (
    DUCKDB,
    ExperimentSpec,
    Phase,
    Place,
    Statistics,
    decided_in,
    statistics_of,
    statistics_query,
)
from fullcycle.kernel import Misconfigured

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
        place = Place(DUCKDB, _EXPOSURES, sources, received=received or {})
        asked = statistics_query(spec, place, as_of=as_of, phase=phase, by_age=by_age)
        frame = self._warehouse.fetch(asked.text, {**asked.values, "fc_files": _paths(exposures)})
        return statistics_of(spec, asked, frame.rows(), as_of=as_of, watermark=watermark)

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


def _paths(files: Sequence[Path]) -> list[str]:
    return [str(path.resolve()) for path in files]
