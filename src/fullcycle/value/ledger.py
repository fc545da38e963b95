"""The value ledger in the record: one fact per measurement of a capability."""

from fullcycle.kernel import Conflict, now
from fullcycle.record import Fact, Ledger
from fullcycle.value.measurement import Measurement


def value_stream(capability: str) -> str:
    """The stream of a capability's measurements."""
    return f"value/{capability}"


def record_measurement(
    ledger: Ledger, capability: str, measurement: Measurement, *, by: str, at: int | None = None
) -> Fact:
    """Append a measurement; the same readout of the same experiment is recorded once, whoever does it."""
    stream, moment = value_stream(capability), now() if at is None else at
    while True:
        facts = ledger.read(stream)
        for known in facts:
            if _what(known.body) == _what(measurement):
                return known
        try:  # only if nobody has written since it was read
            return ledger.append(stream, len(facts), measurement, by=by, at=moment)
        except Conflict:
            continue


def measurements(ledger: Ledger, capability: str) -> list[Fact]:
    """What each experiment of a capability measured, oldest first; the fact tells when and by whom."""
    return [fact for fact in ledger.read(value_stream(capability)) if fact.body.source == "experiment"]


def held_out_measurements(ledger: Ledger, capability: str, experiment: str) -> list[Fact]:
    """What the holdout measured since what an experiment tried was launched, oldest first."""
    facts = ledger.read(value_stream(capability))
    return [fact for fact in facts if fact.body.source == "holdout" and fact.body.experiment == experiment]


def _what(one: Measurement) -> tuple[str, str, str]:
    return one.source, one.experiment, one.readout
