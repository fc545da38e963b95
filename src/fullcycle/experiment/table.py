"""An experiment read from a table that has one row per unit already: arm, metrics, covariates.

Only the second half of the one query is asked of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from fullcycle.data import Query
from fullcycle.experiment.answer import cells_of
from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.plan import Measure
from fullcycle.experiment.query import LACKING
from fullcycle.experiment.spec import Covariate, ExperimentSpec
from fullcycle.experiment.statistics import Count, Statistics
from fullcycle.experiment.sums import Group, Half
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import Good, Kind, MetricSpec, inlined, quoted

_VALUES = """
with fc_values as not materialized (
    select {arm}::varchar as arm, {day} as day, 0 as fc_start{columns}
    from {relation} as fc_table{only}
)"""

# Other arms are left out of the answer; of the rows only where something is of all units together,
# since it costs as much as the sums themselves.
_ONLY = " where {arm}::varchar = any($fc_arms)"


Ask = Callable[[str, Mapping[str, Any]], Iterable[tuple[Any, ...]]]


class TableQuery(msgspec.Struct, frozen=True):
    """The question to a table: text and values, and what it takes to read its rows."""

    text: str
    values: dict[str, Any]
    half: Half


def table_metric(told: str) -> MetricSpec:
    """A metric of a table as a command line says it: ``column[:kind][:up|down]``.

    The kind is mean, proportion or ratio; of a ratio, the column is ``revenue/sessions``.

    Raises:
        Invalid: for a kind that a table of units has not.

    >>> table_metric("revenue/sessions:down").over.column
    'sessions'
    """
    column, *said = told.split(":")
    above, ratio, below = column.partition("/")
    kind, good = "ratio" if ratio else "mean", "up"
    for word in said:
        if word in get_args(Good):
            good = word
        elif word in ("mean", "proportion") and not ratio:
            kind = word
        elif not (word == "ratio" and ratio):
            raise Invalid(
                f"{word!r} is no kind of metric of a table",
                f"the metric {told}",
                "write spend, converted:proportion, revenue/sessions, or latency:mean:down",
            )
    made = _column(column, above, kind, good)  # type: ignore[arg-type]
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
    """
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
        segments=tuple(segments),
        **options,
    )


def columns_of(spec: ExperimentSpec) -> list[str]:
    """The columns of numbers that a table's metrics and covariates name, each once."""
    named = [side.column or "" for metric in spec.metrics.values() for side in _sides(metric)]
    return list(dict.fromkeys([*named, *(covariate.name for covariate in spec.covariates)]))


def unit_table_query(
    spec: ExperimentSpec,
    table: str | Query,
    dialect: Dialect,
    *,
    arm: str,
    day: str | None = None,
    lacking: frozenset[str] = frozenset(),
    truths: frozenset[str] = frozenset(),
) -> TableQuery:
    """The question to a table of units.

    Args:
        spec: of :func:`table_spec`.
        table: a relation as SQL, or a query.
        dialect: the warehouse's SQL.
        arm: the column of arms.
        day: the column that says when a unit was first exposed; None for no days.
        lacking: the columns that hold nulls. A unit without a metric's value is not in that
            metric; one without a covariate counts with the mean of all others.
        truths: the columns that are Booleans.

    Raises:
        Invalid: for a quantile, which is one of rows.
    """
    relation, values = (table, {}) if isinstance(table, str) else inlined(table, "fc_0_")
    numbers, measures, cuts = _measures(spec)
    told = [*numbers, *(covariate.name for covariate in spec.covariates)]
    names = [f"fc_v{i}" for i in range(len(numbers))] + [f"fc_x{i}" for i in range(len(spec.covariates))]
    columns = [
        f"{dialect.truth(quoted(column)) if column in truths else quoted(column) + '::float8'} as {name}"
        for column, name in zip(told, names, strict=True)
    ]
    columns += [
        f"coalesce({quoted(segment)}::varchar, {text(LACKING)}) as fc_s{i}"
        for i, segment in enumerate(spec.segments)
    ]
    half = Half(
        values=len(numbers),
        covariates=len(spec.covariates),
        segments=spec.segments,
        groups=_groups(measures, numbers, lacking),
        cuts=cuts,
        holes=[i for i, covariate in enumerate(spec.covariates) if covariate.name in lacking],
        dated=day is not None,
        holed=not lacking,
    )
    only = ""
    if half.cuts or half.holes:
        only, values = _ONLY.format(arm=quoted(arm)), {**values, "fc_arms": list(spec.order)}
    when = "0" if day is None else dialect.day(dialect.micros(quoted(day)))
    units = _VALUES.format(
        arm=quoted(arm),
        day=when,
        columns="".join(f", {one}" for one in columns),
        relation=relation,
        only=only,
    )
    selects = "\nunion all\n".join(one.strip() for one in half.selects)
    return TableQuery(f"{units}{half.tables}\n{selects}", values, half)


