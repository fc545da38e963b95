"""The primary metric by days since the exposure: what is new wears off, or is found only later."""

from collections.abc import Sequence
from dataclasses import dataclass

from fullcycle.experiment.dialect import DAY, Dialect
from fullcycle.experiment.ends import LAST_END
from fullcycle.experiment.gram import Gram, merged_grams
from fullcycle.experiment.plan import Plan, Value
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.sums import WHOLE
from fullcycle.metric import capped

_LONGEST = 60  # days of a window that are told one by one

_TABLES = """,
fc_aged as materialized (
    select fc_units.arm, fc_rows_{scan}.fc_row, {day} as fc_old, {total} as fc_value
    from fc_rows_{scan} join fc_units on fc_units.fc_row = fc_rows_{scan}.fc_row
    where fc_e{number} is not null and fc_age > {after} and fc_age <= {end} and {within}{until}
    group by fc_units.arm, fc_rows_{scan}.fc_row, fc_units.fc_start, {day}
    having fc_units.fc_start + {after} + ({day} + 1) * {length} + {late} <= $fc_as_of
),
fc_age_pilot as materialized (
    select coalesce(avg(fc_value), 0.0) as fc_shift from (select fc_value from fc_aged limit 8192) as fc_few
)"""
_SUMS = """
select 'aged', fc_old::int, arm, 0, {whole}, '', count(*),
       array[min(fc_shift), sum(fc_value - fc_shift), sum((fc_value - fc_shift) * (fc_value - fc_shift))]
       ::float8[]
from fc_aged cross join fc_age_pilot group by arm, fc_old"""
_UNITS = """
select 'ages', 0, arm, 0, {whole}, '', count(*), array[{counts}]::float8[]
from fc_units where true{until} group by arm"""
_UNTIL = f" and fc_units.day <= {LAST_END}"


@dataclass(frozen=True, slots=True)
class Ages:
    """The whole days of a metric's window."""

    value: Value
    number: int
    scan: int
    days: int
    late: int
    ended: bool = False  # whether only units until the last row of ``fc_ends`` count

    def tables(self, dialect: Dialect, within: str) -> str:
        """The common tables, each beginning with a comma."""
        value, cap = self.value, self.value.metric.cap
        total = f"sum(fc_e{self.number})" if value.total else f"max(fc_e{self.number})"
        return _TABLES.format(
            scan=self.scan,
            number=self.number,
            day=dialect.day(f"(fc_age - {value.after} - 1)"),
            total=total if cap is None or not value.total else capped(total, f"({float(cap)!r})::float8"),
            after=value.after,
            end=value.after + self.days * DAY,
            within=within,
            length=DAY,
            late=self.late,
            until=self._until,
        )

    def selects(self) -> list[str]:
        """The questions: sums of those with a row on a day, and how many units have lived it."""
        counts = ", ".join(
            f"count(*) filter (where fc_start + {self.known(day)} <= $fc_as_of)" for day in range(self.days)
        )
        return [_SUMS.format(whole=WHOLE), _UNITS.format(whole=WHOLE, counts=counts, until=self._until)]

    @property
    def _until(self) -> str:
        return _UNTIL if self.ended else ""

    def known(self, day: int) -> int:
        """From an exposure until what happened on that day is known, in µs."""
        return self.value.after + (day + 1) * DAY + self.late

    def gram(self, units: int, active: tuple[int, Sequence[float]] | None) -> Gram:
        """The statistics of a day: of the units that had a row, and of all others, which have zero."""
        if active is None:
            return Gram(units, (0.0,), (0.0,))
        many, (shift, total, square) = active
        rest = Gram(units - many, (0.0,), (0.0,))
        return merged_grams([Gram.shifted(many, [shift], [total], [square]), rest], size=1)


def ages_of(spec: ExperimentSpec, plan: Plan, *, ended: bool = False) -> Ages | None:
    """The days of the primary metric's window; None where that is below two, or it is another kind."""
    metric = spec.metrics[spec.primary]
    if metric.kind not in ("mean", "proportion") or metric.winsor is not None:
        return None
    number = next(one.value for group in plan.groups.values() for one in group if one.metric == metric.name)
    value = plan.values[number]
    days = min((value.end - value.after) // DAY, _LONGEST)
    if days < 2:
        return None
    scan = next(n for n, one in enumerate(plan.scans) if number in one.values)
    return Ages(value, number, scan, days, round(metric.late_s * 1e6), ended)
