"""One query per experiment: from the exposures and the metrics' sources to sufficient statistics.

Nothing per unit leaves the warehouse. What comes back are rows of :data:`COLUMNS`; a
warehouse's adapter says where its exposures are and asks.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fullcycle.data import Query
from fullcycle.experiment.gram import Gram, checked_gram
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Cell, Count, Statistics
from fullcycle.kernel import UnknownName
from fullcycle.metric import MetricSpec, event_value, inlined, micros_of, quoted, unit_value

COLUMNS = ("what", "metric", "arm", "day", "units", "mean", "m2")

_DAY = 86_400_000_000  # microseconds

# Exposures are counted once per unit, at the first one that counts; who got two arms is left out.
_UNITS = """
with fc_exposures as (
    select unit, arm, {at} as fc_at, decision_id from {exposures}
    where experiment = $fc_experiment and list_contains($fc_arms, arm) and {at} <= $fc_as_of
),
fc_assigned as materialized (
    select unit, min(arm) as arm, count(distinct arm) as arms, min(fc_at) as fc_first
    from fc_exposures where unit is not null group by unit
),
fc_counted as (
    select unit, min(fc_at) as fc_start from fc_exposures {triggered} group by unit
),
fc_units as materialized (
    select unit, arm, fc_start, fc_start // {day} as day
    from fc_assigned join fc_counted using (unit) where arms = 1
)"""

_TRIGGERED = "semi join (select decision_id::varchar as decision_id from {source}) using (decision_id)"

# One scan of a source for all metrics that share it and its window.
_VALUES = """,
fc_events_{n} as (
    select {unit}::varchar as unit, {at} as fc_at, {event_values} from {source}
),
fc_values_{n} as materialized (
    select fc_units.unit, fc_units.arm, fc_units.day, {unit_values}
    from fc_units left join fc_events_{n} as fc_event
      on fc_units.unit = fc_event.unit
     and fc_event.fc_at > fc_units.fc_start + {after} and fc_event.fc_at <= fc_units.fc_start + {end}
    where fc_units.fc_start + {known} <= $fc_as_of
    group by all
)"""

_COUNTS = """
select 'assigned' as what, '' as metric, arm, fc_first // {day} as day, count(*) as units,
       0.0::double as mean, 0.0::double as m2
from fc_assigned where arms = 1 group by all
union all
select 'crossed', '', '', 0, count(*), 0.0, 0.0 from fc_assigned where arms > 1
union all
select 'counted', '', arm, day, count(*), 0.0, 0.0 from fc_units group by all"""

_METRIC = """
union all
select 'moments', {name}, arm, day, count(*), favg({value}), coalesce(var_pop({value}), 0.0) * count(*)
from fc_values_{n} group by arm, day
union all
select 'immature', {name}, arm, day, count(*), 0.0, 0.0
from fc_units where fc_start + {known} > $fc_as_of group by arm, day"""


def statistics_query(
    spec: ExperimentSpec, sources: Mapping[str, Query], *, exposures: str, as_of: int
) -> tuple[str, dict[str, Any]]:
    """The text of the one query, and its values.

    Args:
        spec: the experiment.
        sources: what each of ``spec.sources`` asks.
        exposures: a relation with the event log's columns, as SQL.
        as_of: microseconds since 1970 UTC; what comes later does not count.

    Raises:
        UnknownName: where a source is lacking.
    """
    inner: dict[str, str] = {}
    values: dict[str, Any] = {"fc_experiment": spec.name, "fc_arms": list(spec.order), "fc_as_of": as_of}
    for index, name in enumerate(spec.sources):
        if name not in sources:
            raise UnknownName.among(name, sources, where=f"the sources given to the readout of {spec.name}")
        inner[name], more = inlined(sources[name], f"fc_{index}_")
        values |= more
    triggered = "" if spec.triggered is None else _TRIGGERED.format(source=inner[spec.triggered])
    text = [_UNITS.format(exposures=exposures, at=micros_of(quoted("at")), day=_DAY, triggered=triggered)]
    selects = [_COUNTS.format(day=_DAY)]
    for n, metrics in enumerate(_shared_scans(spec)):
        text.append(_scan(n, metrics, inner[metrics[0].source]))
        selects += [_select(n, index, metric) for index, metric in enumerate(metrics)]
    return "".join([*text, *selects]), values


def statistics_of(spec: ExperimentSpec, rows: list[tuple[Any, ...]], *, as_of: int) -> Statistics:
    """The statistics that rows of :data:`COLUMNS` tell.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    cells: list[Cell] = []
    counts: dict[str, list[Count]] = {"assigned": [], "counted": [], "immature": []}
    crossed = 0
    for what, metric, arm, day, units, mean, m2 in sorted(rows):
        if what == "crossed":
            crossed = units
        elif what == "moments":
            where = f"the metric {metric} of the experiment {spec.name}"
            cells.append(Cell(metric, arm, _iso(day), checked_gram(Gram(units, (mean,), (m2,)), where=where)))
        else:
            counts[what].append(Count(arm, _iso(day), units, metric))
    return Statistics(
        as_of=as_of,
        cells=tuple(cells),
        crossed=crossed,
        **{what: tuple(found) for what, found in counts.items()},
    )


def _shared_scans(spec: ExperimentSpec) -> list[list[MetricSpec]]:
    """Metrics in groups that read the same rows of the same source."""
    groups: dict[tuple[Any, ...], list[MetricSpec]] = {}
    for metric in spec.metrics.values():
        same = (metric.source, metric.unit, metric.time, metric.after_s, metric.within_s, metric.late_s)
        groups.setdefault(same, []).append(metric)
    return list(groups.values())


def _scan(n: int, metrics: list[MetricSpec], source: str) -> str:
    first = metrics[0]
    events = [f"{event_value(m.kind, m.column, m.where)} as fc_event_{i}" for i, m in enumerate(metrics)]
    units = [f"{unit_value(m.kind, f'fc_event_{i}', m.cap)} as fc_value_{i}" for i, m in enumerate(metrics)]
    return _VALUES.format(
        n=n,
        unit=quoted(first.unit),
        at=micros_of(quoted(first.time)),
        event_values=", ".join(events),
        unit_values=", ".join(units),
        source=source,
        after=_micros(first.after_s),
        end=_micros(first.after_s + first.within_s),
        known=_micros(first.known_after_s),
    )


def _select(n: int, index: int, metric: MetricSpec) -> str:
    name = "'" + metric.name.replace("'", "''") + "'"
    return _METRIC.format(n=n, name=name, value=f"fc_value_{index}", known=_micros(metric.known_after_s))


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _iso(day: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
