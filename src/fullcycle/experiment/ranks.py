"""Quantiles in the one query: a group's rows are sorted once, and each unit tells how many lie below."""

from collections.abc import Sequence
from math import inf

from fullcycle.experiment.plan import LADDER, Value
from fullcycle.experiment.statistics import QuantileCell
from fullcycle.experiment.sums import EXACT, grouping_sets, level, place

_TABLES = """,
fc_quantile_{n} as materialized (
    select fc_units.fc_row, fc_units.arm{segments}, fc_q{n} as fc_value
    from fc_rows_{scan} join fc_units on fc_units.fc_row = fc_rows_{scan}.fc_row
    where fc_q{n} is not null and {within} and fc_units.fc_start + {known} <= $fc_as_of
),
fc_ranked_{n} as materialized (
    select arm, {place} as place, {level} as level, count(*) as fc_many,
           percentile_disc(array[{shares}]::float8[]) within group (order by fc_value) as fc_found
    from fc_quantile_{n} group by {sets}
)"""

_RANKED = "\nselect 'ranked', {n}, arm, 0, place, level, fc_many, fc_found::float8[] from fc_ranked_{n}"

_SHARES = """
select 'shares', {n}, arm, 0, place, level, count(*),
       array[sum(fc_s), sum(fc_n), sum(fc_s * fc_s), sum(fc_s * fc_n), sum(fc_n * fc_n)]::float8[]
from (
    select fc_r.arm, fc_r.place, fc_r.level, fc_q.fc_row, count(*)::float8 as fc_n,
           (count(*) filter (where fc_q.fc_value <= fc_r.fc_found[1]))::float8 as fc_s
    from fc_quantile_{n} as fc_q join fc_ranked_{n} as fc_r on fc_r.arm = fc_q.arm and ({same})
    group by fc_r.arm, fc_r.place, fc_r.level, fc_q.fc_row
) as fc_each
group by arm, place, level"""


def ladder_of(q: float) -> list[float]:
    """The offsets at which there is something on both sides of a quantile."""
    return [offset for offset in LADDER if q - offset > 0 and q + offset < 1]


def rank_shares(q: float) -> list[float]:
    """The shares of rows whose last one is read: the quantile's own, then each step down and up."""
    steps = [q + side * offset for offset in ladder_of(q) for side in (-1, 1)]
    return [share - EXACT for share in (q, *steps)]


def quantile_tables(n: int, scan: int, value: Value, within: str, segments: int) -> str:
    """The common tables of the ``n``-th quantile, each beginning with a comma."""
    q = value.metric.q or 0.5
    return _TABLES.format(
        n=n,
        scan=scan,
        segments="".join(f", fc_units.fc_s{i}" for i in range(segments)),
        within=within,
        known=value.known,
        place=place(segments),
        level=level(segments),
        shares=", ".join(repr(share) for share in rank_shares(q)),
        sets=grouping_sets("", segments),
    )


def quantile_selects(n: int, segments: int) -> list[str]:
    """The questions about the ``n``-th quantile."""
    same = " or ".join(
        ["fc_r.place = -1", *(f"(fc_r.place = {i} and fc_r.level = fc_q.fc_s{i})" for i in range(segments))]
    )
    return [_RANKED.format(n=n), _SHARES.format(n=n, same=same)]


def quantile_cell(
    metric: str,
    q: float,
    arm: str,
    place: tuple[str, str],
    ranked: tuple[int, Sequence[float]],
    shares: tuple[int, Sequence[float]],
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
    )
