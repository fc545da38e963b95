"""What an experiment needs from outside: its statistics, from where the rows live."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from fullcycle.data import Query
from fullcycle.experiment.pretended import BUCKETS, PastRows
from fullcycle.experiment.records import Phase
from fullcycle.experiment.sides import Sides
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics


class ExperimentStore(Protocol):
    """A warehouse that can aggregate an experiment in place."""

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

        Args:
            spec: the experiment.
            exposures: the event log's Parquet files; a store that they were published to reads
                its own table instead.
            sources: what each of ``spec.sources`` asks.
            as_of: microseconds since 1970 UTC; what comes later does not count.
            phase: only what was decided in it, by its releases, is then an exposure.
            received: by source, the column that tells when a row came.
            watermark: up to when the exposures were published.
            by_age: whether the primary metric is told by days since the exposure, too.
            sides: which decisions are taken for exposures, in place of the experiment's own.

        Raises:
            Invalid: where a source's query, or a metric's condition, cannot be asked.
        """
        ...

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

        Args:
            spec: what is measured of them.
            units: rows that are taken for exposures, of which none is triggered; or the event log's
                files, as for ``statistics``.
            sources: what each of ``spec.sources`` asks.
            as_of: microseconds since 1970 UTC; what comes later does not count.
            since: of a log, decisions of before are not looked at.
            buckets: how many.
            received: by source, the column that tells when a row came.

        Raises:
            Invalid: where a source's query, or a metric's condition, cannot be asked.
        """
        ...

    def decisions(self, spec: ExperimentSpec, exposures: Sequence[Path], phase: Phase) -> int:
        """How many decisions of an experiment were made in a phase."""
        ...
