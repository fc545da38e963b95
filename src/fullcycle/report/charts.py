"""Charts of a model and of its service as Vega-Lite specifications: plain data in, plain data out.

Source: Satyanarayan et al., "Vega-Lite: A Grammar of Interactive Graphics", IEEE
Transactions on Visualization and Computer Graphics 23, 2017.
"""

import json
from collections.abc import Sequence
from typing import Any

from fullcycle.evaluate import Bin, CurvePoint, Influence, Measured, Slice
from fullcycle.report.style import BLUE, CONFIG, GREY, INK, MUTED, NARROW, ORANGE, Spec
from fullcycle.report.swarm import offsets

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+')"  # an axis label, without +0
SIGNED_SHARE = "datum.value == 0 ? '0' : format(datum.value, '+.3~%')"
ROW = 30  # pixels of one line of a chart with names at its left


def chart(layers: Sequence[Spec], *, width: int = NARROW, height: int = 240, **more: Any) -> Spec:
    """A chart of layers, exactly ``width`` pixels wide with everything in it."""
    return {
        "$schema": _SCHEMA,
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": CONFIG,
        "layer": list(layers),
        **more,
    }


def data(rows: Sequence[Spec]) -> Spec:
    """Rows as a part of a specification."""
    return {"values": list(rows)}


def calibration(bins: Sequence[Bin], *, binary: bool) -> Spec:
    """Mean prediction against mean label in each bin; on the line, predictions come true on average."""
    rows: list[Spec] = [{"x": b.predicted, "y": b.observed, "low": b.low, "high": b.high} for b in bins]
    ends = [
        min(v for r in rows for v in (r["x"], r["low"])),
        max(v for r in rows for v in (r["x"], r["high"])),
    ]
    axis = {"format": "%"} if binary else {}
    x = {"field": "x", "type": "quantitative", "title": "predicted", "axis": {**axis, "tickCount": 5}}
    y = {"field": "y", "type": "quantitative", "title": "came true" if binary else "observed", "axis": axis}
    scale = {"scale": {"zero": False, "nice": True}}
    return chart(
        [
            {
                "data": data([{"x": end, "y": end} for end in ends]),
                "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4], "strokeWidth": 1.2},
                "encoding": {"x": {**x, **scale}, "y": {**y, **scale}},
            },
            {
                "data": data(rows),
                "mark": {"type": "rule", "color": BLUE, "strokeWidth": 1.6},
                "encoding": {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
            },
            {
                "data": data(rows),
                "mark": {"type": "circle", "color": BLUE, "size": 60, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
        ]
    )


def qini_curve(curve: Sequence[CurvePoint], *, share: bool) -> Spec:
    """Gain per row against the share treated, with its band, beside the straight line of random order."""
    rows: list[Spec] = [{"x": p.share, "y": p.gain, "low": p.low, "high": p.high} for p in curve]
    last = rows[-1]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "share treated, highest expected gain first",
        "axis": {"format": "%", "tickCount": 5, "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "gain over treating nobody",
        "axis": {"labelExpr": SIGNED_SHARE if share else SIGNED, "tickCount": 5},
    }
    middle = rows[len(rows) // 2]
    return chart(
        [
            {
                "data": data(rows),
                "mark": {"type": "area", "color": BLUE, "opacity": 0.16},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", "type": "quantitative", "title": y["title"]},
                    "y2": {"field": "high"},
                },
            },
            {
                "data": data([{"x": 0, "y": 0}, {"x": 1, "y": last["y"]}]),
                "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4], "strokeWidth": 1.4},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data(rows),
                "mark": {"type": "line", "color": BLUE, "strokeWidth": 2.4},
                "encoding": {"x": x, "y": y},
            },
            label("model", middle["x"], middle["y"], color=BLUE, align="right", dx=-8, dy=-8, bold=True),
            label("random order", 0.62, 0.62 * last["y"], color=MUTED, align="left", dx=4, dy=16),
        ],
        height=270,
    )


def label(
    text: str, x: object, y: object, *, color: str, align: str, dx: int = 0, dy: int = 0, bold: bool = False
) -> Spec:
    """A word written beside what it names, instead of a legend."""
    return {
        "data": data([{"x": x, "y": y}]),
        "mark": {
            "type": "text",
            "text": text,
            "color": color,
            "align": align,
            "dx": dx,
            "dy": dy,
            "fontWeight": "bold" if bold else "normal",
        },
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "quantitative"},
        },
    }


def influence_bars(influences: Sequence[Influence]) -> Spec:
    """The mean absolute SHAP value of each feature, the strongest on top."""
    rows: list[Spec] = [
        {"name": i.feature, "value": i.mean_abs, "text": f"{i.mean_abs:.2g}"} for i in influences
    ]
    y = names([row["name"] for row in rows])
    most = max((row["value"] for row in rows), default=0)
    x = {
        "field": "value",
        "type": "quantitative",
        "title": "mean effect on a prediction, either way",
        "axis": {"tickCount": 4},
        "scale": {"domain": [0, most * 1.18 or 1], "nice": False},
    }
    return chart(
        [
            {"mark": {"type": "bar", "color": BLUE, "height": 16}, "encoding": {"x": x, "y": y}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
        ],
        height=ROW * len(rows) + 46,
        data=data(rows),
    )


def beeswarm(influences: Sequence[Influence]) -> Spec:
    """SHAP values of sampled rows per feature, coloured by the feature's own value."""
    rows: list[Spec] = [
        {"y": place + 0.42 * off, "x": effect, "level": level}
        for place, i in enumerate(influences)
        for effect, off, level in zip(i.effects, offsets(i.effects), i.levels, strict=True)
    ]
    features = [i.feature for i in influences]
    y = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [-0.5, len(features) - 0.5], "reverse": True, "nice": False, "zero": False},
        "axis": {
            "values": list(range(len(features))),
            "labelExpr": f"{json.dumps(features)}[datum.value]",
            "labelColor": INK,
            "labelLimit": 220,
            "grid": False,
            "minExtent": room(features),
        },
    }
    x = {"field": "x", "type": "quantitative", "title": "effect on the prediction", "axis": {"tickCount": 5}}
    colour = {
        "field": "level",
        "type": "quantitative",
        "scale": {"domain": [0, 0.5, 1], "range": [BLUE, "#cfd4d8", ORANGE], "interpolate": "rgb"},
        "legend": {
            "title": "value of the feature",
            "titleFontWeight": "normal",
            "orient": "top",
            "gradientLength": 150,
            "gradientThickness": 8,
            "values": [0, 1],
            "labelExpr": "datum.value == 0 ? 'low' : 'high'",
        },
    }
    return chart(
        [
            {
                "data": data([{"x": 0}]),
                "mark": {"type": "rule", "color": GREY, "strokeWidth": 1},
                "encoding": {"x": {"field": "x", "type": "quantitative"}},
            },
            {
                "data": data(rows),
                "mark": {"type": "circle", "size": 13, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "color": colour},
            },
        ],
        height=ROW * len(influences) + 96,
    )


