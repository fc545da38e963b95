"""Charts of a family of models as Vega-Lite specifications: plain data in, plain data out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fullcycle.evaluate import Evaluation
from fullcycle.report.charts import SIGNED, chart, data, interval_marks, label, names
from fullcycle.report.style import BLUE, GREY, INK, MUTED, ORANGE, Spec

_ROW = 30  # pixels of one line of a chart with names at its left
_STANDINGS = (("better", BLUE, "circle"), ("unclear", GREY, "square"), ("worse", ORANGE, "triangle-up"))


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity of each model lies: its least, its quartiles and its largest."""

    name: str
    least: float
    quarter: float
    median: float
    three_quarters: float
    most: float


def standing(found: Evaluation) -> str:
    """``better`` or ``worse`` than the baseline, with its whole interval; else ``unclear``."""
    return "better" if found.clearly_better else "worse" if found.clearly_worse else "unclear"


def beside_baseline(family: Mapping[str, Evaluation]) -> Spec:
    """Each model's score against its baseline's; on the dashed line both are alike.

    The first and the last are named, on the side of the cloud where they lie.
    """
    rows: list[Spec] = [
        {"name": key, "x": one.baseline.value, "y": one.model.value, "standing": standing(one)}
        for key, one in family.items()
    ]
    score = next(iter(family.values())).score
    ends = [end(row[axis] for row in rows for axis in "xy") for end in (min, max)]
    scale = {"scale": {"zero": False, "nice": True}}
    x = {"field": "x", "type": "quantitative", "title": f"{score} of the baseline", **scale}
    y = {"field": "y", "type": "quantitative", "title": f"{score} of the model", **scale}
    line = {
        "data": data([{"x": end, "y": end} for end in ends]),
        "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4], "strokeWidth": 1.2},
        "encoding": {"x": x, "y": y},
    }
    points = [
        {
            "data": data([row for row in rows if row["standing"] == kind]),
            "mark": {
                "type": "point",
                "filled": True,
                "shape": shape,
                "color": color,
                "size": 42,
                "opacity": 0.8,
            },
            "encoding": {"x": x, "y": y},
        }
        for kind, color, shape in _STANDINGS
    ]
    above = rows[0] if next(iter(family.values())).higher_is_better else rows[-1]
    named = [
        label(row["name"], row["x"], row["y"], color=INK, align="right", dx=-5, dy=-8)
        if row is above
        else label(row["name"], row["x"], row["y"], color=INK, align="left", dx=5, dy=12)
        for row in (rows[0], rows[-1])
    ]
    equal = label("as good", ends[1], ends[1], color=MUTED, align="right", dx=-8, dy=0)
    return chart([line, *points, *named, equal], height=300)


def differences(chosen: Mapping[str, Evaluation], *, title: str) -> Spec:
    """What some models score beyond their baselines, with intervals; the line is at no difference."""
    order = list(chosen)
    x = {"field": "x", "type": "quantitative", "title": title, "axis": {"tickCount": 5, "labelExpr": SIGNED}}
    zero = {
        "data": data([{"x": 0}]),
        "mark": {"type": "rule", "color": GREY, "strokeDash": [4, 4]},
        "encoding": {"x": x},
    }
    marks: list[Spec] = []
    for kind, color, _ in _STANDINGS:
        rows: list[Spec] = [
            {"name": key, "x": one.difference.value, "low": one.difference.low, "high": one.difference.high}
            for key, one in chosen.items()
            if standing(one) == kind
        ]
        marks += interval_marks(rows, order, color=color, x=x) if rows else []
    return chart([zero, *marks], height=_ROW * len(order) + 46)


def spreads(rows: Sequence[Spread]) -> Spec:
    """Each quantity over the models: a line for all, a bar for half of them, a dot for the median."""
    order = [row.name for row in rows]
    told = [
        {
            "name": row.name,
            "x": row.median,
            "low": row.quarter,
            "high": row.three_quarters,
            "least": row.least,
            "most": row.most,
        }
        for row in rows
    ]
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "mean effect on a prediction, either way",
        "axis": {"tickCount": 4},
    }
    whole = {
        "data": data(told),
        "mark": {"type": "rule", "color": GREY, "strokeWidth": 1.4},
        "encoding": {"x": {**x, "field": "least"}, "x2": {"field": "most"}, "y": names(order)},
    }
    return chart([whole, *interval_marks(told, order, color=BLUE, x=x)], height=_ROW * len(order) + 46)
