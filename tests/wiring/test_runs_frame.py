"""fullcycle.wiring.runs_frame: runs as a Polars frame."""

import polars as pl
import pytest

from fullcycle.flow import RunLine, RunScore
from fullcycle.wiring.runs_frame import runs_frame


def line(number, scores=None, **parameters):
    return RunLine(
        capability="winback",
        number=number,
        at=number,
        by="ana",
        message="",
        status="done",
        scores={step: RunScore("auc", value) for step, value in (scores or {}).items()},
        parameters=parameters,
    )


def test_scores_are_numbers_and_parameters_have_their_own_types():
    frame = runs_frame(
        [
            line(2, {"visit": 0.7}, leaves=31, rate=0.1, fast=True, kind="gain"),
            line(1, leaves=63, rate=1, fast=False),
        ]
    )

    assert dict(frame.schema) | {
        "visit": pl.Float64(),
        "leaves": pl.Int64(),
        "rate": pl.Float64(),
        "fast": pl.Boolean(),
        "kind": pl.String(),
    } == dict(frame.schema)
    assert frame["visit"].to_list() == [0.7, None]


@pytest.mark.parametrize(
    ("values", "dtype", "shown"),
    [
        ((31, "63"), pl.Int64, [31, 63]),  # as a run that failed early knows it
        ((31, "many"), pl.String, ["31", "many"]),
        ((True, 1), pl.String, ["True", "1"]),
        ((2**70, 1), pl.Float64, [2.0**70, 1.0]),
        (([1, 2], [3]), pl.String, ["[1, 2]", "[3]"]),
    ],
)
def test_values_that_do_not_agree_become_what_holds_them_all(values, dtype, shown):
    frame = runs_frame([line(number, p=value) for number, value in enumerate(values)])

    assert frame.schema["p"] == dtype
    assert frame["p"].to_list() == shown


def test_a_name_that_is_taken_gets_its_kind():
    frame = runs_frame([line(1, {"cost": 0.5}, cost=3, run=7)])

    assert frame.select("cost score", "cost parameter", "run parameter").row(0) == (0.5, 3, 7)


def test_no_runs_are_a_frame_of_no_rows():
    frame = runs_frame([])

    assert (frame.height, frame.columns[:2]) == (0, ["run", "at"])
