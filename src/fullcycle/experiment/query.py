"""One query per experiment: from the exposures and the metrics' sources to sufficient statistics.

Nothing per unit leaves the warehouse. What comes back are rows of :data:`~.sums.COLUMNS`; a
warehouse's adapter says where its exposures are and asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fullcycle.data import Query
from fullcycle.experiment.ages import Ages, ages_of
from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.ends import LAST_END, ends_of
from fullcycle.experiment.plan import Plan, Scan, Value, plan_of
from fullcycle.experiment.ranks import Ranks
from fullcycle.experiment.records import Phase
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.sums import WHOLE, Group, Half, grouping_sets, level, place
from fullcycle.kernel import UnknownName
from fullcycle.metric import capped, condition, inlined, quoted

LACKING = "(lacking)"
"""The level of units whose request has not the segment's field, or null in it."""

# Exposures are counted once per unit, at the first one that counts; who got two arms is left out.
_EXPOSURES = """
with fc_exposures as {kept} (
    select unit, arm, {at} as fc_at, decision_id{request}{meant} from {exposures} as fc_log
    where experiment = $fc_experiment and {at} <= $fc_as_of
      and unit is not null{forced} and {counts}
),
fc_assigned as materialized (
    select unit, min(arm){only} as arm, min(arm){only} = max(arm){only} as fc_single,
           min(fc_at){only} as fc_first{first}
    from fc_exposures group by unit{any}
)"""
# Of a later phase, what came before it is read, too: when a unit was first exposed at all, and to what.
_ONLY = " filter (where fc_meant)"
_BEFORE = " filter (where not fc_meant)"
_ANY = " having bool_or(fc_meant)"

_TRIGGERED = """,
fc_trigger as materialized (
    select distinct decision_id::varchar as decision_id from {source} as fc_source
    where decision_id is not null
),
fc_counted as (
    select unit, min(fc_at){only} as fc_start{first} from fc_exposures
    where decision_id in (select decision_id from fc_trigger) group by unit{any}
)"""

_UNITS = """,
fc_units as materialized (
    select row_number() over () as fc_row, fc_known.unit, fc_known.arm, fc_start,
           {day} as day{fields}
    from ({counted}) as fc_known
)"""
_AT_ONCE = "select unit, arm, fc_first as fc_start{fields} from fc_assigned where fc_single"
_THEN = """select fc_assigned.unit, fc_assigned.arm, fc_counted.fc_start{fields}
           from fc_assigned join fc_counted on fc_counted.unit = fc_assigned.unit where fc_single"""

# One scan of a source for all that reads it; what a row adds is told before it is joined.
_ROWS = """,
fc_rows_{n} as {kept} (
    select fc_units.fc_row, fc_event.fc_at - fc_units.{start} as fc_age{carried}
    from fc_units join (
        select {unit} as fc_unit, {at} as fc_at, {told} from {source} as fc_source
    ) as fc_event
      on fc_event.fc_unit = fc_units.unit
     and fc_event.fc_at > fc_units.{start} + {low} and fc_event.fc_at <= fc_units.{start} + {high}
)"""
_SUMS = """,
fc_sums_{n} as (select fc_row, {sums} from fc_rows_{n} group by fc_row)"""

_VALUES = """,
fc_values as materialized (
    select fc_units.arm, fc_units.day, fc_units.fc_start{columns}
    from fc_units{joins}
)"""

_COUNTS = """
select 'assigned' as what, 0 as part, arm, {day} as day, {whole} as place, '' as level,
       count(*) as units, null::float8[] as numbers
from fc_assigned where fc_single group by arm, {day}"""
_COUNTED = """
select 'counted', 0, arm, day, {place}, {level}, count(*), null from fc_units group by {sets}"""
_CROSSED = "\nselect 'crossed', 0, '', 0, {whole}, '', count(*), null from fc_assigned where not fc_single"
_MOVED = """
select 'moved', 0, '', 0, {whole}, '', count(*), null
from fc_assigned where fc_single and (fc_least <> arm or fc_most <> arm)"""
_IMMATURE = """
select 'immature', {n}, arm, day, {whole}, '', count(*), null
from fc_units where fc_start + {known} > $fc_as_of group by arm, day"""
_LATE = """
select 'late', {n}, arm, 0, {whole}, '', count(*), array[{late}]::float8[]
from fc_values where fc_start + {known} <= $fc_as_of group by arm"""
_UNLOGGED = """
select 'unlogged', 0, '', 0, {whole}, '', count(*), null from fc_trigger
where decision_id not in (select decision_id from {exposures} as fc_log where decision_id is not null)"""

