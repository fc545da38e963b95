"""Quantiles in the one query: a group's rows are sorted once, and each unit tells how many lie below."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from fullcycle.experiment.plan import LADDER, Value
from fullcycle.experiment.statistics import QuantileCell
from fullcycle.experiment.sums import EXACT, WHOLE, grouping_sets, level, place

_TABLES = """,
fc_quantile_{n} as materialized (
    {rows}
),
fc_ranked_{n} as materialized (
    select arm, {end} as fc_end, {place} as place, {level} as level, count(*) as fc_many,
           percentile_disc(array[{shares}]::float8[]) within group (order by fc_value) as fc_found
    from fc_quantile_{n} group by {sets}
)"""

_OF_ROWS = """select fc_units.fc_row, fc_units.arm{segments}{end}, fc_q{n} as fc_value
    from fc_rows_{scan} join fc_units on fc_units.fc_row = fc_rows_{scan}.fc_row{ends}
    where fc_q{n} is not null and {within} and fc_units.fc_start + {known} <= $fc_as_of"""
_OF_UNITS = """select row_number() over () as fc_row, arm{segments}, fc_v{value} as fc_value
    from fc_values where fc_v{value} is not null"""

_RANKED = "\nselect 'ranked', {n}, arm, fc_end, place, level, fc_many, fc_found::float8[] from fc_ranked_{n}"

_SHARES = """
select 'shares', {n}, arm, fc_end, place, level, count(*),
       array[sum(fc_s), sum(fc_n), sum(fc_s * fc_s), sum(fc_s * fc_n), sum(fc_n * fc_n)]::float8[]
from (
    select fc_r.arm, fc_r.fc_end, fc_r.place, fc_r.level, fc_q.fc_row, count(*)::float8 as fc_n,
           (count(*) filter (where fc_q.fc_value <= fc_r.fc_found[1]))::float8 as fc_s
    from fc_quantile_{n} as fc_q join fc_ranked_{n} as fc_r on fc_r.arm = fc_q.arm{until} and ({same})
    group by fc_r.arm, fc_r.fc_end, fc_r.place, fc_r.level, fc_q.fc_row
) as fc_each
group by arm, fc_end, place, level"""


def ladder_of(q: float) -> list[float]:
    """The offsets at which there is something on both sides of a quantile."""
    return [offset for offset in LADDER if q - offset > 0 and q + offset < 1]


def rank_shares(q: float) -> list[float]:
    """The shares of rows whose last one is read: the quantile's own, then each step down and up."""
    steps = [q + side * offset for offset in ladder_of(q) for side in (-1, 1)]
    return [share - EXACT for share in (q, *steps)]


@dataclass(frozen=True, slots=True)
class Ranks:
    """The ``n``-th quantile, in all units and in each of so many segments.

    ``ended`` tells it once for each row of ``fc_ends``, a last day of exposure: a quantile of all days
    cannot be put together from those of some.
    """

    n: int
    q: float
    segments: int
    ended: bool = False

    def of_rows(self, scan: int, value: Value, within: str) -> str:
        """The common tables of rows that a scan found, each beginning with a comma."""
        return self._tables(
            _OF_ROWS.format(
                n=self.n,
                scan=scan,
                segments="".join(f", fc_units.fc_s{i}" for i in range(self.segments)),
                end=", fc_end" if self.ended else "",
                ends=" join fc_ends on fc_units.day <= fc_end" if self.ended else "",
                within=within,
                known=value.known,
            )
        )

    def of_units(self, value: int) -> str:
        """The common tables of one row per unit: its value of that number."""
        segments = "".join(f", fc_s{i}" for i in range(self.segments))
        return self._tables(_OF_UNITS.format(segments=segments, value=value))

    @property
    def selects(self) -> list[str]:
        """The questions."""
        each = [f"(fc_r.place = {i} and fc_r.level = fc_q.fc_s{i})" for i in range(self.segments)]
        same = " or ".join([f"fc_r.place = {WHOLE}", *each])
        until = " and fc_r.fc_end = fc_q.fc_end" if self.ended else ""
        return [_RANKED.format(n=self.n), _SHARES.format(n=self.n, same=same, until=until)]

    def _tables(self, rows: str) -> str:
        return _TABLES.format(
            n=self.n,
            rows=rows,
            end="fc_end" if self.ended else "0",
            place=place(self.segments),
            level=level(self.segments),
            shares=", ".join(repr(share) for share in rank_shares(self.q)),
            sets=grouping_sets("fc_end" if self.ended else "", self.segments, throughout=self.ended),
        )


def quantile_cell(
    metric: str,
    q: float,
    arm: str,
    place: tuple[str, str],
    ranked: tuple[int, Sequence[float]],
    shares: tuple[int, Sequence[float]],
    *,
    day: str = "",
) -> QuantileCell:
    """The cell that a group's rows of both questions tell.

    Args:
        metric: its name.
        q: which quantile.
        arm: whose rows.
        place: segment and level, empty for all units.
        ranked: how many rows, and those at :func:`rank_shares`.
        shares: how many units; Σs, Σn, Σs², Σsn and Σn² over them, where a unit has n rows, s of
            them at or below the quantile.
        day: the last day of exposure (ISO date) of those units; empty for all.
    """
    rows, (value, *steps) = ranked
    units, (s, n, ss, sn, nn) = shares
    p = s / n
    spread = max(ss - 2 * p * sn + p * p * nn, 0.0)  # Σ(s - pn)²: of whole numbers, so nothing is lost
    share = units / (units - 1) * spread / n**2 if units > 1 else inf
    return QuantileCell(
        metric=metric,
        arm=arm,
        q=q,
        rows=rows,
        units=units,
        value=value,
        spread_of_share=share,
        ladder=tuple(
            (offset, steps[2 * i], steps[2 * i + 1]) for i, offset in reversed(list(enumerate(ladder_of(q))))
        ),
        segment=place[0],
        level=place[1],
        day=day,
    )
