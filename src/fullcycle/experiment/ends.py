"""The last days of exposure at which a plan is read.

A mean until some day is put together from days; a quantile cannot be. So the one query is told these
days, and tells such things once until each of them: all metrics of a readout are of the same units.
"""

from datetime import date, timedelta

import msgspec

from fullcycle.experiment.dialect import DAY, Dialect
from fullcycle.experiment.looks import decided_after_s
from fullcycle.experiment.sequential import looks_until
from fullcycle.experiment.spec import ExperimentSpec

_EPOCH = date(1970, 1, 1)
_TABLE = """,
fc_ends as materialized (
    select fc_begun.fc_day + fc_planned.fc_many - 1 as fc_end
    from (select {first} as fc_day) as fc_begun cross join (values {days}) as fc_planned (fc_many)
    where {known}
)"""

LAST_END = "(select max(fc_end) from fc_ends)"
"""The last of the days that are told, as SQL; null before the first is."""


class Ends(msgspec.Struct, frozen=True):
    """After which days of a plan, counted from 1, it is read.

    ``waits`` is how long after the last moment of such a day, in µs; before that, the day is not told.
    None where it is told at once: of a fixed plan, whatever there is so far.
    """

    days: tuple[int, ...]
    waits: int | None = None

    def since(self, first: date | None, as_of: int) -> list[str]:
        """The last days of exposure (ISO dates) that are told as of a moment, of a plan that began then."""
        if first is None:
            return []
        begun, waits = (first - _EPOCH).days, self.waits
        told = [n for n in self.days if waits is None or (begun + n) * DAY + waits <= as_of]
        return [(first + timedelta(days=n - 1)).isoformat() for n in told]

    def table(self, spec: ExperimentSpec, dialect: Dialect) -> str:
        """The same of the query's own units, as a common table ``fc_ends`` that begins with a comma."""
        first = f"(select min({dialect.day('fc_first')}) from fc_assigned where fc_single)"
        if spec.starts is not None:
            first = str((date.fromisoformat(spec.starts) - _EPOCH).days)
        known = "true"
        if self.waits is not None:
            known = f"(fc_begun.fc_day + fc_planned.fc_many) * {DAY} + {self.waits} <= $fc_as_of"
        days = ", ".join(f"({day}::bigint)" for day in self.days)
        return _TABLE.format(first=first, days=days, known=known)


def ends_of(spec: ExperimentSpec) -> Ends | None:
    """When a plan is read; None where it may be read at any time, over all units there are."""
    if spec.analysis == "always-valid" or not spec.days:
        return None
    if spec.analysis == "fixed":
        return Ends((spec.days,))
    planned = looks_until(spec.looks or (1.0,), spec.days, spec.days)
    return Ends(tuple(dict.fromkeys(planned)), round(decided_after_s(spec) * 1_000_000))
