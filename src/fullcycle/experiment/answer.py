"""What the one query answered, as the statistics of an experiment."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import isfinite
from typing import Any

from fullcycle.experiment.gram import checked_gram
from fullcycle.experiment.plan import Value
from fullcycle.experiment.query import Asked
from fullcycle.experiment.ranks import quantile_cell
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.experiment.statistics import Cell, Count, QuantileCell, Statistics
from fullcycle.experiment.sums import Half
from fullcycle.kernel import Invalid
from fullcycle.metric import MetricSpec

Row = tuple[str, int, str, int, int, str, int, list[float] | None]


def statistics_of(
    spec: ExperimentSpec,
    asked: Asked,
    rows: Iterable[tuple[Any, ...]],
    *,
    as_of: int,
    watermark: int | None = None,
) -> Statistics:
    """The statistics that rows of :data:`~.sums.COLUMNS` tell.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    found = _Answer(spec, asked, rows)
    assigned, counted = found.counts("assigned"), found.counts("counted")
    return Statistics(
        as_of=as_of,
        cells=found.cells(),
        quantiles=found.quantiles(),
        by_age=found.by_age(),
        assigned=assigned,
        counted=tuple(one for one in counted if not one.segment),
        by_segment=tuple(one for one in counted if one.segment),
        immature=found.immature(),
        late=found.late(),
        crossed=found.one("crossed"),
        moved=found.one("moved"),
        exposed_without_decision=found.one("unlogged"),
        decided_without_exposure=sum(one.units for one in assigned)
        - sum(one.units for one in counted if not one.segment),
        watermark=watermark,
    )


def cells_of(
    spec: ExperimentSpec, half: Half, rows: Iterable[tuple[Any, ...]], *, dated: bool = True
) -> tuple[tuple[Cell, ...], tuple[Count, ...]]:
    """The cells that shifted sums tell, and how many units the first group has.

    Raises:
        Invalid: where a unit's value is no finite number.
    """
    told = list(rows)
    shifts = next((row[7] for row in told if row[0] == "pilot"), None) or []
    cells, counts = [], []
    for what, part, arm, day, place, level, units, numbers in told:
        if what != "gram":
            continue
        when = _iso(day) if dated and (place < 0 or half.by_day) else ""
        segment = ("", "") if place < 0 else (spec.segments[place], level)
        if part == 0:
            counts.append(Count(arm, when, units, "", *segment))
        for metric, gram in half.grams(part, units, numbers or [], shifts).items():
            where = f"the metric {metric} of the experiment {spec.name}"
            cells.append(Cell(metric, arm, when, checked_gram(gram, where=where), *segment))
    cells.sort(key=lambda cell: (cell.metric, cell.segment, cell.level, cell.arm, cell.day))
    counts.sort(key=lambda count: (count.segment, count.level, count.arm, count.day))
    return tuple(cells), tuple(counts)


class _Answer:
    """Rows by what they tell, each in a fixed order: a warehouse promises none."""

    def __init__(self, spec: ExperimentSpec, asked: Asked, rows: Iterable[tuple[Any, ...]]) -> None:
        self.spec, self.asked = spec, asked
        self.rows: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: row[:6]):
            self.rows.setdefault(row[0], []).append(row)

    def of(self, what: str) -> list[Row]:
        return self.rows.get(what, [])

    def one(self, what: str) -> int:
        return sum(row[6] for row in self.of(what))

    def counts(self, what: str) -> tuple[Count, ...]:
        return tuple(
            Count(arm, _iso(day), units, "", *self._place(place, level))
            for _, _, arm, day, place, level, units, _ in self.of(what)
        )

    def cells(self) -> tuple[Cell, ...]:
        cells, _ = cells_of(self.spec, self.asked.half, [*self.of("pilot"), *self.of("gram")])
        return cells

    def quantiles(self) -> tuple[QuantileCell, ...]:
        metrics = [value.metric for value in self.asked.plan.quantiles]
        rows = [*self.of("ranked"), *self.of("shares")]
        return ranked_cells(self.spec, metrics, rows, ended=self.asked.ended)

    def by_age(self) -> tuple[Cell, ...]:
        ages = self.asked.ages
        if ages is None:
            return ()
        active = {(row[2], row[1]): (row[6], row[7] or []) for row in self.of("aged")}
        return tuple(
            Cell(self.spec.primary, row[2], str(day), ages.gram(int(units), active.get((row[2], day))))
            for row in self.of("ages")
            for day, units in enumerate(row[7] or [])
            if units
        )

    def immature(self) -> tuple[Count, ...]:
        known = list(self.asked.plan.groups)
        return tuple(
            Count(arm, _iso(day), units, name)
            for _, part, arm, day, _, _, units, _ in self.of("immature")
            for name in self._metrics(known[part])
        )

    def late(self) -> tuple[Count, ...]:
        counts = []
        for _, part, arm, _, _, _, _, numbers in self.of("late"):
            told = dict(zip(self.asked.late[part], numbers or [], strict=True))
            for measure in self.asked.half.groups[part].measures:
                if set(measure.numbers) <= set(told):
                    rows = sum(int(told[i]) for i in dict.fromkeys(measure.numbers))
                    counts.append(Count(arm, "", rows, measure.metric))
        return tuple(counts)

    def _metrics(self, known: int) -> list[str]:
        """The metrics that are known that long after an exposure."""
        measures = [one.metric for one in self.asked.plan.groups[known]]
        quantiles: list[Value] = self.asked.plan.quantiles
        return [*measures, *(one.metric.name for one in quantiles if one.known == known)]

    def _place(self, place: int, level: str) -> tuple[str, str]:
        return ("", "") if place < 0 else (self.spec.segments[place], level)


def ranked_cells(
    spec: ExperimentSpec, metrics: Sequence[MetricSpec], rows: Iterable[tuple[Any, ...]], *, ended: bool
) -> tuple[QuantileCell, ...]:
    """The quantiles that rows tell, by the number of each metric.

    Raises:
        Invalid: where a row's value is no finite number.
    """
    told = sorted((row for row in rows if row[0] in ("ranked", "shares")), key=lambda row: row[:6])
    shares = {row[1:6]: (row[6], row[7] or []) for row in told if row[0] == "shares"}
    cells = []
    for what, part, arm, day, place, level, many, found in told:
        if what != "ranked":
            continue
        metric = metrics[part]
        if not all(map(isfinite, found or [])):
            raise Invalid(
                "a row's value is NaN or infinite",
                f"the metric {metric.name} of the experiment {spec.name}",
                "leave such rows out with where=, or mend them in the table",
            )
        where = ("", "") if place < 0 else (spec.segments[place], level)
        ranked, share = (many, found or []), shares[part, arm, day, place, level]
        q, until = metric.q or 0.5, _iso(day) if ended else ""
        cells.append(quantile_cell(metric.name, q, arm, where, ranked, share, day=until))
    return tuple(cells)


def _iso(day: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
