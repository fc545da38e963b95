"""What a write-up is made from: a verdict with its experiment, its brief and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from fullcycle.brief import Brief
from fullcycle.experiment import Effect, ExperimentSpec, Readout
from fullcycle.value import Measurement, TrackRecord, ValueRow


@dataclass(frozen=True, slots=True)
class Concluded:
    """All that a write-up is made from; times in µs since 1970 UTC.

    ``arms`` says of each what it does, ``together`` why rows must not be added up.
    """

    capability: str
    row: ValueRow
    measured: Measurement
    brief: Brief
    spec: ExperimentSpec
    readout: Readout
    arms: Mapping[str, str]
    made: int
    closed: int
    closed_by: str
    together: tuple[str, ...] = ()
    track: TrackRecord | None = None
    replayed: bool = False

    @property
    def caused(self) -> Effect | None:
        """The effect on the brief's metric, with its interval."""
        wanted = (self.measured.metric, self.measured.arm or self.readout.primary[0].arm)
        found = next((one for one in self.readout.effects if (one.metric, one.arm) == wanted), None)
        return found if found is not None and found.gain is not None else None

    @property
    def known(self) -> bool:
        """Whether the experiment measured the brief's metric at all."""
        return self.measured.metric in self.spec.metrics

    @property
    def units(self) -> str:
        """What those who are decided for are called."""
        return self.brief.estimate.reach.unit or "units"

    @property
    def what(self) -> str:
        """What the metric counts, in the brief's words."""
        return self.brief.estimate.effect_unit or self.measured.metric

    @property
    def currency(self) -> str:
        """Of all its money."""
        return self.row.currency