def forest(slices: Sequence[Slice], overall: Measured, *, title: str) -> Spec:
    """The score of each slice with its interval, beside the score of all rows."""
    rows: list[Spec] = [
        {"name": f"{s.column}: {s.value}", "x": s.score.value, "low": s.score.low, "high": s.score.high}
        for s in slices
        if s.score is not None
    ]
    every: Spec = {"name": "all rows", "x": overall.value, "low": overall.low, "high": overall.high}
    order = [every["name"], *(row["name"] for row in rows)]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False},
        "axis": {"tickCount": 5},
    }
    return chart(
        [
            {
                "data": data([every]),
                "mark": {"type": "rule", "color": GREY, "strokeDash": [4, 4]},
                "encoding": {"x": x},
            },
            *interval_marks([every], order, color=INK, x=x),
            *interval_marks(rows, order, color=BLUE, x=x),
        ],
        height=ROW * len(order) + 46,
    )


def interval_marks(rows: Sequence[Spec], order: Sequence[str], *, color: str, x: Spec) -> list[Spec]:
    """A line from ``low`` to ``high`` and a point at ``x``, one row per ``name``."""
    y = names(order)
    across = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y}
    dots = [row for row in rows if row["x"] is not None]
    return [
        {
            "data": data(rows),
            "mark": {"type": "rule", "color": color, "strokeWidth": 3, "strokeCap": "round"},
            "encoding": across,
        },
        {
            "data": data(dots),
            "mark": {"type": "circle", "color": color, "size": 110, "opacity": 1},
            "encoding": {"x": x, "y": y},
        },
    ]


def names(order: Sequence[str]) -> Spec:
    """The names at the left, in the order given."""
    return {
        "field": "name",
        "type": "nominal",
        "sort": list(order),
        "scale": {"domain": list(order)},
        "title": None,
        "axis": {"labelColor": INK, "labelLimit": 230, "grid": False, "minExtent": room(order)},
    }


def room(order: Sequence[str]) -> float:
    """Pixels for the longest name in the widest of system fonts: who draws does not know the reader's."""
    return 8.0 * max((len(name) for name in order), default=0) + 8


def budget_bars(rows: Sequence[tuple[str, float]], budget: float | None, *, unit: str) -> Spec:
    """Bars beside the line that they must not cross."""
    shown: list[Spec] = [
        {"name": name, "value": value, "text": f"{value:,.3g} {unit}"} for name, value in rows
    ]
    most = max([value for _, value in rows] + ([budget] if budget is not None else [])) or 1
    x = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "axis": {"tickCount": 4},
        "scale": {"domain": [0, most * 1.25], "nice": False},
    }
    y = names([row["name"] for row in shown])
    over = f"datum.value > {budget}" if budget is not None else "false"
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": 18},
            "encoding": {
                "x": x,
                "y": y,
                "color": {"condition": {"test": over, "value": ORANGE}, "value": BLUE},
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    ]
    if budget is not None:
        limit = {"data": data([{"value": budget, "text": f"budget {budget:,.3g} {unit}"}])}
        layers += [
            {**limit, "mark": {"type": "rule", "color": INK, "strokeWidth": 2}, "encoding": {"x": x}},
            {
                **limit,
                "mark": {"type": "text", "align": "right", "baseline": "bottom", "dy": -5, "color": INK},
                "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "text"}},
            },
        ]
    return chart(layers, height=34 * len(shown) + 64, data=data(shown))
