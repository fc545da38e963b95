"""The chart of a grid: a line of one parameter, a heat map of two, a row of dots for each value of more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fullcycle.report.charts import chart, data, names
from fullcycle.report.style import BLUE, INK, MUTED, ORANGE, WIDE, Spec

_ROW = 26  # pixels
_CELL = 44
_DARK = 0.55  # of the way from the worst to the best: from there on, white text is read better


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial: its parameters as numbers or text, and its score with interval, None where it has none."""

    run: str
    status: str
    values: Mapping[str, Any]
    score: float | None = None
    low: float | None = None
    high: float | None = None
    took: str = ""
    others: Mapping[str, str] = field(default_factory=dict)  # scores of other models, as text


def grid_chart(rows: Sequence[TrialRow], axes: Sequence[str], *, score: str) -> Spec | None:
    """What became of the trials; ``rows`` stand best first. None where nothing was judged."""
    judged = [row for row in rows if row.score is not None]
    if not judged or not axes:
        return None
    if len(axes) == 1:
        return _line(judged, axes[0], score)
    if len(axes) == 2:
        return _heat_map(judged, axes[0], axes[1], score)
    return _dots(judged, axes, score)


def _line(rows: Sequence[TrialRow], axis: str, score: str) -> Spec:
    """The score over one parameter, each with its interval."""
    numeric = all(_is_number(row.values[axis]) for row in rows)
    shown: list[Spec] = [
        {"x": row.values[axis] if numeric else _text(row.values[axis]), "y": row.score, "low": row.low,
         "high": row.high, "best": at == 0}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    if numeric:
        x: Spec = {
            "field": "x",
            "type": "quantitative",
            "title": axis,
            "scale": {"zero": False, "padding": 12},
        }
    else:
        x = {"field": "x", "type": "nominal", "title": axis, "sort": None, "axis": {"labelAngle": 0}}
    y: Spec = {"field": "y", "type": "quantitative", "title": score, "scale": {"zero": False}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2, "opacity": 0.6},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "circle", "size": 90, "opacity": 1}, "encoding": {"x": x, "y": y, "color": _COLOR}},
    ]
    if numeric:
        line = {"mark": {"type": "line", "color": BLUE, "strokeWidth": 1.6}, "encoding": {"x": x, "y": y}}
        layers.insert(0, line)
    return chart(layers, height=280, data=data(shown))


def _heat_map(rows: Sequence[TrialRow], across: str, down: str, score: str) -> Spec:
    """The score of each pair of values; darker is better, the best framed in orange."""
    best, worst = (row.score or 0.0 for row in (rows[0], rows[-1]))
    better_is_more, range_ = best >= worst, abs(best - worst) or 1.0
    shown: list[Spec] = [
        {"x": _text(row.values[across]), "y": _text(row.values[down]), "score": row.score,
         "text": f"{row.score:.4g}", "dark": abs((row.score or 0.0) - worst) / range_ > _DARK,
         "best": at == 0}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    orders = {name: _ordered(row.values[name] for row in rows) for name in (across, down)}
    x: Spec = {"field": "x", "type": "nominal", "title": across, "sort": orders[across],
               "axis": {"labelAngle": 0, "domain": False, "ticks": False}}  # fmt: skip
    y: Spec = {"field": "y", "type": "nominal", "title": down, "sort": orders[down][::-1]}
    shade: Spec = {"field": "score", "type": "quantitative", "title": score, "legend": None,
                   "scale": {"scheme": "blues", "zero": False, "reverse": not better_is_more}}  # fmt: skip
    ink: Spec = {"condition": {"test": "datum.dark", "value": "white"}, "value": INK}
    return chart(
        [
            {"mark": {"type": "rect"}, "encoding": {"x": x, "y": y, "color": shade}},
            {
                "transform": [{"filter": "datum.best"}],
                "mark": {"type": "rect", "fillOpacity": 0, "stroke": ORANGE, "strokeWidth": 4},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "text"},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}, "color": ink},
            },
        ],
        height=_CELL * len(orders[down]) + 60,
        data=data(shown),
    )


def _dots(rows: Sequence[TrialRow], axes: Sequence[str], score: str) -> Spec:
    """A row for each value of each parameter, and in it a dot for each trial that has it."""
    order = [f"{axis} {value}" for axis in axes for value in _ordered(row.values[axis] for row in rows)]
    shown: list[Spec] = [
        {"name": f"{axis} {_text(row.values[axis])}", "x": row.score, "best": at == 0}
        for at, row in [*enumerate(rows)][::-1]  # the best on top
        for axis in axes
    ]
    x: Spec = {"field": "x", "type": "quantitative", "title": score, "scale": {"zero": False, "padding": 12}}
    encoding: Spec = {"x": x, "y": names(order), "color": _COLOR}
    means: Spec = {"mark": {"type": "tick", "color": MUTED, "thickness": 2, "height": 16},
                   "encoding": {"x": {**x, "aggregate": "mean"}, "y": names(order)}}  # fmt: skip
    dots: Spec = {"mark": {"type": "circle", "size": 80, "opacity": 0.75}, "encoding": encoding}
    return chart([means, dots], height=_ROW * len(order) + 60, data=data(shown))


_COLOR: Spec = {"condition": {"test": "datum.best", "value": ORANGE}, "value": BLUE}


def wider(spec: Spec) -> Spec:
    """The same chart for the whole width of a page."""
    return {**spec, "width": WIDE}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return str(value)


def _ordered(values: Iterable[Any]) -> list[str]:
    """Each value once: numbers by size, anything else by its text."""
    every = list(values)
    key = None if all(map(_is_number, every)) else _text
    return list(dict.fromkeys(_text(value) for value in sorted(every, key=key)))
