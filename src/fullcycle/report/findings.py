"""What was found about the model and the service before anybody was exposed to it."""

from fullcycle.evaluate import Evaluation, Measured
from fullcycle.kernel import Markup, joined, tag
from fullcycle.report import charts
from fullcycle.report.parts import Pen, Table, figure, missing, section, source
from fullcycle.report.story import AssessmentPart, EvaluationPart, Story
from fullcycle.report.wording import aligned, level, number, signed

_DRIVERS = 8  # features shown


def evaluation(story: Story, pen: Pen, *families: Markup) -> Markup:
    """Each model's score beside its baseline's, and its charts; then families of models."""
    if not story.evaluations and not families:
        what = missing("No model has been judged yet.", f"fullcycle run {story.capability}")
        return section("evaluation", "How good the model is", what)
    single = (_judged(part, pen) for part in story.evaluations)
    return section("evaluation", "How good the model is", *single, *families)


def drivers(story: Story, pen: Pen, *families: Markup) -> Markup:
    """What the predictions rest on, by exact SHAP values."""
    parts = [part for part in story.evaluations if part.evaluation.influences]
    if not parts and not families:
        what = missing("No explanation: no model that has been judged can give one.")
        return section("drivers", "What drives it", what)
    return section("drivers", "What drives it", *(_explained(part, pen) for part in parts), *families)


def slices(story: Story, pen: Pen) -> Markup:
    """The score on parts of the rows."""
    parts = [part for part in story.evaluations if part.evaluation.slices]
    if not parts:
        alone = missing("Each model is of a part of the rows: see how good the models are.")
        named = missing("No slices: name columns in slices= of @fc.model.")
        what = alone if story.families and not story.evaluations else named
        return section("slices", "For whom it works", what)
    return section("slices", "For whom it works", *(_sliced(part, pen) for part in parts))


def service(story: Story, pen: Pen) -> Markup:
    """Latency and memory beside the budget."""
    part = story.assessment
    if part is None:
        what = missing("Not measured yet: a release is.", f"fullcycle release {story.capability}")
        return section("service", "How fast it answers", what)
    latency = [("median", part.p50_ms), ("99th percentile", part.p99_ms)]
    memory = [("memory", part.memory_mb)]
    if part.note or part.start_seconds is not None:
        start = f"ready {part.start_seconds:.2g} s after its start" if part.start_seconds is not None else ""
        lead = "; ".join(text for text in (part.note, start) if text)
    else:
        lead = ""
    return section(
        "service",
        "How fast it answers",
        tag("p", _within(part), f" {lead[:1].upper()}{lead[1:]}." if lead else None),
        tag(
            "div",
            figure(
                pen,
                "Time to answer",
                charts.budget_bars(latency, part.budget_p99_ms, unit="ms"),
                Table(("requests", "ms"), [(name, number(ms)) for name, ms in latency], (1,)),
                told=part.source,
            ),
            figure(
                pen,
                "Memory of a worker",
                charts.budget_bars(memory, part.budget_memory_mb, unit="MB"),
                Table(("", "MB"), [("memory", number(part.memory_mb))], (1,)),
                told=part.source,
            ),
            class_="pair",
        ),
    )


def _within(part: AssessmentPart) -> Markup:
    found = [
        (part.p99_ms, part.budget_p99_ms, "latency"),
        (part.memory_mb, part.budget_memory_mb, "memory"),
    ]
    judged = [(what, value <= budget) for value, budget, what in found if budget is not None]
    over = [what for what, within in judged if not within]
    if not judged:
        return joined("The brief sets no budget.")
    if over:
        return tag("span", f"✗ Over the budget: {' and '.join(over)}.", class_="check bad")
    return tag(
        "span", f"✓ Within the budget: {' and '.join(what for what, _ in judged)}.", class_="check good"
    )


def _judged(part: EvaluationPart, pen: Pen) -> Markup:
    found = part.evaluation
    told = f"{part.source} · {found.test_rows:,} rows it had not seen, {found.train_rows:,} to learn from"
    facts = [
        (f"{part.step}, the model", found.model, False),
        (f"baseline: {found.baseline_name}", found.baseline, False),
        ("difference", found.difference, True),
    ]
    boxes = (
        tag(
            "div",
            tag("dt", name),
            tag("dd", tag("div", shown, class_="big"), tag("div", span, class_="range")),
        )
        for name, shown, span in ((name, *_measured(value, sign)) for name, value, sign in facts)
    )
    score = tag("p", tag("strong", found.score), f" – {found.meaning}. ", comparison(found))
    notes = [tag("p", note, class_="source") for note in found.notes]
    drawn = [_bins(found, pen, part.source)] if found.bins else []
    if found.curve:
        drawn.insert(0, _curve(found, pen, part.source))
    return joined(
        score,
        tag("dl", *boxes, class_="facts"),
        source(told),
        *notes,
        tag("div", *drawn, class_="pair after"),
    )


