"""Runs as a Polars frame: scores as numbers, parameters in their own types where they agree."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from fullcycle.flow import RunLine
from fullcycle.kernel import instant

_COLUMNS = pl.Schema(
    [
        ("run", pl.Int64()),
        ("at", pl.Datetime("us", "UTC")),
        ("by", pl.String()),
        ("status", pl.String()),
        ("message", pl.String()),
        ("wall_s", pl.Float64()),
        ("cpu_s", pl.Float64()),
        ("cost", pl.Float64()),
    ]
)


def runs_frame(runs: Sequence[RunLine]) -> pl.DataFrame:
    """One row per run, in their order: what it was, a column per score, a column per parameter.

    A score or parameter that is named like another column gets its kind after its name.
    """
    frame = pl.DataFrame([_properties(run) for run in runs], schema=_COLUMNS, orient="row")
    for step in dict.fromkeys(step for run in runs for step in run.scores):
        values = [run.scores[step].value if step in run.scores else None for run in runs]
        frame = frame.with_columns(pl.Series(_free(step, "score", frame), values, dtype=pl.Float64))
    for name in dict.fromkeys(name for run in runs for name in run.parameters):
        column = _column(_free(name, "parameter", frame), [run.parameters.get(name) for run in runs])
        frame = frame.with_columns(column)
    return frame


def _properties(run: RunLine) -> tuple[Any, ...]:
    cost = run.cost.amount if run.cost is not None else None
    return (run.number, instant(run.at), run.by, run.status, run.message, run.wall, run.cpu, cost)


def _free(name: str, kind: str, frame: pl.DataFrame) -> str:
    return f"{name} {kind}" if name in frame.columns else name


def _column(name: str, values: Sequence[Any]) -> pl.Series:
    """Values as one dtype: their own, a wider number, or text where they have nothing in common."""
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if str in kinds and len(kinds) > 1 and bool not in kinds:
        # a run that failed before the step that takes it knows a parameter as it was typed
        read = [_number(value) if isinstance(value, str) else value for value in values]
        return (
            _column(name, read)
            if all(type(value) in (int, float, type(None)) for value in read)
            else (_text(name, values))
        )
    if kinds and kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64 if float in kinds or _big(known) else pl.Int64)
    return _text(name, values)


def _number(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _big(values: Sequence[Any]) -> bool:
    return any(abs(value) >= 2**63 for value in values)


def _text(name: str, values: Sequence[Any]) -> pl.Series:
    texts = [None if value is None else value if isinstance(value, str) else str(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)