def table_statistics(
    spec: ExperimentSpec,
    ask: Ask,
    table: str | Query,
    dialect: Dialect,
    *,
    arm: str,
    as_of: int,
    day: str | None = None,
    truths: frozenset[str] = frozenset(),
) -> Statistics:
    """The statistics of a table, by one query; by a second one where the first finds nulls.

    Args:
        spec: of :func:`table_spec`.
        ask: how the warehouse is asked for rows.
        table: a relation as SQL, or a query.
        dialect: the warehouse's SQL.
        arm: the column of arms.
        as_of: when it is read, in µs since 1970 UTC.
        day: the column that says when a unit was first exposed.
        truths: the columns that are Booleans.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    asked = unit_table_query(spec, table, dialect, arm=arm, day=day, truths=truths)
    rows = _of_arms(spec, ask(asked.text, asked.values))
    if lacking := _lacking(spec, asked, rows):
        asked = unit_table_query(spec, table, dialect, arm=arm, day=day, truths=truths, lacking=lacking)
        rows = _of_arms(spec, ask(asked.text, asked.values))
    cells, whole = cells_of(spec, asked.half, rows, dated=day is not None)
    counted = tuple(one for one in whole if not one.segment)
    return Statistics(
        as_of=as_of,
        cells=cells,
        assigned=counted,
        counted=counted,
        by_segment=tuple(one for one in whole if one.segment),
        immature=_unknown(spec, cells, counted),
    )


def _of_arms(spec: ExperimentSpec, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] != "gram" or row[2] in spec.order]


def _lacking(spec: ExperimentSpec, asked: TableQuery, rows: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    """The columns that some unit has no number in."""
    numbers, _, _ = _measures(spec)
    names = [*numbers, *(covariate.name for covariate in spec.covariates)]
    found: set[str] = set()
    for what, part, *_, units, told in rows:
        if what == "gram" and part == 0 and asked.half.holed:
            found |= {name for name, many in zip(names, told[-len(names) :], strict=True) if many < units}
    return frozenset(found)


def _unknown(spec: ExperimentSpec, cells: Iterable[Any], counted: Iterable[Count]) -> tuple[Count, ...]:
    """The units that have no value of a metric."""
    known = {(c.metric, c.arm, c.day): c.gram.units for c in cells if not c.segment}
    lacking = (
        Count(one.arm, one.day, one.units - known.get((metric, one.arm, one.day), 0), metric)
        for metric in spec.metrics
        for one in counted
    )
    return tuple(one for one in lacking if one.units)


def _column(name: str, column: str, kind: Kind, good: Good) -> MetricSpec:
    return MetricSpec(
        name=name, kind=kind, good=good, column=column, source="table", unit="row", time="", within_s=0.0
    )


def _sides(metric: MetricSpec) -> list[MetricSpec]:
    return [metric] if metric.over is None else [metric, metric.over]


def _measures(spec: ExperimentSpec) -> tuple[list[str], list[Measure], dict[int, tuple[float, str]]]:
    numbers: list[str] = []
    measures: list[Measure] = []
    cuts: dict[int, tuple[float, str]] = {}
    for metric in spec.metrics.values():
        if metric.kind == "quantile" or metric.column is None:
            raise Invalid(
                f"{metric.name} is a quantile" if metric.column else f"{metric.name} names no column",
                "the metrics of a table of units",
                "name a column, as a mean, a proportion or a ratio of two",
            )
        places = []
        for side in _sides(metric):
            if side.winsor is not None or side.column not in numbers or numbers.index(side.column) in cuts:
                numbers.append(str(side.column))
                places.append(len(numbers) - 1)
            else:
                places.append(numbers.index(side.column))
            if side.winsor is not None:
                cuts[places[-1]] = side.winsor, "true"
        measures.append(Measure(metric.name, places[0], places[1] if len(places) > 1 else None))
    return numbers, measures, cuts


def _groups(measures: Sequence[Measure], numbers: Sequence[str], lacking: frozenset[str]) -> list[Group]:
    """All units first; then, each for itself, the metrics that only some units have."""
    whole = [one for one in measures if not {numbers[i] for i in one.numbers} & lacking]
    partly = [one for one in measures if one not in whole]
    return [
        Group(whole, "true", always=True),
        *(Group([one], " and ".join(f"fc_v{i} is not null" for i in one.numbers)) for one in partly),
    ]


def require_columns(spec: ExperimentSpec, known: Iterable[str], *, arm: str, day: str | None) -> None:
    """Refuse a column that a table has not.

    Raises:
        UnknownName: with the nearest one.
    """
    there = set(known)
    for name in [arm, *([day] if day else []), *columns_of(spec), *spec.segments]:
        if name not in there:
            raise UnknownName.among(name, there, where="the columns of the table")
