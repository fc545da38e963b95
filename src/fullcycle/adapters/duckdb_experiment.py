"""DuckDB as the place where an experiment is aggregated: exposures from Parquet, outcomes from its tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.data import Query
from fullcycle.experiment import (
    DUCKDB,
    ExperimentSpec,
    Phase,
    Place,
    Statistics,
    statistics_of,
    statistics_query,
)
from fullcycle.kernel import Misconfigured
from fullcycle.metric import micros_of, quoted

_EVER = 2**62  # µs since 1970, later than any

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
        relation, meant = _exposures(phase)
        place = Place(DUCKDB, relation, sources, decisions=_EXPOSURES, received=received or {})
        asked = statistics_query(spec, place, as_of=as_of, by_age=by_age)
        files = [str(path.resolve()) for path in exposures]
        frame = self._warehouse.fetch(asked.text, {**asked.values, **meant, "fc_files": files})
        return statistics_of(spec, asked, frame.rows(), as_of=as_of, watermark=watermark)

    def decisions(self, spec: ExperimentSpec, exposures: Sequence[Path], phase: Phase) -> int:
        """How many decisions of an experiment were made in a phase."""
        if not exposures:
            return 0
        relation, meant = _exposures(phase)
        files = [str(path.resolve()) for path in exposures]
        text = f"select count(*) as n from {relation} where experiment = $fc_experiment"
        frame = self._warehouse.fetch(text, {**meant, "fc_files": files, "fc_experiment": spec.name})
        return int(frame["n"][0])

    def _require_readable(self, path: Path) -> None:
        if not any(path.resolve().is_relative_to(folder.resolve()) for folder in self._warehouse.folders):
            raise Misconfigured(
                f"the warehouse may not read {path.name}",
                str(path.parent),
                "give its folder to the warehouse: DuckDBWarehouse(path, folders=[…])",
            )


def _exposures(phase: Phase | None) -> tuple[str, dict[str, Any]]:
    """The relation that holds the exposures, and its values."""
    if phase is None:
        return _EXPOSURES, {}
    at = micros_of(quoted("at"))
    text = (
        f"(select * from {_EXPOSURES} where list_contains($fc_releases, release) and "
        f"(not list_contains($fc_shared, release) or ({at} >= $fc_since and {at} < $fc_until)))"
    )
    return text, {
        "fc_releases": list(phase.releases),
        "fc_shared": list(phase.shared),
        "fc_since": phase.since if phase.number > 1 else 0,
        "fc_until": phase.until if phase.until is not None else _EVER,
    }
