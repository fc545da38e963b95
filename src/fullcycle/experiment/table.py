"""An experiment read from a table that has one row per unit already: arm, metrics, covariates.

Only the second half of the one query is asked of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fullcycle.data import Query
from fullcycle.experiment.answer import cells_of, ranked_cells
from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.plan import Measure
from fullcycle.experiment.query import LACKING
from fullcycle.experiment.ranks import Ranks
from fullcycle.experiment.segments import MOST_LEVELS
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Cell, Count, QuantileCell, Statistics, per_arm
from fullcycle.experiment.sums import NO_DAY, WHOLE, Group, Half
from fullcycle.experiment.table_metrics import sides_of
from fullcycle.kernel import Invalid
from fullcycle.metric import MetricSpec, inlined, quoted

_VALUES = """
with fc_values as not materialized (
    select {arm}::varchar as arm, {day} as day, 0 as fc_start{columns}
    from {relation} as fc_table{only}
)"""

_ARMLESS = """
select 'unitless', 0, '', 0, {whole}, '', count(*), null::float8[]
from {relation} as fc_table where {arm} is null"""

# Other arms are left out of the answer; of the rows only where something is of all units together,
# since it costs as much as the sums themselves.
_ONLY = " where {arm}::varchar = any($fc_arms)"


_ROUNDING = 1e-9  # how far sums may be off, per unit, without a value being another
_BY_ARM = ("gram", "ranked", "shares")
Ask = Callable[[str, Mapping[str, Any]], Iterable[tuple[Any, ...]]]


class TableQuery(msgspec.Struct, frozen=True):
    """The question to a table: text and values, and what it takes to read its rows."""

    text: str
    values: dict[str, Any]
    half: Half
    quantiles: tuple[MetricSpec, ...] = ()


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
        Invalid: for a metric that names no column.
    """
    relation, values = (table, {}) if isinstance(table, str) else inlined(table, "fc_0_")
    numbers, measures, cuts, ranked = _measures(spec)
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
    only, selects = "", list(half.selects)
    tables = half.tables
    quantiles = tuple(spec.metrics[name] for name in ranked)
    for n, metric in enumerate(quantiles):
        ranks = Ranks(n, metric.q or 0.5, len(spec.segments))
        tables += ranks.of_units(ranked[metric.name])
        selects += ranks.selects
    if half.cuts or half.holes:
        selects.append(_ARMLESS.format(whole=WHOLE, relation=relation, arm=quoted(arm)))
        only, values = _ONLY.format(arm=quoted(arm)), {**values, "fc_arms": list(spec.order)}
    when = "0" if day is None else dialect.day(dialect.micros(quoted(day)))
    units = _VALUES.format(
        arm=quoted(arm),
        day=when,
        columns="".join(f", {one}" for one in columns),
        relation=relation,
        only=only,
    )
    questions = "\nunion all\n".join(one.strip() for one in selects)
    return TableQuery(f"{units}{tables}\n{questions}", values, half, quantiles)


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
        Invalid: where a unit's value is no finite number, or of a proportion neither 0 nor 1; where one
            has no day; for a segment of too many levels.
    """
    asked = unit_table_query(spec, table, dialect, arm=arm, day=day, truths=truths)
    rows = list(ask(asked.text, asked.values))
    if lacking := _lacking(spec, asked, _of_arms(spec, rows)):
        asked = unit_table_query(spec, table, dialect, arm=arm, day=day, truths=truths, lacking=lacking)
        rows = list(ask(asked.text, asked.values))
    armless, rows = _armless(rows), _of_arms(spec, rows)
    _require_days(spec, rows, day)
    _require_few_levels(spec, rows)
    quantiles = ranked_cells(spec, asked.quantiles, rows, ended=False)
    cells, whole = cells_of(spec, asked.half, rows, dated=day is not None)
    _require_shares(spec, cells)
    counted = tuple(one for one in whole if not one.segment)
    return Statistics(
        as_of=as_of,
        cells=cells,
        quantiles=quantiles,
        assigned=counted,
        counted=counted,
        by_segment=tuple(one for one in whole if one.segment),
        immature=(*_unknown(spec, cells, counted), *_unranked(spec, asked.quantiles, quantiles, counted)),
        unitless=armless,
    )


def _of_arms(spec: ExperimentSpec, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] not in _BY_ARM or row[2] in spec.order]


def _armless(rows: Iterable[tuple[Any, ...]]) -> int:
    """The rows of the table that name no arm: counted apart, or a group of their own."""
    return sum(
        row[6]
        for row in rows
        if row[0] == "unitless" or (row[0] == "gram" and row[1] == 0 and row[2] is None and row[4] < 0)
    )


def _lacking(spec: ExperimentSpec, asked: TableQuery, rows: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    """The columns that some unit has no number in."""
    numbers, measures, _, _ = _measures(spec)
    names = [*numbers, *(covariate.name for covariate in spec.covariates)]
    added = {numbers[i] for one in measures for i in one.numbers}
    added |= {covariate.name for covariate in spec.covariates}  # a quantile takes the rows that there are
    found: set[str] = set()
    for what, part, *_, units, told in rows:
        if what == "gram" and part == 0 and asked.half.holed:
            found |= {name for name, many in zip(names, told[-len(names) :], strict=True) if many < units}
    return frozenset(found & added)


def _require_days(spec: ExperimentSpec, rows: Iterable[tuple[Any, ...]], day: str | None) -> None:
    none = sum(row[6] for row in rows if row[:2] == ("gram", 0) and row[4] < 0 and row[3] == NO_DAY)
    if day is not None and none:
        raise Invalid(
            f"{none:,} units have no {day}",
            f"the table of {spec.name}",
            f"leave such rows out, or read it without days: without {day}",
        )


def _require_few_levels(spec: ExperimentSpec, rows: Iterable[tuple[Any, ...]]) -> None:
    levels = {(row[4], row[5]) for row in rows if row[0] == "gram" and row[4] >= 0}
    for n, segment in enumerate(spec.segments):
        if (many := sum(place == n for place, _ in levels)) > MOST_LEVELS:
            raise Invalid(
                f"{segment} holds {many:,} different values",
                "the segments",
                f"name a column of at most {MOST_LEVELS}, or one that tells in which class a value is",
            )


def _require_shares(spec: ExperimentSpec, cells: Iterable[Cell]) -> None:
    """Refuse a proportion of something else than 0 and 1.

    A value is its own square only where it is one of them; so the sums tell it, and no row is read again.
    """
    for cell in cells:
        metric, one = spec.metrics[cell.metric], cell.moments
        if metric.kind != "proportion":
            continue
        if abs(one.m2 - one.total * (1 - one.mean)) > _ROUNDING * one.units:
            raise Invalid(
                f"{metric.column} holds other values than 0 and 1",
                f"the metric {metric.column}:proportion",
                f"write {metric.column} for its mean, or name a column of 0 and 1, or of true and false",
            )


def _unknown(spec: ExperimentSpec, cells: Iterable[Any], counted: Iterable[Count]) -> tuple[Count, ...]:
    """The units that have no value of a metric."""
    known = {(c.metric, c.arm, c.day): c.gram.units for c in cells if not c.segment}
    lacking = (
        Count(one.arm, one.day, one.units - known.get((metric, one.arm, one.day), 0), metric)
        for metric, told in spec.metrics.items()
        if told.kind != "quantile"
        for one in counted
    )
    return tuple(one for one in lacking if one.units)


def _unranked(
    spec: ExperimentSpec,
    metrics: Iterable[MetricSpec],
    cells: Iterable[QuantileCell],
    counted: Iterable[Count],
) -> Iterator[Count]:
    """The units that have no value of a quantile; by no day, since it has none."""
    there = per_arm(counted, spec.order)
    known = {(one.metric, one.arm): one.units for one in cells if not one.segment}
    for metric in metrics:
        for arm, units in there.items():
            if lacking := units - known.get((metric.name, arm), 0):
                yield Count(arm, "", lacking, metric.name)


def _measures(
    spec: ExperimentSpec,
) -> tuple[list[str], list[Measure], dict[int, tuple[float, str]], dict[str, int]]:
    """The columns of numbers, what is added up of them, where they are cut, and which have quantiles."""
    ranked: dict[str, int] = {}
    numbers: list[str] = []
    measures: list[Measure] = []
    cuts: dict[int, tuple[float, str]] = {}
    for metric in spec.metrics.values():
        if metric.column is None:
            raise Invalid(
                f"{metric.name} names no column",
                "the metrics of a table of units",
                "name a column, as a mean, a proportion, a quantile or a ratio of two",
            )
        places = []
        for side in sides_of(metric):
            if side.winsor is not None or side.column not in numbers or numbers.index(side.column) in cuts:
                numbers.append(str(side.column))
                places.append(len(numbers) - 1)
            else:
                places.append(numbers.index(side.column))
            if side.winsor is not None:
                cuts[places[-1]] = side.winsor, "true"
        if metric.kind == "quantile":
            ranked[metric.name] = places[0]
            continue
        measures.append(Measure(metric.name, places[0], places[1] if len(places) > 1 else None))
    return numbers, measures, cuts, ranked


def _groups(measures: Sequence[Measure], numbers: Sequence[str], lacking: frozenset[str]) -> list[Group]:
    """All units first; then, each for itself, the metrics that only some units have."""
    whole = [one for one in measures if not {numbers[i] for i in one.numbers} & lacking]
    partly = [one for one in measures if one not in whole]
    return [
        Group(whole, "true", always=True),
        *(Group([one], " and ".join(f"fc_v{i} is not null" for i in one.numbers)) for one in partly),
    ]
