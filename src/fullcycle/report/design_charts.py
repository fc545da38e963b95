"""Charts of a design: how soon an effect is found, which effect so many days show, and false alarms."""

from collections.abc import Sequence

from fullcycle.experiment import Design, Rehearsed
from fullcycle.report.charts import chart, data, label, names
from fullcycle.report.style import BLUE, GREY, INK, MUTED, NARROW, ORANGE, Spec

_COLORS = (BLUE, ORANGE)  # the experiment's own analysis, and the fixed one beside it
_ROW = 34  # pixels


def chance_chart(designs: Sequence[Design], *, width: int = NARROW) -> Spec | None:
    """The chance that an effect is found by the end of each day; None where nothing was simulated."""
    told = [one for one in designs if one.found]
    if not told:
        return None
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "days of exposure",
        "scale": {"domain": [0, told[0].days], "nice": False},
        "axis": {"tickCount": 8, "tickMinStep": 1, "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "chance that it is found",
        "scale": {"domain": [0, 1]},
        "axis": {"format": "%", "tickCount": 5},
    }
    layers: list[Spec] = [
        {
            "data": data([{"y": told[0].power}]),
            "mark": {"type": "rule", "color": GREY, "strokeDash": [4, 4]},
            "encoding": {"y": y},
        },
        label(f"{told[0].power:.0%}", 0, told[0].power, color=MUTED, align="left", dx=4, dy=-8),
    ]
    for one, color in zip(told, _COLORS, strict=False):
        rows: list[Spec] = [{"x": 0, "y": 0}, *({"x": step.day, "y": step.share} for step in one.found)]
        layers.append(
            {
                "data": data(rows),
                "mark": {"type": "line", "color": color, "strokeWidth": 2.4, "interpolate": "step-after"},
                "encoding": {"x": x, "y": y},
            }
        )
        at = _place(one)
        layers.append(
            label(one.analysis, at, _share(one, at), color=color, align="right", dx=-8, dy=-8, bold=True)
        )
    return chart(layers, width=width, height=270)


def effect_chart(designs: Sequence[Design], *, share: bool, width: int = NARROW) -> Spec:
    """The smallest effect that is found with the planned chance, by how long it runs."""
    scale = 100 if share else 1
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "days of exposure",
        "axis": {"tickCount": 8, "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "smallest effect" + (", percentage points" if share else ""),
        "scale": {"zero": True},
        "axis": {"tickCount": 5},
    }
    layers: list[Spec] = []
    for one, color in zip(designs, _COLORS, strict=False):
        rows: list[Spec] = [{"x": day, "y": effect * scale} for day, effect in one.by_days]
        encoding = {"x": x, "y": y}
        layers += [
            {
                "data": data(rows),
                "mark": {"type": "line", "color": color, "strokeWidth": 2},
                "encoding": encoding,
            },
            {
                "data": data(rows),
                "mark": {"type": "circle", "color": color, "size": 50, "opacity": 1},
                "encoding": encoding,
            },
            _named(one.analysis, rows, color, above=color == BLUE),
        ]
    wanted = designs[0].wanted
    if wanted is not None:
        line = {"data": data([{"y": wanted.effect * scale}])}
        layers.append({**line, "mark": {"type": "rule", "color": INK}, "encoding": {"y": y}})
    return chart(layers, width=width, height=270)


def alarm_chart(rehearsed: Sequence[Rehearsed]) -> Spec:
    """How often each analysis rang on splits of the past, and what was promised.

    Of one look, the band that chance leaves as well; more looks may ring less often than promised.
    """
    rows: list[Spec] = [
        {
            "name": looked(one),
            "rate": one.alarms.rate,
            "low": one.alarms.low,
            "high": one.alarms.high,
            "kept": one.alarms.kept,
            "band": one.looks == 1,
            "text": f"{one.alarms.rate:.1%}",
        }
        for one in rehearsed
    ]
    most = max([row["rate"] for row in rows] + [row["high"] for row in rows])
    x = {
        "field": "rate",
        "type": "quantitative",
        "title": "false alarms",
        "scale": {"domain": [0, most * 1.25], "nice": False},
        "axis": {"format": "%", "tickCount": 3},
    }
    y = names([row["name"] for row in rows])
    color = {"condition": {"test": "datum.kept", "value": BLUE}, "value": ORANGE}
    band = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y}
    return chart(
        [
            {"mark": {"type": "bar", "height": 12}, "encoding": {"x": x, "y": y, "color": color}},
            {
                "data": data([row for row in rows if row["band"]]),
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.4},
                "encoding": band,
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": -11},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
            {
                "data": data([{"rate": rehearsed[0].alarms.alpha}]),
                "mark": {"type": "rule", "color": GREY, "strokeDash": [4, 4]},
                "encoding": {"x": x},
            },
        ],
        height=_ROW * len(rows) + 60,
        data=data(rows),
    )


def looked(one: Rehearsed) -> str:
    """An analysis and how often it was looked at, in a few words."""
    if one.looks == 1:
        return f"{one.analysis}, one look"
    return f"{one.analysis}, {one.looks} looks"


def _place(one: Design) -> int:
    """The day at which a line is named: where it crosses the middle."""
    return next((step.day for step in one.found if step.share >= 0.5), one.days)


def _share(one: Design, day: int) -> float:
    return next(step.share for step in one.found if step.day == day)


def _named(text: str, rows: Sequence[Spec], color: str, *, above: bool) -> Spec:
    """The name of a falling line: above its middle, or under its end."""
    if above:
        middle = rows[len(rows) // 2]
        return label(text, middle["x"], middle["y"], color=color, align="left", dx=6, dy=-10, bold=True)
    return label(text, rows[-1]["x"], rows[-1]["y"], color=color, align="right", dy=18, bold=True)
