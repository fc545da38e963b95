"""A family of models on the page: which are best and worst, what they rest on, and each by itself."""

from collections.abc import Mapping, Sequence
from math import ceil, floor

from fullcycle.evaluate import Evaluation, Influence, mean_of
from fullcycle.kernel import Markup, joined, tag
from fullcycle.report import charts, family_charts
from fullcycle.report.family_charts import Spread, standing
from fullcycle.report.findings import comparison
from fullcycle.report.parts import Pen, Table, figure, source
from fullcycle.report.story import FamilyPart, Story
from fullcycle.report.wording import aligned, number

_ENDS = 5  # models shown from either end of the order
_DRIVERS = 8  # features shown
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_DOTS = 200  # rows in the chart of directions


def leaderboard(part: FamilyPart, pen: Pen) -> Markup:
    """The models by what they add to their baselines, the best first; each by itself on demand."""
    ordered = _ordered(part.evaluations)
    ends = _ends(ordered)
    told = f"{part.source} · each model judged on rows of its own that it had not seen"
    shown = figure(
        pen,
        "Each model beside its baseline",
        family_charts.beside_baseline(ordered),
        _board(ordered),
        told=told,
        lead="One mark per model; the best and the worst are named. Orange triangles are clearly worse than "
        "their baseline, grey squares within the noise.",
    )
    first = next(iter(ordered.values()))
    better = "right is better" if first.higher_is_better else "left is better"
    extremes = figure(
        pen,
        "The best and the worst" if len(ends) < len(ordered) else "What each adds",
        family_charts.differences(ends, title=f"{first.score}, model minus baseline; {better}"),
        _board(ends),
        told=told,
        lead="Bars are 95 % intervals; the dashed line is the baseline.",
    )
    drawn = tag("div", shown, extremes, class_="pair after")
    table = _board(ends).html() if pen.svg is not None else None  # else it stands there already
    return joined(_summary(part), drawn, table, _each(part))


def overviews(story: Story, pen: Pen) -> list[Markup]:
    """What the models of each family rest on, where they can say so."""
    return [
        _overview(part, {key: one for key, one in part.evaluations.items() if one.influences}, pen)
        for part in story.families
        if any(one.influences for one in part.evaluations.values())
    ]


def _overview(part: FamilyPart, family: Mapping[str, Evaluation], pen: Pen) -> Markup:
    """Each feature's weight over all models, and in which direction it works."""
    rows = _spreads(family)[:_DRIVERS]
    table = Table(
        ("feature", "median", "half of the models", "all models", "least in", "most in"),
        [_spread_row(row, family) for row in rows],
        (1, 2, 3),
    )
    told = f"{part.source} · exact TreeSHAP of {len(family):,} models, in their raw output"
    bars = figure(
        pen,
        f"What the models of {part.step} rest on",
        family_charts.spreads(rows),
        table,
        told=f"{told} (logarithms for counts, log-odds for a probability)",
        lead="Mean |SHAP|: a dot for the median model, a bar for half of the models, a line for all.",
    )
    if pen.svg is None:
        return bars
    dots = _pooled(family, [row.name for row in rows])
    drawn = tag(
        "div",
        Markup(pen.svg(charts.beeswarm(dots))),
        class_="half",
        role="img",
        aria_label="SHAP values by row",
    )
    note = f"each dot is one row of one model, {len(dots[0].effects):,} in all; low and high are of its slice"
    return tag(
        "div", bars, tag("figure", tag("h3", "In which direction"), drawn, source(note)), class_="pair"
    )


def _ordered(family: Mapping[str, Evaluation]) -> dict[str, Evaluation]:
    """The models by what they add to their baselines, the best first."""
    sign = -1 if next(iter(family.values())).higher_is_better else 1
    return dict(sorted(family.items(), key=lambda item: sign * item[1].difference.value))


def _ends(ordered: Mapping[str, Evaluation]) -> dict[str, Evaluation]:
    keys = list(ordered)
    chosen = keys if len(keys) <= 2 * _ENDS else keys[:_ENDS] + keys[-_ENDS:]
    return {key: ordered[key] for key in chosen}


