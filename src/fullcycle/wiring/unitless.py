"""Decisions of requests that name no unit: they take part in no experiment, and a readout counts them."""

import msgspec
import polars as pl

from fullcycle.experiment import ExperimentSpec, Phase


def unitless(decisions: pl.LazyFrame, spec: ExperimentSpec, phase: Phase, *, as_of: int) -> int:
    """How many decisions of a phase, until a moment, were made for requests without a unit.

    Args:
        decisions: the decision log, of which no more is read than it takes.
        spec: the experiment.
        phase: the releases that decided, and when.
        as_of: in µs since 1970 UTC.
    """
    at = pl.col("at").dt.epoch("us")
    until = as_of if phase.until is None else min(as_of, phase.until - 1)
    none = decisions.filter(
        pl.col("release").is_in(list(phase.releases))
        & pl.col("experiment").is_null()
        & pl.col("unit").is_null()
        & (at >= phase.since)
        & (at <= until)
        & (_says(f'"{spec.unit}":null') | ~_says(f'"{spec.unit}":'))  # all others need not be decoded
    )
    requests = (msgspec.json.decode(text) for text in none.select("request").collect()["request"])
    return sum(request.get(spec.unit) is None for request in requests)


def _says(text: str) -> pl.Expr:
    return pl.col("request").str.contains(text, literal=True)