def _measured(value: Measured, sign: bool) -> tuple[str, str]:
    shown, low, high = aligned(value.value, value.low, value.high, plus=sign)
    return shown, f"{low} to {high}"


def comparison(found: Evaluation) -> str:
    """Whether a model beats its baseline, in a sentence."""
    if found.clearly_worse:
        return "The model is worse than its baseline."
    if not found.beats_baseline:
        return "The model does not beat its baseline."
    return (
        "The model beats its baseline."
        if found.clearly_better
        else "The model looks better than its baseline, within the noise."
    )


def _bins(found: Evaluation, pen: Pen, told: str) -> Markup:
    binary = found.bins_kind == "calibration"
    rows = [
        (
            level(b.predicted, of_shares=binary),
            level(b.observed, of_shares=binary),
            f"{level(b.low, of_shares=binary)} to {level(b.high, of_shares=binary)}",
            f"{b.rows:,}",
        )
        for b in found.bins
    ]
    return figure(
        pen,
        "Do predictions come true?" if binary else "Are predictions right on average?",
        charts.calibration(found.bins, binary=binary),
        Table(("predicted", "came true", "95 % interval", "rows"), rows, (0, 1, 2, 3)),
        told=told,
        lead="Rows of similar predictions; on the dashed line they come true on average.",
    )


def _curve(found: Evaluation, pen: Pen, told: str) -> Markup:
    rows = [
        (f"{p.share:.0%}", signed(p.gain), " to ".join(aligned(p.low, p.high, plus=True)))
        for p in found.curve[:: max(len(found.curve) // 10, 1)]
    ]
    share = found.bins_kind == "calibration"
    return figure(
        pen,
        "Who should be treated?",
        charts.qini_curve(found.curve, share=share),
        Table(("treated", "gain per row", "95 % interval"), rows, (1, 2)),
        told=told,
        lead="Gain per row of everybody when only the most promising are treated, with its 95 % band.",
    )


def _explained(part: EvaluationPart, pen: Pen) -> Markup:
    shown = part.evaluation.influences[:_DRIVERS]
    told = f"{part.source} · exact TreeSHAP, in the model's raw output (log-odds for a probability)"
    table = Table(("feature", "mean |SHAP|"), [(i.feature, number(i.mean_abs)) for i in shown], (1,))
    coded = [f"{i.feature}: {', '.join(i.labels)}" for i in shown if i.labels and i.labels != ["no", "yes"]]
    legend = (
        tag("p", f"Colours of categories in this order – {'; '.join(coded)}.", class_="source")
        if coded
        else None
    )
    bars = figure(pen, f"What {part.step} rests on", charts.influence_bars(shown), table, told=told)
    if pen.svg is None:
        return bars
    dots = tag(
        "figure",
        tag("h3", "In which direction"),
        tag(
            "div",
            Markup(pen.svg(charts.beeswarm(shown))),
            class_="half",
            role="img",
            aria_label="SHAP values by row",
        ),
        tag("div", "each dot is one of ", str(len(shown[0].effects)), " sampled rows", class_="source"),
        legend,
    )
    return tag("div", bars, dots, class_="pair")


def _sliced(part: EvaluationPart, pen: Pen) -> Markup:
    found = part.evaluation
    rows = [
        (
            s.column,
            s.value,
            f"{s.rows:,}",
            number(s.score.value) if s.score else "–",
            " to ".join(aligned(s.score.low, s.score.high)) if s.score else s.note,
        )
        for s in found.slices
    ]
    table = Table(("column", "value", "rows", found.score, "95 % interval"), rows, (2, 3))
    better = "higher is better" if found.higher_is_better else "lower is better"
    if not any(s.score for s in found.slices):
        return joined(table.html(), source(part.source))
    chart = figure(
        pen,
        f"{found.score} by slice",
        charts.forest(found.slices, found.model, title=f"{found.score}, {better}"),
        table,
        told=part.source,
        lead="Bars are 95 % intervals; the dashed line is the score of all rows.",
    )
    left_out = [f"{s.column} {s.value}: {s.note}" for s in found.slices if s.score is None]
    return joined(chart, tag("p", "Left out: " + "; ".join(left_out), class_="source") if left_out else None)
