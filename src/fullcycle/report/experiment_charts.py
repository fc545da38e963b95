"""Charts of an experiment: the effect over time, by metric, segment and day, and who took part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullcycle.report.charts import ROW, SIGNED, chart, data, interval_marks
from fullcycle.report.style import BLUE, GREY, INK, MUTED, NARROW, ORANGE, Spec

if TYPE_CHECKING:
    from fullcycle.experiment import AgeEffect, DayEstimate, Look

_LINES = (GREY, BLUE, ORANGE, INK, MUTED)  # the control first
_WIDEST = 4.0  # an interval that is so many times as wide as the narrowest is cut off


@dataclass(frozen=True, slots=True)
class Measure:
    """How effects are drawn: multiplied by ``scale``, in ``unit``."""

    scale: float = 1.0
    unit: str = ""

    def titled(self, title: str) -> str:
        """An axis title with the unit."""
        return f"{title}, {self.unit}" if self.unit else title


POINTS = Measure(100.0, "percentage points")
PERCENT = Measure(100.0, "%")


@dataclass(frozen=True, slots=True)
class Line:
    """One interval of a chart with names at its left; ``strong`` ones stand out.

    ``beside`` is a second interval, drawn thin under it: what was measured without covariates.
    ``limit`` is a mark of its own, such as the margin of a guardrail.
    """

    name: str
    value: float
    low: float
    high: float
    strong: bool = True
    beside: tuple[float, float, float] | None = None
    limit: float | None = None


def over_time(path: Sequence["DayEstimate"], told: str, measure: Measure, *, width: int = NARROW) -> Spec:
    """The effect and its interval as known on each day; zero is the line to stay clear of."""
    rows: list[Spec] = [{"day": k.day, **_scaled(k.difference, k.low, k.high, measure)} for k in path]
    x = {**_days_axis([k.day for k in path], width), "field": "day"}
    y = {
        "field": "y",
        "type": "quantitative",
        "title": measure.titled("effect so far"),
        "axis": {"labelExpr": SIGNED, "tickCount": 6},
        "scale": {"domain": _domain(rows), "clamp": True},
    }
    last = rows[-1]
    clear = last["low"] > 0 or last["high"] < 0
    end = {"data": data([last])}
    return chart(
        [
            {
                "mark": {"type": "area", "color": BLUE, "opacity": 0.16},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            _zero("y", y),
            {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2.4}, "encoding": {"x": x, "y": y}},
            {
                **end,
                "mark": {"type": "circle", "color": BLUE if clear else ORANGE, "size": 90, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                **end,
                "mark": {
                    "type": "text",
                    "text": told,
                    "align": "right",
                    "baseline": "bottom",
                    "dx": -2,
                    "dy": -8,
                    "fontWeight": "bold",
                    "fontSize": 14,
                },
                "encoding": {"x": x, "y": y},
            },
        ],
        width=width,
        height=280,
        data=data(rows),
    )


def forest(lines: Sequence[Line], measure: Measure, *, title: str) -> Spec:
    """Effects with their intervals under one another, and zero."""
    order = [line.name for line in lines]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": measure.titled(title),
        "axis": {"labelExpr": SIGNED, "tickCount": 5},
        "scale": {"domain": _reach(lines, measure), "clamp": True, "nice": False},
    }
    rows = {
        strong: [_row(one, (one.value, one.low, one.high), measure) for one in lines if one.strong is strong]
        for strong in (True, False)
    }
    beside = [_row(one, one.beside, measure) for one in lines if one.beside is not None]
    limits = [{"name": one.name, "x": one.limit * measure.scale} for one in lines if one.limit is not None]
    layers = [_zero("x", x)]
    for mark in interval_marks(beside, order, color=GREY, x=x):
        kind = mark["mark"]
        thin = {"strokeWidth": 1.5} if kind["type"] == "rule" else {"size": 36}
        layers.append({**mark, "mark": {**kind, **thin, "yOffset": 9}})
    layers += interval_marks(
        rows[False], order, color=GREY if any(one.strong for one in lines) else BLUE, x=x
    )
    layers += interval_marks(rows[True], order, color=BLUE, x=x)
    if limits:
        y = layers[-1]["encoding"]["y"]
        layers.append(
            {
                "data": data(limits),
                "mark": {"type": "tick", "color": ORANGE, "thickness": 3, "size": 18},
                "encoding": {"x": x, "y": y},
            }
        )
    return chart(layers, height=ROW * len(lines) + 56)


def units_by_day(units: Mapping[str, Mapping[str, int]]) -> Spec:
    """How many units of each arm were exposed on each day; ``units`` maps arm, then day."""
    rows: list[Spec] = [
        {"arm": arm, "day": day, "units": many} for arm, days in units.items() for day, many in days.items()
    ]
    days = sorted({day for by_day in units.values() for day in by_day})
    arms = list(units)
    colour = {
        "field": "arm",
        "type": "nominal",
        "scale": {"domain": arms, "range": [_LINES[n % len(_LINES)] for n in range(len(arms))]},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3},
    }
    y = {
        "field": "units",
        "type": "quantitative",
        "title": "units a day",
        "axis": {"tickCount": 4, "format": ",d"},
        "scale": {"zero": True},
    }
    x = {**_days_axis(days, NARROW), "field": "day"}
    return chart(
        [
            {
                "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 22}},
                "encoding": {"x": x, "y": y, "color": colour},
            }
        ],
        height=200,
        data=data(rows),
    )


def by_age(ages: Sequence["AgeEffect"], measure: Measure) -> Spec:
    """The effect of what units did in each day after their exposure, with intervals of each day alone."""
    rows: list[Spec] = [
        {
            "age": one.age + 1,
            **_scaled(
                one.difference,
                one.difference - 1.96 * one.stderr,
                one.difference + 1.96 * one.stderr,
                measure,
            ),
        }
        for one in ages
    ]
    x = {
        "field": "age",
        "type": "quantitative",
        "title": "day after the exposure",
        "axis": {"tickMinStep": 1, "tickCount": min(len(rows), 8), "grid": False, "format": "d"},
        "scale": {"domain": [0.5, rows[-1]["age"] + 0.5], "nice": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": measure.titled("effect"),
        "axis": {"labelExpr": SIGNED, "tickCount": 5},
    }
    return chart(
        [
            _zero("y", y),
            {
                "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "circle", "color": BLUE, "size": 60, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
        ],
        height=240,
        data=data(rows),
    )


def looks(every: Sequence["Look"], found: Sequence[tuple[float, float]]) -> Spec:
    """How far from zero an effect has to be at each look, and how far it is.

    Args:
        every: the looks of the plan, those that are over and those to come.
        found: by share of the plan, the standard errors from zero.
    """
    bounds = [
        {"x": 100 * look.fraction, "y": side * look.bound, "side": side}
        for look in every
        if look.bound is not None
        for side in (-1, 1)
    ]
    far = max([abs(z) for _, z in found] + [row["y"] for row in bounds]) * 1.1
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "share of the planned units, %",
        "scale": {"domain": [0, 104], "nice": False},
        "axis": {"values": [0, 25, 50, 75, 100], "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "standard errors from zero",
        "axis": {"labelExpr": SIGNED, "tickCount": 6},
        "scale": {"domain": [-far, far], "nice": False},
    }
    bound = {"data": data(bounds), "encoding": {"x": x, "y": y, "detail": {"field": "side"}}}
    over = {"data": data([{"x": 100 * share, "y": z} for share, z in found])}
    return chart(
        [
            _zero("y", y),
            {**bound, "mark": {"type": "line", "color": ORANGE, "strokeDash": [5, 4], "strokeWidth": 1.6}},
            {
                **bound,
                "mark": {"type": "tick", "orient": "horizontal", "color": ORANGE, "thickness": 3, "size": 16},
            },
            {
                **over,
                "mark": {"type": "line", "color": BLUE, "strokeWidth": 2},
                "encoding": {"x": x, "y": y},
            },
            {
                **over,
                "mark": {"type": "circle", "color": BLUE, "size": 100, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
        ],
        height=260,
    )


def _scaled(value: float, low: float, high: float, measure: Measure) -> Spec:
    return {"y": value * measure.scale, "low": low * measure.scale, "high": high * measure.scale}


def _row(line: Line, ends: tuple[float, float, float] | None, measure: Measure) -> Spec:
    value, low, high = ends or (line.value, line.low, line.high)
    by = measure.scale
    return {"name": line.name, "x": value * by, "low": low * by, "high": high * by}


def _zero(axis: str, encoding: Spec) -> Spec:
    return {
        "data": data([{encoding["field"]: 0}]),
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
        "encoding": {axis: encoding},
    }


def _days_axis(days: Sequence[str], width: int) -> Spec:
    """A time axis with some of the days, evenly spaced."""
    count = 4 if width <= NARROW else 8
    step = max(round((len(days) - 1) / (count - 1)), 1)
    parts = (day.split("-") for day in days[::step])
    values = [{"year": int(y), "month": int(m), "date": int(d), "utc": True} for y, m, d in parts]
    return {
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"format": "%-d %b", "values": values, "grid": False},
    }


def _domain(rows: Sequence[Spec]) -> list[float]:
    """What the later days need: the first days' intervals are so wide that they would hide the rest."""
    settled = rows[len(rows) // 4 :]
    low, high = min(row["low"] for row in settled), max(row["high"] for row in settled)
    room = 0.1 * (max(high, 0.0) - min(low, 0.0)) or 1.0
    return [min(low, 0.0) - room, max(high, 0.0) + room]


def _reach(lines: Sequence[Line], measure: Measure) -> list[float]:
    """From the least to the largest end; what is very much wider than the rest is cut off."""
    narrow = sorted(line.high - line.low for line in lines)[len(lines) // 2] * _WIDEST
    ends = [0.0]
    for line in lines:
        ends += line.beside[1:] if line.beside is not None else ()
        ends += [max(line.low, line.value - narrow), min(line.high, line.value + narrow)]
        ends += [line.limit] if line.limit is not None else []
    low, high = min(ends) * measure.scale, max(ends) * measure.scale
    room = 0.05 * (high - low) or 1.0
    return [low - room, high + room]
