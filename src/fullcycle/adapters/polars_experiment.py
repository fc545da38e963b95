"""An experiment aggregated from Polars frames: what a notebook holds, or a test makes.

The same statistics as a warehouse's one query, by another way: values are centred and
multiplied in NumPy, and a metric's condition is Polars' SQL.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from math import ceil

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.experiment import (
    LACKING,
    Cell,
    Count,
    ExperimentSpec,
    Gram,
    Phase,
    QuantileCell,
    Statistics,
    checked_gram,
    ends_of,
    quantile_cell,
    rank_shares,
)
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import MetricSpec

_DAY = 86_400_000_000  # microseconds
Floats = npt.NDArray[np.float64]


class PolarsExperimentStore:
    """Exposures as a frame with the event log's columns, and each source as a frame."""

    def __init__(self, exposures: pl.DataFrame, sources: Mapping[str, pl.DataFrame]) -> None:
        self._exposures = exposures
        self._sources = sources

    def statistics(
        self,
        spec: ExperimentSpec,
        *,
        as_of: int,
        phase: Phase | None = None,
        received: Mapping[str, str] | None = None,
    ) -> Statistics:
        """The statistics of ``spec``; see :class:`~fullcycle.experiment.ExperimentStore`.

        Raises:
            UnknownName: where a source is lacking.
            Invalid: where a unit's value is no finite number.
        """
        for name in spec.sources:
            if name not in self._sources:
                where = f"the frames given to the readout of {spec.name}"
                raise UnknownName.among(name, self._sources, where=where)
        return _Reading(spec, self._exposures, self._sources, as_of, phase, received or {}).statistics()


