"""The value ledger in the record: one fact per measurement of a capability."""

from fullcycle.kernel import now
from fullcycle.record import Fact, Ledger, append_next
from fullcycle.value.measurement import Measurement


def value_stream(capability: str) -> str:
    """The stream of a capability's measurements."""
    return f"value/{capability}"


def record_measurement(
    ledger: Ledger, capability: str, measurement: Measurement, *, by: str, at: int | None = None
) -> Fact:
    """Append a measurement; the same readout of the same experiment is recorded once."""
    for known in measurements(ledger, capability):
        if (known.body.experiment, known.body.readout) == (measurement.experiment, measurement.readout):
            return known
    return append_next(ledger, value_stream(capability), measurement, by=by, at=now() if at is None else at)


def measurements(ledger: Ledger, capability: str) -> list[Fact]:
    """Every measurement of a capability, oldest first; the fact tells when and by whom."""
    return ledger.read(value_stream(capability))
