"""What the experiment says: arms, metrics, the effect over time, and whether it can be trusted."""

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.outcome_charts import over_time
from fullcycle.report.parts import Pen, Table, figure, missing, section, source
from fullcycle.report.story import ExperimentPart, MetricRow, Story
from fullcycle.report.style import WIDE
from fullcycle.report.wording import effect, effect_range, level, number, percent


def experiment(story: Story, pen: Pen) -> Markup:
    """The readout, or how to come to one."""
    part = story.experiment
    title = "What it caused"
    if part is None:
        what = missing("No experiment yet.", f"fullcycle experiment design {story.capability}")
        return section("experiment", title, what)
    status = ", ".join(text for text in (f"Experiment {part.name}", part.status) if text)
    return section(
        "experiment",
        title,
        tag("p", f"{status}. {part.note}".strip()),
        _checks(part),
        _arms(part),
        _looks(part, pen),
        _metrics(part),
        source(part.source),
    )


def _checks(part: ExperimentPart) -> Markup:
    lines = []
    if part.sample_ratio_p is not None:
        p = "p < 0.001" if part.sample_ratio_p < 0.001 else f"p = {number(part.sample_ratio_p, digits=2)}"
        lines.append(
            tag(
                "span",
                f"✗ The arms' sizes cannot be chance ({p}): something loses units.",
                class_="check bad",
            )
            if part.sample_ratio_ok is False
            else tag("span", f"✓ The arms have the sizes they should ({p}).", class_="check good")
        )
    counts = ", ".join(f"{count:,} {what}" for what, count in part.left_out if count)
    told = f" Left out: {counts}." if counts else " Nobody was left out." if part.left_out else None
    return tag("p", *lines, told) if lines or told else joined()


def _arms(part: ExperimentPart) -> Markup:
    rows = [
        (
            arm.name,
            percent(arm.weight),
            f"{arm.units:,}",
            "–" if arm.mean is None else level(arm.mean, of_shares=part.share),
        )
        for arm in part.arms
    ]
    primary = next((metric.name for metric in part.metrics if metric.role == "primary"), "primary metric")
    return Table(("arm", "weight", "units", primary), rows, (1, 2, 3)).html()


def _looks(part: ExperimentPart, pen: Pen) -> Markup | None:
    if not part.looks:
        return None
    rows = [
        (
            look.day,
            effect(look.value, of_shares=part.share),
            effect_range(look.low, look.high, of_shares=part.share),
            f"{look.units:,}",
        )
        for look in part.looks
    ]
    return figure(
        pen,
        "The effect as it became known",
        over_time(part.looks, share=part.share),
        Table(("until", "effect", "interval", "units"), rows, (1, 2, 3)),
        told=f"{part.source} · {part.interval}",
        lead="The band may be looked at every day; once it is clear of zero, there is an effect.",
        wide=over_time(part.looks, share=part.share, width=WIDE),
    )


def _metrics(part: ExperimentPart) -> Markup | None:
    if not part.metrics:
        return None
    first, second = ([arm.name for arm in part.arms[:2]] + ["first", "second"])[:2]
    rows = [_metric(metric) for metric in part.metrics]
    head = ("metric", "role", first, second, "difference", "interval", "relative", "note")
    return Table(head, rows, (2, 3, 4, 5, 6)).html()


def _metric(metric: MetricRow) -> tuple[object, ...]:
    unit = " points" if metric.share else ""
    told = metric.difference
    role = metric.role if metric.margin is None else f"{metric.role}, may worsen by {percent(metric.margin)}"
    relative = metric.relative
    return (
        metric.name,
        role,
        level(metric.first, of_shares=metric.share),
        level(metric.second, of_shares=metric.share),
        "–" if told.value is None else effect(told.value, of_shares=metric.share) + unit,
        effect_range(told.low, told.high, of_shares=metric.share),
        "–" if relative is None or relative.value is None else percent(relative.value, plus=True),
        metric.note,
    )
