"""Charts of what it brought: effects before and after, and the experiment over time."""

from collections.abc import Sequence

from fullcycle.report.charts import SIGNED, chart, data, interval_marks
from fullcycle.report.story import Effect, Look, ValueRow
from fullcycle.report.style import BLUE, GREY, INK, MUTED, NARROW, ORANGE, Spec
from fullcycle.report.wording import effect, effect_range


def value_row(row: ValueRow) -> Spec:
    """The estimate, the off-policy estimate and the measured effect over one another, with zero."""
    told = [("estimated", row.estimated), ("from past data", row.off_policy), ("measured", row.measured)]
    rows: list[Spec] = [_told(name, found, row.share) for name, found in told if found is not None]
    order = [line["name"] for line in rows]
    scale = 100 if row.share else 1
    for line in rows:
        line.update({key: line[key] * scale for key in ("x", "low", "high") if line[key] is not None})
    x = {
        "field": "x",
        "type": "quantitative",
        "title": f"effect on {row.metric}, " + ("percentage points" if row.share else f"per {row.unit}"),
        "axis": {"tickCount": 5, "labelExpr": SIGNED},
    }
    plain = [line for line in rows if line["name"] != "measured"]
    measured = [line for line in rows if line["name"] == "measured"]
    y = {"field": "name", "type": "nominal", "sort": order}
    return chart(
        [
            {
                "data": data([{"x": 0}]),
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
                "encoding": {"x": x},
            },
            *interval_marks(plain, order, color=GREY, x=x),
            *interval_marks(measured, order, color=BLUE, x=x),
            {
                "data": data(rows),
                "mark": {"type": "text", "dy": -15, "align": "center"},
                "encoding": {
                    "x": {"field": "middle", "type": "quantitative"},
                    "y": y,
                    "text": {"field": "text"},
                },
                "transform": [{"calculate": "(datum.low + datum.high) / 2", "as": "middle"}],
            },
        ],
        height=56 * len(rows) + 50,
    )


def _told(name: str, found: Effect, of_shares: bool) -> Spec:
    text = (
        effect(found.value, of_shares=of_shares)
        if found.value is not None
        else effect_range(found.low, found.high, of_shares=of_shares)
    )
    return {"name": name, "x": found.value, "low": found.low, "high": found.high, "text": text}


def over_time(looks: Sequence[Look], *, share: bool, width: int = NARROW) -> Spec:
    """The effect and its interval as known on each day; zero is the line to stay clear of."""
    scale = 100 if share else 1
    rows: list[Spec] = [
        {"day": k.day, "y": k.value * scale, "low": k.low * scale, "high": k.high * scale} for k in looks
    ]
    x = {
        "field": "day",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"format": "%-d %b", "values": _ticks(rows, 4 if width <= NARROW else 8), "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "effect so far" + (", percentage points" if share else ""),
        "axis": {"labelExpr": SIGNED, "tickCount": 6},
        "scale": {"domain": _domain(rows), "clamp": True},
    }
    last = rows[-1]
    clear = last["low"] > 0 or last["high"] < 0
    return chart(
        [
            {
                "mark": {"type": "area", "color": BLUE, "opacity": 0.16},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": data([{"y": 0}]),
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
                "encoding": {"y": y},
            },
            {"mark": {"type": "line", "color": BLUE, "strokeWidth": 2.4}, "encoding": {"x": x, "y": y}},
            {
                "data": data([last]),
                "mark": {"type": "circle", "color": BLUE if clear else ORANGE, "size": 90, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data([last]),
                "mark": {
                    "type": "text",
                    "text": effect(looks[-1].value, of_shares=share),
                    "align": "right",
                    "baseline": "bottom",
                    "dx": -2,
                    "dy": -8,
                    "fontWeight": "bold",
                    "fontSize": 14,
                },
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data([{"day": rows[0]["day"], "y": 0}]),
                "mark": {
                    "type": "text",
                    "text": "no effect",
                    "align": "left",
                    "dx": 2,
                    "dy": 13,
                    "color": MUTED,
                },
                "encoding": {"x": x, "y": y},
            },
        ],
        width=width,
        height=280,
        data=data(rows),
    )


def _ticks(rows: Sequence[Spec], count: int) -> list[Spec]:
    """Some of the days, evenly spaced, as Vega-Lite writes dates."""
    step = max(round((len(rows) - 1) / (count - 1)), 1) if count > 1 else 1
    days = (str(row["day"]).split("-") for row in rows[::step])
    return [
        {"year": int(year), "month": int(month), "date": int(day), "utc": True} for year, month, day in days
    ]


def _domain(rows: Sequence[Spec]) -> list[float]:
    """What the later looks need: the first days' intervals are so wide that they would hide the rest."""
    settled = rows[len(rows) // 4 :]
    reach = max(max(abs(row["low"]), abs(row["high"])) for row in settled)
    return [-reach if min(row["low"] for row in settled) < 0 else -0.25 * reach, reach * 1.1]
