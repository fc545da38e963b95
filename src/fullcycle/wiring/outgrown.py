"""Why the sources of an experiment cannot be added up any more: the warehouse has changed since it began."""

from collections.abc import Iterator, Mapping

import polars as pl

from fullcycle.data import Query
from fullcycle.experiment import ExperimentSpec
from fullcycle.kernel import FullcycleError, Invalid, UnknownName
from fullcycle.metric import MetricSpec, condition, inlined

_CURE = (
    "bring back what was there; or tell the source or the metric what it is now, run, release and deploy "
    "that, which begins a new phase"
)


def outgrown(spec: ExperimentSpec, sources: Mapping[str, Query], error: FullcycleError) -> FullcycleError:
    """What is wrong, by source, metric and column, in place of a line of a query that nobody wrote.

    Args:
        spec: the experiment.
        sources: what each of its sources asks.
        error: what the warehouse said to the whole query; it stands where nothing else is found.
    """
    for name, query in sources.items():
        try:
            columns = _asked(query).schema
        except FullcycleError as one:
            return type(one)(
                one.what, f"the query of the source {name}", f"{one.mend.rstrip('?')}; or {_CURE}"
            )
        if name == spec.triggered and "decision_id" not in columns:
            return _missing("decision_id", columns, name, "exposures are triggered")
        for metric in _metrics(spec):
            if metric.source == name and (found := _wrong(metric, columns)) is not None:
                return found
    for metric in _metrics(spec):
        try:
            _asked(sources[metric.source], condition(metric.where))
        except FullcycleError as one:
            where = f"the condition {metric.where!r} of {metric.name}, over the source {metric.source}"
            return type(one)(one.what, where, _CURE)
    return error


def _metrics(spec: ExperimentSpec) -> Iterator[MetricSpec]:
    for metric in (
        *spec.metrics.values(),
        *(one.before for one in spec.covariates if one.before is not None),
    ):
        yield metric
        if metric.over is not None:
            yield metric.over


def _wrong(metric: MetricSpec, columns: pl.Schema) -> FullcycleError | None:
    for column in (metric.unit, metric.time, metric.column):
        if column is not None and column not in columns:
            return _missing(column, columns, metric.source, f"{metric.name} is measured")
    where = f"the source {metric.source}, by which {metric.name} is measured"
    if not columns[metric.time].is_temporal():
        return Invalid(f"{metric.time} is {columns[metric.time]}, and no time", where, _CURE)
    if metric.column is not None and not (
        columns[metric.column].is_numeric() or columns[metric.column] == pl.Boolean
    ):
        return Invalid(f"{metric.column} is {columns[metric.column]}, and no number", where, _CURE)
    return None


def _missing(column: str, columns: pl.Schema, source: str, use: str) -> UnknownName:
    where = f"the columns of the source {source}, by which {use}: {', '.join(columns)}"
    return UnknownName(f"there is no {column!r}", where, _CURE)


def _asked(query: Query, condition: str = "true") -> pl.DataFrame:
    """No row of it, for its columns."""
    rows, values = inlined(query, "fc_0_")
    return query.another(f"select * from {rows} as fc_rows where {condition} limit 0", values).frame()