_EVER = 2**62  # µs since 1970, later than any


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of one query live, and what the warehouse knows of them.

    Attributes:
        dialect: the warehouse's SQL.
        exposures: a relation with the event log's columns, as SQL.
        sources: what each source of the experiment asks.
        received: by source, the column that tells when a row came.
        truths: by source, its columns that are Booleans and no numbers.
    """

    dialect: Dialect
    exposures: str
    sources: Mapping[str, Query]
    received: Mapping[str, str] = field(default_factory=dict)
    truths: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """The one query: its text and values, and what it takes to read its rows."""

    text: str
    values: dict[str, Any]
    plan: Plan
    half: Half
    ages: Ages | None
    late: Mapping[int, list[int]]  # by group, the values of which late rows are counted
    ended: bool  # whether quantiles are told until days of the plan


def decided_in(phase: Phase, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """Whether a decision, in ``fc_log``, is one of a phase: SQL, and its values."""
    at = dialect.micros('fc_log."at"')
    within = (
        "release = any($fc_releases) and "
        f"(not release = any($fc_shared) or ({at} >= $fc_since and {at} < $fc_until))"
    )
    return within, {
        "fc_releases": list(phase.releases),
        "fc_shared": list(phase.shared),
        "fc_since": phase.since if phase.number > 1 else 0,
        "fc_until": phase.until if phase.until is not None else _EVER,
    }


def statistics_query(
    spec: ExperimentSpec, place: Place, *, as_of: int, phase: Phase | None = None, by_age: bool = False
) -> Asked:
    """The one query about an experiment.

    Args:
        spec: the experiment.
        place: where its rows live.
        as_of: microseconds since 1970 UTC; what comes later does not count.
        phase: only what was decided in it, by its releases, is then an exposure.
        by_age: whether the primary metric is told by days since the exposure, too.

    Raises:
        UnknownName: where a source is lacking.
        Invalid: for a covariate that is no value per unit.
    """
    return _Writing(spec, place, as_of, phase, by_age).asked()


class _Writing:
    """The query while it is put together."""

    def __init__(
        self, spec: ExperimentSpec, place: Place, as_of: int, phase: Phase | None, by_age: bool
    ) -> None:
        self.spec, self.place, self.dialect = spec, place, place.dialect
        self.later = phase is not None and phase.number > 1
        self.plan = plan_of(spec, before="fc_ever" if self.later else "fc_start")
        self.values: dict[str, Any] = {
            "fc_experiment": spec.name,
            "fc_arms": list(spec.order),
            "fc_as_of": as_of,
        }
        self.inner: dict[str, str] = {}
        self.counts = "arm = any($fc_arms)"
        if phase is not None:
            within, meant = decided_in(phase, self.dialect)
            self.counts, self.values = f"{self.counts} and {within}", {**self.values, **meant}
        for index, name in enumerate(spec.sources):
            if name not in place.sources:
                where = f"the sources given to the readout of {spec.name}"
                raise UnknownName.among(name, place.sources, where=where)
            self.inner[name], more = inlined(place.sources[name], f"fc_{index}_")
            self.values |= more
        self.fields = [*(one.name for one in spec.covariates if one.before is None), *spec.segments]
        self.ends = ends_of(spec)
        self.half = self._half()
        self.ages = ages_of(spec, self.plan, ended=self.ends is not None) if by_age else None
        self.late = self._late()

    def asked(self) -> Asked:
        tables = [self._units(), *(self._scan(n, scan) for n, scan in enumerate(self.plan.scans))]
        tables += [self._values(), self.half.tables]
        selects = [*self._counts(), *self.half.selects]
        for n, scan in enumerate(self.plan.scans):
            for number, value in scan.quantiles.items():
                q, segments = value.metric.q or 0.5, len(self.spec.segments)
                ranks = Ranks(number, q, segments, ended=self.ends is not None)
                tables.append(ranks.of_rows(n, value, self._within(scan, value)))
                selects += ranks.selects
        if self.ages is not None:
            scan = self.plan.scans[self.ages.scan]
            tables.append(self.ages.tables(self.dialect, self._within(scan, self.ages.value)))
            selects += self.ages.selects()
        whole = "".join(tables) + "\n" + "\nunion all\n".join(one.strip() for one in selects)
        return Asked(
            whole, self.values, self.plan, self.half, self.ages, self.late, ended=self.ends is not None
        )

    def _half(self) -> Half:
        plan = self.plan
        known = list(plan.groups)
        return Half(
            values=len(plan.values),
            covariates=len(plan.covariates),
            segments=self.spec.segments,
            groups=[Group(plan.groups[one], _known(one)) for one in known],
            cuts={
                n: (value.metric.winsor, _known(value.known))
                for n, value in enumerate(plan.values)
                if value.metric.winsor is not None
            },
            holes=[n for n, number in enumerate(plan.covariates) if number is None],
            by_day=self.ends is not None,
            until="true" if self.ends is None else f"day <= {LAST_END}",
        )

    def _late(self) -> dict[int, list[int]]:
        """By group, the values whose source tells when a row came."""
        return {
            n: list(dict.fromkeys(i for one in group.measures for i in one.numbers if self._tells(i)))
            for n, group in enumerate(self.half.groups)
        }

    def _tells(self, number: int) -> bool:
        return self.plan.values[number].metric.source in self.place.received

    def _units(self) -> str:
        spec, dialect = self.spec, self.dialect
        forced = ""
        if spec.forced:
            self.values["fc_forced"] = list(spec.forced)
            forced = " and not unit = any($fc_forced)"
        at, first = dialect.micros('fc_log."at"'), ", min(fc_at) as fc_ever" if self.later else ""
        if self.fields:
            first += f", {dialect.earliest('fc_request', 'fc_at', 'decision_id')} as fc_request"
        arms = f",\n           min(arm){_BEFORE} as fc_least, max(arm){_BEFORE} as fc_most"
        only, any_of = (_ONLY, _ANY) if self.later else ("", "")
        written = _EXPOSURES.format(
            kept="" if spec.triggered is None else "materialized",
            at=at,
            request=", request as fc_request" if self.fields else "",
            meant=f", {self.counts} as fc_meant" if self.later else "",
            exposures=self.place.exposures,
            forced=forced,
            counts=f"({self.counts} or {at} < $fc_until and arm is not null)" if self.later else self.counts,
            only=only,
            any=any_of,
            first=(first if spec.triggered is None else "") + (arms if self.later else ""),
        )
        counted = _AT_ONCE
        if spec.triggered is not None:
            source = self.inner[spec.triggered]
            written += _TRIGGERED.format(source=source, first=first, only=only, any=any_of)
            counted = _THEN
        told = f", {dialect.fields('fc_request', self.fields)} as fc_fields" if self.fields else ""
        told += ", fc_ever" if self.later else ""
        units = _UNITS.format(
            day=dialect.day("fc_start"), fields=self._read(), counted=counted.format(fields=told)
        )
        return written + units + ("" if self.ends is None else self.ends.table(spec, dialect))

    def _read(self) -> str:
        """The covariates and segments that are fields of the request."""
        columns, place = ", fc_ever" if self.later else "", 0
        for n, covariate in enumerate(self.spec.covariates):
            if covariate.before is None:
                place += 1
                columns += f",\n           {_number(f'fc_fields[{place}]')} as fc_x{n}"
        for n in range(len(self.spec.segments)):
            columns += f",\n           coalesce(fc_fields[{place + n + 1}], {text(LACKING)}) as fc_s{n}"
        return columns

    def _scan(self, n: int, scan: Scan) -> str:
        every = {**{f"fc_e{i}": one for i, one in scan.values.items()}}
        every |= {f"fc_q{i}": one for i, one in scan.quantiles.items()}
        told = [f"{self._adds(scan, one)} as {name}" for name, one in every.items()]
        names = list(every)
        carried = "".join(f", fc_event.{name}" for name in names)
        if scan.source in self.place.received:
            told.append(f"{self.dialect.micros(quoted(self.place.received[scan.source]))} as fc_came")
            carried += ", fc_event.fc_came - fc_units.fc_start as fc_came"
        low, high = scan.window
        twice = scan.quantiles or (self.ages is not None and self.ages.scan == n)
        rows = _ROWS.format(
            n=n,
            kept="materialized" if twice else "",
            unit=self.dialect.unit(quoted(scan.unit)),
            at=self.dialect.micros(quoted(scan.time)),
            told=", ".join(told),
            source=self.inner[scan.source],
            carried=carried,
            start=scan.start,
            low=low,
            high=high,
        )
        sums = ", ".join(part for i, one in scan.values.items() for part in self._sums(scan, i, one))
        return rows + (_SUMS.format(n=n, sums=sums) if sums else "")

    def _adds(self, scan: Scan, value: Value) -> str:
        """What one row adds; null where the metric's condition leaves it out."""
        metric = value.metric
        if metric.column is None or not value.total:
            counted = "1.0::float8"
        elif metric.column in self.place.truths.get(scan.source, ()):
            counted = self.dialect.truth(quoted(metric.column))
        else:
            counted = f"{quoted(metric.column)}::float8"
        return counted if metric.where is None else f"case when {condition(metric.where)} then {counted} end"

    def _sums(self, scan: Scan, number: int, value: Value) -> list[str]:
        kind = "sum" if value.total else "max"
        within = self._within(scan, value)
        kept = "" if within == "true" else f" filter (where {within})"
        sums = [f"{kind}(fc_e{number}){kept} as fc_v{number}"]
        if scan.source in self.place.received and value.known:
            window = _window(scan, value)
            late = f"count(fc_e{number}) filter (where {window} and fc_came > {value.known})"
            sums.append(f"{late} as fc_l{number}")
        return sums

    def _within(self, scan: Scan, value: Value) -> str:
        """Whether a row counts for a value: it is in its window, and came in time."""
        window = _window(scan, value)
        if scan.source not in self.place.received or not value.known:
            return window
        return f"{window} and fc_came <= {value.known}"

    def _values(self) -> str:
        columns, joins = [], []
        for n, scan in enumerate(self.plan.scans):
            if not scan.values:
                continue
            joins.append(f"\n    left join fc_sums_{n} on fc_sums_{n}.fc_row = fc_units.fc_row")
            for i, value in scan.values.items():
                total, cap = f"coalesce(fc_v{i}, 0.0)", value.metric.cap
                told = total if cap is None or not value.total else capped(total, f"({float(cap)!r})::float8")
                columns.append(f", {told} as fc_v{i}")
                if scan.source in self.place.received and value.known:
                    columns.append(f", coalesce(fc_l{i}, 0) as fc_l{i}")
                columns += [f", {told} as fc_x{k}" for k, of in enumerate(self.plan.covariates) if of == i]
        columns += [f", fc_x{k}" for k, of in enumerate(self.plan.covariates) if of is None]
        columns += [f", fc_s{k}" for k in range(len(self.spec.segments))]
        return _VALUES.format(columns="".join(columns), joins="".join(joins))

    def _counts(self) -> list[str]:
        segments = len(self.spec.segments)
        day = self.dialect.day("fc_first")
        sets = grouping_sets("day", segments, throughout=True)
        counted = _COUNTED.format(place=place(segments), level=level(segments), sets=sets)
        selects = [_COUNTS.format(day=day, whole=WHOLE), _CROSSED.format(whole=WHOLE), counted]
        if self.later:
            selects.append(_MOVED.format(whole=WHOLE))
        for n, known in enumerate(self.plan.groups):
            selects.append(_IMMATURE.format(n=n, known=known, whole=WHOLE))
            if self.late[n]:
                late = ", ".join(f"sum(fc_l{i})" for i in self.late[n])
                selects.append(_LATE.format(n=n, known=known, whole=WHOLE, late=late))
        if self.spec.triggered is not None:
            selects.append(_UNLOGGED.format(whole=WHOLE, exposures=self.place.exposures))
        return selects


def _known(known: int) -> str:
    return f"fc_start + {known} <= $fc_as_of"


def _window(scan: Scan, value: Value) -> str:
    """Whether a row of a scan is in a value's window."""
    low, high = scan.window
    ends = [f"fc_age > {value.after}"] if value.after > low else []
    ends += [f"fc_age <= {value.end}"] if value.end < high else []
    return " and ".join(ends) or "true"


def _number(value: str) -> str:
    """A JSON field's text as a number; a Boolean is one or zero."""
    return f"case {value} when 'true' then 1.0 when 'false' then 0.0 else {value}::float8 end"
