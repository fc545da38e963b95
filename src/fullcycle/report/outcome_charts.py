"""Charts of what it brought: effects before and after."""

from fullcycle.report.charts import SIGNED, chart, data, interval_marks
from fullcycle.report.story import Effect, ValueRow
from fullcycle.report.style import BLUE, GREY, INK, Spec
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
