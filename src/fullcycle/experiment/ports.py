"""What an experiment needs from outside: its statistics, from where the rows live."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from fullcycle.data import Query
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Statistics


class ExperimentStore(Protocol):
    """A warehouse that can aggregate an experiment in place."""

    def statistics(
        self, spec: ExperimentSpec, exposures: Sequence[Path], sources: Mapping[str, Query], *, as_of: int
    ) -> Statistics:
        """The statistics of ``spec`` by one query.

        Args:
            spec: the experiment.
            exposures: the event log's Parquet files.
            sources: what each of ``spec.sources`` asks.
            as_of: microseconds since 1970 UTC; what comes later does not count.
        """
        ...
