"""What is asked of a table that has one row per unit, as a command line says it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args

import msgspec

from fullcycle.experiment.spec import Covariate, ExperimentSpec
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import Good, Kind, MetricSpec


def table_metric(told: str) -> MetricSpec:
    """A metric of a table as a command line says it: ``column[:kind][:up|down]``.

    The kind is mean, proportion, ratio, or a quantile over units such as p90 or median; of a ratio, the
    column is ``revenue/sessions``. A quantile is called ``latency p90``, so that it may stand beside the
    mean of its column.

    Raises:
        Invalid: for a kind that a table of units has not.

    >>> table_metric("revenue/sessions:down").over.column
    'sessions'
    >>> table_metric("latency:p99.9:down").q
    0.999
    """
    column, *said = told.split(":")
    above, ratio, below = column.partition("/")
    kind, good, q = "ratio" if ratio else "mean", "up", None
    if len(kinds := [word for word in said if word not in get_args(Good)]) > 1:
        raise Invalid(
            f"{' and '.join(kinds)} are two kinds of metric",
            f"the metric {told}",
            f"write {column}:{kinds[0]}",
        )
    for word in said:
        if word in get_args(Good):
            good = word
        elif word in ("mean", "proportion") and not ratio:
            kind = word
        elif not ratio and (share := _quantile(word)) is not None:
            kind, q = "quantile", share
        elif not (word == "ratio" and ratio):
            raise Invalid(
                f"{word!r} is no kind of metric of a table",
                f"the metric {told}",
                "write spend, converted:proportion, revenue/sessions, latency:p90:down or latency:mean:down",
            )
    made = _column(column, above, kind, good)  # type: ignore[arg-type]
    if q is not None:
        return msgspec.structs.replace(made, name=f"{column} p{100 * q:.6g}", q=q)
    return made if not ratio else msgspec.structs.replace(made, over=_column(below, below, "mean", "up"))


def table_spec(
    name: str,
    arms: Sequence[str],
    metrics: Sequence[MetricSpec],
    *,
    covariates: Sequence[str] = (),
    segments: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    **options: Any,
) -> ExperimentSpec:
    """An experiment of which there is only a table; the first arm is the control, the first metric primary.

    Args:
        name: what to call it.
        arms: the values of the table's column of arms.
        metrics: of :func:`table_metric`.
        covariates: columns that were known before the experiment.
        segments: columns to read it by.
        weights: each arm's share; equal without them.
        **options: other fields of the specification.

    Raises:
        Invalid: for a covariate that is told twice, or that a metric is of; for an alpha that is no chance.
    """
    _check_covariates(metrics, covariates)
    return ExperimentSpec(
        name=name,
        capability=name,
        order=tuple(arms),
        arms=dict.fromkeys(arms, ""),
        weights=dict(weights or dict.fromkeys(arms, 1 / len(arms))),
        seed=name,
        unit="row",
        metrics={metric.name: metric for metric in metrics},
        primary=metrics[0].name,
        covariates=tuple(Covariate(name=column) for column in covariates),
        segments=tuple(dict.fromkeys(segments)),
        **options,
    )


def _check_covariates(metrics: Iterable[MetricSpec], covariates: Sequence[str]) -> None:
    """What an arm may have changed takes the effect away with it; twice the same takes away nothing more."""
    for name in covariates:
        of = [metric.name for metric in metrics if name in {side.column for side in sides_of(metric)}]
        if of:
            raise Invalid(
                f"{name} is a covariate, and the metric {of[0]} is of it",
                "the covariates",
                "name a column that was known before the experiment",
            )
        if covariates.count(name) > 1:
            raise Invalid(f"{name} is a covariate twice", "the covariates", "name each covariate once")


def columns_of(spec: ExperimentSpec) -> list[str]:
    """The columns of numbers that a table's metrics and covariates name, each once."""
    named = [side.column or "" for metric in spec.metrics.values() for side in sides_of(metric)]
    return list(dict.fromkeys([*named, *(covariate.name for covariate in spec.covariates)]))


def require_columns(spec: ExperimentSpec, known: Iterable[str], *, arm: str, day: str | None) -> None:
    """Refuse a column that a table has not.

    Raises:
        UnknownName: with the nearest one.
    """
    there = set(known)
    for name in [arm, *([day] if day else []), *columns_of(spec), *spec.segments]:
        if name not in there:
            raise UnknownName.among(name, there, where="the columns of the table")


def sides_of(metric: MetricSpec) -> list[MetricSpec]:
    """A metric, and what it is divided by."""
    return [metric] if metric.over is None else [metric, metric.over]


def _quantile(word: str) -> float | None:
    """The share that ``p90`` or ``median`` names."""
    if word == "median":
        return 0.5
    if not re.fullmatch(r"p\d{1,2}(\.\d+)?", word) or not float(word[1:]):
        return None
    return float(Decimal(word[1:]) / 100)


def _column(name: str, column: str, kind: Kind, good: Good) -> MetricSpec:
    return MetricSpec(
        name=name, kind=kind, good=good, column=column, source="table", unit="row", time="", within_s=0.0
    )