class _Reading:
    """One reading of one experiment."""

    def __init__(
        self,
        spec: ExperimentSpec,
        exposures: pl.DataFrame,
        sources: Mapping[str, pl.DataFrame],
        as_of: int,
        phase: Phase | None,
        received: Mapping[str, str],
    ) -> None:
        self.spec, self.sources, self.as_of, self.received = spec, sources, as_of, received
        self.log = exposures
        at = pl.col("fc_at")
        mine = exposures.with_columns(_micros("at").alias("fc_at")).filter(
            (pl.col("experiment") == spec.name)
            & pl.col("arm").is_not_null()
            & (at <= as_of)
            & pl.col("unit").is_not_null()
            & ~pl.col("unit").is_in(list(spec.forced))
        )
        meant = pl.col("arm").is_in(list(spec.order)) & _decided_in(phase)
        later = phase is not None and phase.number > 1
        until = phase.until if phase is not None and phase.until is not None else as_of + 1
        ever = mine.with_columns(meant.alias("fc_meant")).filter(meant | (at < until) if later else meant)
        shown = ever.filter("fc_meant")
        arms = shown.group_by("unit").agg(
            pl.col("arm").min(), pl.col("arm").n_unique().alias("arms"), pl.col("fc_at").min()
        )
        self.crossed = arms.filter(pl.col("arms") > 1).height
        self.assigned = arms.filter(pl.col("arms") == 1)
        ends = ends_of(spec)
        first = self.assigned["fc_at"].min()
        begun = None if first is None else date.fromisoformat(spec.starts or _iso(int(str(first)) // _DAY))
        self.ends = None if ends is None else ends.since(begun, as_of)
        other = ever.filter(~pl.col("fc_meant")).join(self.assigned, on="unit", suffix="_now")
        self.moved = other.filter(pl.col("arm") != pl.col("arm_now"))["unit"].n_unique()
        self.units = self._units(ever)
        self.covariates = [f"fc_x{n}" for n in range(len(spec.covariates))]

    def statistics(self) -> Statistics:
        spec = self.spec
        cells: list[Cell] = []
        quantiles: list[QuantileCell] = []
        immature: list[Count] = []
        late: list[Count] = []
        for metric in spec.metrics.values():
            known = round(metric.known_after_s * 1e6)
            waiting = self.units.filter(pl.col("fc_start") + known > self.as_of)
            immature += self._counts(waiting, "fc_start", metric.name)
            units = self.units.filter(pl.col("fc_start") + known <= self.as_of)
            if metric.kind == "quantile":
                quantiles += self._quantiles(metric, units, known)
                continue
            cells += self._cells(metric, units, known)
            late += self._late(metric, units, known)
        return Statistics(
            as_of=self.as_of,
            cells=tuple(sorted(cells, key=lambda c: (c.metric, c.segment, c.level, c.arm, c.day))),
            quantiles=tuple(sorted(quantiles, key=lambda c: (c.metric, c.segment, c.level, c.arm, c.day))),
            assigned=tuple(self._counts(self.assigned, "fc_at")),
            counted=tuple(self._counts(self.units, "fc_start")),
            by_segment=tuple(
                Count(arm, day, part.height, segment=segment, level=level)
                for segment, level, arm, whole in self._segments(self.units)
                for day, part in _by_day(whole)
            ),
            immature=tuple(immature),
            late=tuple(late),
            crossed=self.crossed,
            moved=self.moved,
            exposed_without_decision=self._unlogged(),
            decided_without_exposure=self.assigned.height - self.units.height,
        )

    def _units(self, ever: pl.DataFrame) -> pl.DataFrame:
        """A row per counted unit: arm, first exposure that counts, covariates and segments."""
        spec = self.spec
        if spec.triggered is not None:
            delivered = self.sources[spec.triggered]["decision_id"].cast(pl.String).unique()
            ever = ever.filter(pl.col("decision_id").is_in(delivered.implode()))
        ever = ever.sort("fc_at", "decision_id")
        counts = ever.filter("fc_meant").unique("unit", keep="first", maintain_order=True)
        first = ever.unique("unit", keep="first").select("unit", "request", pl.col("fc_at").alias("fc_ever"))
        single = self.assigned.select("unit")
        units = counts.drop("request").join(single, on="unit").rename({"fc_at": "fc_start"})
        units = units.join(first, on="unit", maintain_order="left")
        fields = {f"fc_x{n}": one.name for n, one in enumerate(spec.covariates) if one.before is None}
        fields |= {f"fc_s{n}": name for n, name in enumerate(spec.segments)}
        requests = [{} if one is None else msgspec.json.decode(one) for one in units["request"] if fields]
        units = units.select("unit", "arm", "fc_start", "fc_ever").with_row_index("fc_row")
        for column, name in fields.items():
            told = [request.get(name) for request in requests]
            if column.startswith("fc_x"):
                units = units.with_columns(pl.Series(column, map(_number, told), dtype=pl.Float64))
            else:
                units = units.with_columns(pl.Series(column, map(_level, told), dtype=pl.String))
        for n, covariate in enumerate(spec.covariates):
            if covariate.before is not None:
                metric = covariate.before
                before = units.with_columns(fc_start="fc_ever")
                value = self._value(metric, before, -round(metric.within_s * 1e6), 0, None)
                units = units.with_columns(pl.Series(f"fc_x{n}", value))
            else:
                mean = pl.lit(units.filter(self._told(units))[f"fc_x{n}"].mean(), dtype=pl.Float64)
                units = units.with_columns(pl.col(f"fc_x{n}").fill_null(mean).fill_null(0.0))
        return units

    def _rows(
        self, metric: MetricSpec, units: pl.DataFrame, after: int, end: int, known: int | None
    ) -> pl.DataFrame:
        """The rows in each unit's window: ``fc_row``, the value, and whether it came too late."""
        source = self.sources[metric.source]
        kept = source if metric.where is None else source.filter(pl.sql_expr(metric.where))
        value = pl.lit(1.0) if metric.column is None else pl.col(metric.column).cast(pl.Float64)
        came = self.received.get(metric.source) if known is not None else None
        rows = kept.select(
            _unit(kept, metric.unit).alias("unit"),
            _micros(metric.time).alias("fc_at"),
            value.alias("fc_value"),
            (pl.lit(0) if came is None else _micros(came)).alias("fc_came"),
        ).filter(pl.col("fc_value").is_not_null())
        joined = rows.join(units.select("fc_row", "unit", "fc_start"), on="unit")
        age, late = pl.col("fc_at") - pl.col("fc_start"), pl.col("fc_came") - pl.col("fc_start")
        return joined.filter((age > after) & (age <= end)).select(
            "fc_row", "fc_value", (pl.lit(False) if came is None else late > known).alias("late")
        )

    def _value(
        self, metric: MetricSpec, units: pl.DataFrame, after: int, end: int, known: int | None
    ) -> Floats:
        """A value per unit, zero where nothing happened."""
        rows = self._rows(metric, units, after, end, known).filter(~pl.col("late"))
        proportion = metric.kind == "proportion"
        total = pl.lit(1.0).first() if proportion else pl.col("fc_value").sum()
        sums = rows.group_by("fc_row").agg(total.alias("fc_value"))
        found: Floats = (
            units.join(sums, on="fc_row", how="left", maintain_order="left")["fc_value"]
            .fill_null(0.0)
            .to_numpy()
            .astype(np.float64)
        )
        if metric.cap is not None and not proportion:
            found = np.minimum(found, metric.cap)  # NaN stays
        of = np.sort(found[self._told(units).to_numpy()])
        if metric.winsor is not None and len(of):
            found = np.minimum(found, _ranked(of, metric.winsor - 1e-12))
        return found

    def _told(self, units: pl.DataFrame) -> pl.Series:
        """Whether a unit was exposed by the last day that is told."""
        if self.ends is None:
            return pl.Series([True] * units.height, dtype=pl.Boolean)
        return pl.Series(
            [day <= max(self.ends, default="") for day in _iso_of(units["fc_start"])], dtype=pl.Boolean
        )

    def _cells(self, metric: MetricSpec, units: pl.DataFrame, known: int) -> Iterator[Cell]:
        sides = [metric] if metric.over is None else [metric, metric.over]
        values = [self._value(side, units, *_window(side), known) for side in sides]
        values += [units[name].to_numpy() for name in self.covariates]
        matrix = np.column_stack(values)
        units = units.with_row_index("fc_place")
        for (arm,), whole in units.group_by("arm"):
            for day, part in _by_day(whole):
                yield Cell(metric.name, str(arm), day, self._gram(metric, matrix, part))
        for segment, level, arm, whole in self._segments(units):
            for day, part in [("", whole)] if self.ends is None else _by_day(whole):
                yield Cell(metric.name, arm, day, self._gram(metric, matrix, part), segment, level)

    def _gram(self, metric: MetricSpec, matrix: Floats, part: pl.DataFrame) -> Gram:
        rows = matrix[part["fc_place"].to_numpy()]
        means = rows.mean(axis=0)
        products = (rows - means).T @ (rows - means)
        low = np.tril_indices(rows.shape[1])
        gram = Gram(len(rows), tuple(means.tolist()), tuple(products[low].tolist()))
        return checked_gram(gram, where=f"the metric {metric.name} of the experiment {self.spec.name}")

    def _late(self, metric: MetricSpec, units: pl.DataFrame, known: int) -> Iterator[Count]:
        sides = [metric] if metric.over is None else [metric, metric.over]
        if not {side.source for side in sides} <= set(self.received):
            return
        late = [self._rows(side, units, *_window(side), known).filter("late") for side in sides]
        for (arm,), part in units.sort("arm").group_by("arm", maintain_order=True):
            rows = sum(one.join(part, on="fc_row", how="semi").height for one in late)
            yield Count(str(arm), "", rows, metric.name)

    def _quantiles(self, metric: MetricSpec, units: pl.DataFrame, known: int) -> Iterator[QuantileCell]:
        rows = self._rows(metric, units, *_window(metric), known).filter(~pl.col("late"))
        if not rows["fc_value"].is_finite().all():
            where = f"the metric {metric.name} of the experiment {self.spec.name}"
            raise Invalid("a row's value is NaN or infinite", where, "leave such rows out with where=")
        for segment, level, arm, day, part in self._told_until(units):
            own = rows.join(part, on="fc_row", how="semi")
            if own.is_empty():
                continue
            ordered, q = np.sort(own["fc_value"].to_numpy()), metric.q or 0.5
            found = [float(_ranked(ordered, share)) for share in rank_shares(q)]
            each = own.group_by("fc_row").agg(
                pl.len().cast(pl.Float64).alias("n"),
                (pl.col("fc_value") <= found[0]).sum().cast(pl.Float64).alias("s"),
            )
            s, n = each["s"].to_numpy(), each["n"].to_numpy()
            told = [float(one) for one in (s.sum(), n.sum(), s @ s, s @ n, n @ n)]
            place, shares = (segment, level), (each.height, told)
            yield quantile_cell(metric.name, q, arm, place, (own.height, found), shares, day=day)

    def _told_until(self, units: pl.DataFrame) -> Iterator[tuple[str, str, str, str, pl.DataFrame]]:
        """Segment, level, arm, last day of exposure, and the units: what quantiles are told of."""
        whole = [("", "", str(arm), part) for (arm,), part in units.group_by("arm")]
        for segment, level, arm, part in [*whole, *self._segments(units)]:
            for end in [""] if self.ends is None else self.ends:
                days = _iso_of(part["fc_start"]) if end else None
                yield segment, level, arm, end, part if days is None else part.filter(days <= end)

    def _segments(self, units: pl.DataFrame) -> Iterator[tuple[str, str, str, pl.DataFrame]]:
        """The units of each segment, level and arm, in order."""
        for n, segment in enumerate(self.spec.segments):
            by = [f"fc_s{n}", "arm"]
            for (level, arm), part in units.sort(by).group_by(by, maintain_order=True):
                yield segment, str(level), str(arm), part

    def _counts(self, units: pl.DataFrame, at: str, metric: str = "") -> list[Count]:
        days = units.group_by("arm", (pl.col(at) // _DAY).alias("day")).len().sort("arm", "day")
        return [Count(arm, _iso(day), many, metric) for arm, day, many in days.iter_rows()]

    def _unlogged(self) -> int:
        if self.spec.triggered is None:
            return 0
        named = self.sources[self.spec.triggered]["decision_id"].cast(pl.String).drop_nulls().unique()
        return int((~named.is_in(self.log["decision_id"].drop_nulls().implode())).sum())


def _decided_in(phase: Phase | None) -> pl.Expr:
    """Whether a decision is one of a phase."""
    if phase is None:
        return pl.lit(True)
    at, until = pl.col("fc_at"), True if phase.until is None else pl.col("fc_at") < phase.until
    within = (at >= (phase.since if phase.number > 1 else 0)) & until
    return pl.col("release").is_in(list(phase.releases)) & (
        ~pl.col("release").is_in(list(phase.shared)) | within
    )


def _unit(rows: pl.DataFrame, column: str) -> pl.Expr:
    """A unit's id as a text: one that is a whole number is told as such, as in the log."""
    id = pl.col(column)
    if not (rows.schema[column].is_float() or rows.schema[column].is_decimal()):
        return id.cast(pl.String)
    whole = id.cast(pl.Int64, strict=False)
    return pl.when(whole == id).then(whole.cast(pl.String)).otherwise(id.cast(pl.String))


def _micros(column: str) -> pl.Expr:
    """A date or timestamp as µs since 1970 UTC; a naive one is UTC."""
    return pl.col(column).dt.epoch("us")


def _window(metric: MetricSpec) -> tuple[int, int]:
    after = round(metric.after_s * 1e6)
    return after, after + round(metric.within_s * 1e6)


def _ranked(ordered: Floats, share: float) -> float:
    """The value of rank ceil(share · n)."""
    return float(ordered[max(ceil(share * len(ordered)), 1) - 1])


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def _level(value: object) -> str:
    if value is None:
        return LACKING
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by_day(units: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Units by the day (ISO date, UTC) of their first exposure that counts."""
    for (day,), part in units.group_by(pl.col("fc_start") // _DAY):
        yield _iso(int(str(day))), part


def _iso_of(starts: pl.Series) -> pl.Series:
    return pl.Series([_iso(at // _DAY) for at in starts], dtype=pl.String)


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