def _summary(part: FamilyPart) -> Markup:
    """Means over the family, and how many of it beat their baselines."""
    every = list(part.evaluations.values())
    first = every[0]
    facts = [
        (f"mean of {len(every):,} models", [one.model for one in every], False),
        (f"mean baseline: {first.baseline_name}", [one.baseline for one in every], False),
        ("mean difference", [one.difference for one in every], True),
    ]
    boxes = []
    for name, scores, sign in facts:
        mean = mean_of(scores)
        value, low, high = aligned(mean.value, mean.low, mean.high, plus=sign)
        big = tag("div", value, class_="big")
        boxes.append(
            tag("div", tag("dt", name), tag("dd", big, tag("div", f"{low} to {high}", class_="range")))
        )
    counts = [standing(one) for one in every]
    said = (
        f"{counts.count('better'):,} of {len(every):,} models beat their baselines, "
        f"{counts.count('worse'):,} are worse, {counts.count('unclear'):,} within the noise."
    )
    rows = f"{sum(one.test_rows for one in every):,} rows they had not seen"
    learnt = f"{sum(one.train_rows for one in every):,} to learn from"
    how = "every model counts alike, and their intervals are taken as independent"
    return joined(
        tag("p", tag("strong", first.score), f" – {first.meaning}. {said}"),
        tag("dl", *boxes, class_="facts"),
        source(f"{part.source} · {part.step}, {rows}, {learnt}; {how}"),
    )


def _board(family: Mapping[str, Evaluation]) -> Table:
    score = next(iter(family.values())).score
    rows = []
    for key, one in family.items():
        value, low, high = aligned(one.model.value, one.model.low, one.model.high)
        beside, from_, to = aligned(one.difference.value, one.difference.low, one.difference.high, plus=True)
        rows.append(
            (
                key,
                f"{one.test_rows:,}",
                value,
                f"{low} to {high}",
                number(one.baseline.value),
                beside,
                f"{from_} to {to}",
            )
        )
    head = ("model", "rows", score, "95 % interval", "baseline", "difference", "95 % interval")
    return Table(head, rows, (1, 2, 3, 4, 5, 6))


def _each(part: FamilyPart) -> Markup:
    """Each model by itself, folded away."""
    folded = (_one(key, one) for key, one in part.evaluations.items())
    return tag("details", tag("summary", f"each of the {len(part.evaluations):,} models"), *folded)


def _one(key: str, found: Evaluation) -> Markup:
    score, baseline = aligned(found.model.value, found.baseline.value)
    head = tag("summary", f"{key}: {found.score} {score}, baseline {baseline}")
    learnt = f"{found.test_rows:,} rows it had not seen, {found.train_rows:,} to learn from."
    drivers = [(one.feature, number(one.mean_abs)) for one in found.influences[:_DRIVERS]]
    bins = [(number(b.predicted), number(b.observed), f"{b.rows:,}") for b in found.bins]
    tables = [
        Table(head_, rows, tuple(range(len(head_) - 1, 0, -1))).html()
        for head_, rows in ((("feature", "mean |SHAP|"), drivers), (("predicted", "came true", "rows"), bins))
        if rows
    ]
    notes = [tag("p", note, class_="source") for note in found.notes]
    said = tag("p", f"{comparison(found)} {learnt}", class_="source")
    return tag("details", head, said, *notes, tag("div", *tables, class_="pair"))


def _spreads(family: Mapping[str, Evaluation]) -> list[Spread]:
    """Each feature's mean absolute SHAP value over the models, the strongest median first."""
    found: dict[str, list[float]] = {}
    for one in family.values():
        for influence in one.influences:
            found.setdefault(influence.feature, []).append(influence.mean_abs)
    rows = [Spread(name, *(_quantile(sizes, q) for q in _QUARTERS)) for name, sizes in found.items()]
    return sorted(rows, key=lambda row: -row.median)


def _quantile(values: Sequence[float], q: float) -> float:
    """The value below which a share ``q`` lies, straight between the two nearest."""
    place = q * (len(values) - 1)
    low, high = (sorted(values)[round_(place)] for round_ in (floor, ceil))
    return low + (high - low) * (place - floor(place))


def _spread_row(row: Spread, family: Mapping[str, Evaluation]) -> tuple[str, ...]:
    sizes = {
        key: influence.mean_abs
        for key, one in family.items()
        for influence in one.influences
        if influence.feature == row.name
    }
    least, quarter, median, three_quarters, most = aligned(
        row.least, row.quarter, row.median, row.three_quarters, row.most
    )
    ends = min(sizes, key=lambda key: sizes[key]), max(sizes, key=lambda key: sizes[key])
    return (row.name, median, f"{quarter} to {three_quarters}", f"{least} to {most}", *ends)


def _pooled(family: Mapping[str, Evaluation], features: list[str]) -> list[Influence]:
    """Some rows of every model in one cloud per feature: others of each, as all may have the same days."""
    each = max(_DOTS // len(family), 1)
    pooled = []
    for name in features:
        told = [one for found in family.values() for one in found.influences if one.feature == name]
        places = [
            (one, (at * each + n) % len(one.effects)) for at, one in enumerate(told) for n in range(each)
        ]
        pooled.append(
            Influence(
                feature=name,
                mean_abs=sum(one.mean_abs for one in told) / len(told),
                effects=[one.effects[place] for one, place in places],
                levels=[one.levels[place] for one, place in places],
                labels=told[0].labels,
            )
        )
    return pooled
