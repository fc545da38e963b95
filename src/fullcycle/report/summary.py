"""The top of the page, which a product manager reads: the verdict, and what it is worth."""

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.outcome_charts import value_row
from fullcycle.report.parts import Pen, Table, figure, missing, source
from fullcycle.report.story import Effect, Story, ValueRow, Worth
from fullcycle.report.wording import effect, effect_range, money, typeset

_WORDS = {
    "ship": "Ship it.",
    "stop": "Stop it.",
    "keep going": "Keep going: it is too early to tell.",
    "unknown": "Not proven.",
}


def verdict(story: Story) -> Markup:
    """What was concluded, in one sentence, and why."""
    told = story.verdict
    if told is None:
        return missing(
            "No verdict yet: an experiment ends with one.", f"fullcycle experiment close {story.capability}"
        )
    return tag(
        "div",
        tag("strong", _WORDS[told.outcome]),
        tag("p", typeset(told.reason)),
        source(told.source),
        class_=f"verdict {told.outcome.replace(' ', '-')}",
    )


def value(story: Story, pen: Pen) -> Markup:
    """The value row: what was expected, what the past promised, what came, what it cost."""
    row = story.value
    if row is None:
        return missing("No value row yet.", f"fullcycle value {story.capability}")
    told = [
        ("Estimated in the brief", row.estimated, row.estimated_worth, ""),
        ("Estimated from past data", row.off_policy, None, row.off_policy_note),
        ("Measured in the experiment", row.measured, row.measured_worth, ""),
    ]
    facts = [_fact(title, found, worth, note, row) for title, found, worth, note in told]
    cost = row.cost
    if row.realised is not None or row.realised_note:
        facts.append(_until_now("Brought so far", row.realised, row.realised_note))
    if cost is not None:
        facts.append(
            _boxed(
                "Cost so far",
                money(cost, cents=True),
                tag("div", "machines and storage", class_="range"),
                story.cost.source if story.cost is not None else None,
            )
        )
    if row.net is not None:
        facts.append(_until_now("Net so far", row.net, "brought less cost"))
    told_below = [row.worth_note] if row.worth_note else []
    told_below += [f"Not to be added up: {sentence}." for sentence in row.together]
    worth_note = joined(*(tag("p", text, class_="source") for text in told_below))
    if not any((row.estimated, row.off_policy, row.measured)):
        return joined(tag("dl", *facts, class_="facts"), worth_note)
    chart = figure(
        pen,
        f"Effect on {row.metric}: expected and measured",
        value_row(row),
        _table(row),
        told="; ".join(found.source for found in (row.estimated, row.off_policy, row.measured) if found),
        lead="Bars are intervals; the line at zero is no effect.",
    )
    return joined(
        tag("div", tag("div", tag("dl", *facts, class_="facts"), worth_note), chart, class_="pair top")
    )


def _fact(title: str, found: Effect | None, worth: Worth | None, note: str, row: ValueRow) -> Markup:
    if found is None:
        return _boxed(title, "–", joined("not yet"), None)
    unit = " points" if row.share else f" per {row.unit}"
    span = effect_range(found.low, found.high, of_shares=row.share)
    big = span if found.value is None else effect(found.value, of_shares=row.share)
    lines = [f"{span}{unit}"] if found.value is not None else []
    if worth is not None:
        lines.append(_worth(worth))
    if note:
        lines.append(note)
    return _boxed(title, f"{big}{unit}", _lines(lines), found.source, bare=found.value is None)


def _until_now(title: str, worth: Worth | None, note: str) -> Markup:
    """Money until now, and what it is of."""
    big = "–" if worth is None else _span(worth)
    return _boxed(title, big, _lines([note]), None, bare=worth is not None)


def _span(worth: Worth) -> str:
    low, high = (money(end, cents=abs(end.amount) < 10) for end in (worth.low, worth.high))
    return low if low == high else f"{low} to {high}"


def _worth(worth: Worth) -> str:
    low, high = money(worth.low), money(worth.high)
    if worth.value is None:
        return f"{low} to {high} a year"
    return f"{money(worth.value)} a year ({low} to {high})"


def _lines(lines: list[str]) -> Markup:
    return joined(*(tag("div", line, class_="range") for line in lines))


def _boxed(title: str, big: str, below: Markup, told: str | None, *, bare: bool = False) -> Markup:
    return tag(
        "div",
        tag("dt", title),
        tag(
            "dd", tag("div", big, class_="big span" if bare else "big"), below, source(told) if told else None
        ),
    )


def _table(row: ValueRow) -> Table:
    told = [("estimated", row.estimated), ("from past data", row.off_policy), ("measured", row.measured)]
    rows = [
        (
            name,
            "" if found.value is None else effect(found.value, of_shares=row.share),
            effect_range(found.low, found.high, of_shares=row.share),
            found.source,
        )
        for name, found in told
        if found is not None
    ]
    head = f"effect on {row.metric}" + (", points" if row.share else "")
    return Table(("", head, "interval", "source"), rows, (1,))
