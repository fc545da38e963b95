"""fullcycle.wiring.phasing: who was there before, where an experiment has phases."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from fullcycle.experiment import ExperimentPhase, ExperimentRecord, Phase
from fullcycle.kernel import Digest, micros
from fullcycle.record import Fact
from fullcycle.wiring.phasing import deciding, lasting
from fullcycle.wiring.unitless import unitless
from made_up_experiment import spec

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = START + timedelta(days=10)


def log(*rows):
    """Decisions as (release, day, unit, experiment, request)."""
    return pl.DataFrame(
        [
            {
                "release": release,
                "at": START + timedelta(days=day),
                "unit": unit,
                "experiment": experiment,
                "request": request,
            }
            for release, day, unit, experiment, request in rows
        ],
        schema={
            "release": pl.Int64,
            "at": pl.Datetime("us", "UTC"),
            "unit": pl.String,
            "experiment": pl.String,
            "request": pl.String,
        },
    )


def record(second="other code"):
    """An experiment of two phases; the arm of the second runs that code."""
    return ExperimentRecord(
        "winback",
        "trial",
        phases=tuple(
            Fact(
                stream="",
                kind="experiment.phase",
                position=n,
                at=0,
                by="",
                body=ExperimentPhase(
                    number=n,
                    release=n,
                    environment="prod",
                    deployment=n,
                    spec=Digest("s"),
                    code={"chosen": Digest(code)},
                ),
            )
            for n, code in ((1, "same code"), (2, second))
        ),
    )


def decided(release, day, *units):
    return [(release, day, unit, "trial", f'{{"client_id":{unit}}}') for unit in units]


ONE = Phase(1, since=micros(START), until=micros(SECOND), releases=(1,))
TWO = Phase(2, since=micros(SECOND), until=None, releases=(2,))
SAME = [Phase(1, ONE.since, ONE.until, (1,), shared=(1,)), Phase(2, TWO.since, None, (1, 2), shared=(1,))]


@pytest.mark.parametrize(
    ("phases", "release"), [([ONE, TWO], 2), (SAME, 1)], ids=["releases apart", "rolled back"]
)
def test_units_of_an_earlier_phase_are_counted_where_they_come_again(phases, release):
    rows = log(*decided(1, 1, "1", "2", "3"), *decided(release, 12, "2", "3", "4", "5"))

    (check,) = lasting(rows, spec(), record(), phases, phases[1])

    assert check.standing == "qualifies"
    assert check.said.startswith(
        "2 of the 4 units that were decided for in this phase had been in an earlier"
    )
    assert lasting(rows, spec(), record(), phases, phases[0]) == []
    assert lasting(rows, spec(), record("same code"), phases, phases[1]) == []


def test_one_in_a_hundred_changes_nothing():
    many = [str(n) for n in range(100, 200)]

    assert (
        lasting(log(*decided(1, 1, "100"), *decided(2, 12, *many)), spec(), record(), [ONE, TWO], TWO) == []
    )
    assert lasting(log(*decided(1, 1, "1")), spec(), record(), [ONE, TWO], TWO) == []


def test_releases_are_those_that_decided_in_the_phase_by_then():
    rows = log(*decided(1, 1, "1"), *decided(2, 12, "1"), *decided(2, 13, "2"))

    later = micros(START + timedelta(days=60))
    assert [deciding(rows, one, as_of=later) for one in (ONE, TWO)] == [(1,), (2,)]
    assert deciding(rows, TWO, as_of=micros(START + timedelta(days=2))) == ()


def test_decisions_without_a_unit_are_those_whose_request_names_none():
    rows = log(
        (1, 1, "1", "trial", '{"client_id":1}'),
        (1, 2, None, None, '{"client_id":null,"city":"Bern"}'),
        (1, 3, None, None, '{"city":"Bern"}'),
        (1, 4, None, None, '{"client_id":7}'),  # outside the coverage
        (1, 5, None, None, '{"note":{"client_id":null},"client_id":8}'),
        (1, 30, None, None, '{"client_id":null}'),  # after the phase
        (2, 2, None, None, '{"client_id":null}'),  # of another release
    )

    assert unitless(rows.lazy(), spec(), ONE, as_of=micros(START + timedelta(days=60))) == 2
    assert unitless(rows.lazy(), spec(), ONE, as_of=micros(START + timedelta(days=2, hours=1))) == 1
