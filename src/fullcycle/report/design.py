"""A design on one page: what so many days show, how soon, and whether the analysis keeps its promise."""

from collections.abc import Sequence
from dataclasses import dataclass

from fullcycle.experiment import Design, Rehearsed
from fullcycle.kernel import Markup, Money, counted, joined, tag
from fullcycle.report.design_charts import alarm_chart, chance_chart, effect_chart, looked
from fullcycle.report.page import document
from fullcycle.report.parts import Draw, Pen, Table, figure, missing, section, source
from fullcycle.report.style import WIDE
from fullcycle.report.wording import level, money, number, percent, points


@dataclass(frozen=True, slots=True)
class DesignPage:
    """A design as its page tells it; ``designs`` with the experiment's own analysis first.

    ``share`` is whether the metric is a share of units; ``made`` is ``YYYY-MM-DD HH:MM UTC``.
    """

    title: str
    made: str
    about: str  # of what past it is made, in one line
    share: bool
    designs: Sequence[Design]
    rehearsed: Sequence[Rehearsed] = ()
    margins: Sequence[tuple[str, float, float]] = ()  # guardrail, as declared, the smallest shown to hold
    worth: str = ""
    notes: Sequence[str] = ()


def render_design(page: DesignPage, *, svg: Draw | None = None) -> str:
    """The page as one HTML document; without ``svg`` it shows tables alone."""
    pen = Pen(lambda text: text, svg)
    body = joined(
        tag("header", tag("h1", page.title), tag("p", page.about, class_="sub")),
        tag(
            "main",
            section("plan", "What it takes", _plan(page), *(tag("p", note) for note in page.notes)),
            section("soon", "How soon", _chances(page, pen), _effects(page, pen)),
            section("check", "Would it ring where nothing was done?", _alarms(page, pen)),
            _margins(page),
        ),
        tag("footer", source(f"Made by fullcycle from the past in the warehouse, {page.made}.")),
    )
    return document(page.title, body)


def _plan(page: DesignPage) -> Markup:
    head = ("analysis", "days", "units", "smallest effect", "relative", "per year", "decisions")
    rows = [
        (
            one.analysis,
            f"{one.days}",
            f"{one.units:,}",
            _effect(one.effect, page),
            "–" if one.relative is None else percent(one.relative),
            _money(one.per_year),
            _money(one.cost),
        )
        for one in page.designs
    ]
    told = Table(head, rows, (1, 2, 3, 4, 5, 6)).html()
    first = page.designs[0]
    said = (
        f"A unit of the past has {first.metric} {level(first.baseline, of_shares=page.share)}, give or take "
        f"{number(first.sd)}. The smallest effect is the one that is found with chance "
        f"{percent(first.power)} at a level of {percent(first.alpha)}."
    )
    worth = tag("p", f"Worth: {page.worth}.", class_="sub") if page.worth else None
    return joined(tag("p", said), told, worth, _wanted(page))


def _wanted(page: DesignPage) -> Markup | None:
    told = [(one.analysis, one.wanted) for one in page.designs if one.wanted is not None]
    if not told:
        return None
    head = ("to find", "analysis", "units", "without covariates", "days", "per year", "decisions")
    rows = [
        (
            _effect(one.effect, page),
            analysis,
            f"{one.units:,}",
            "–" if one.unadjusted is None else f"{one.unadjusted:,}",
            f"{one.days:,}",
            _money(one.per_year),
            _money(one.cost),
        )
        for analysis, one in told
    ]
    return Table(head, rows, (2, 3, 4, 5, 6)).html()


def _chances(page: DesignPage, pen: Pen) -> Markup:
    spec = chance_chart(page.designs)
    if spec is None:
        return missing("The chance by day was not simulated.")
    first = next(one for one in page.designs if one.found)
    aim = _effect(first.sought or 0.0, page)
    rows = [
        (f"{step.day}", *(percent(one.found[at].share) for one in page.designs if one.found))
        for at, step in enumerate(first.found)
    ]
    head = ("day", *(one.analysis for one in page.designs if one.found))
    return figure(
        pen,
        f"The chance that an effect of {aim} is found",
        spec,
        Table(head, rows, tuple(range(len(head)))),
        told="experiments made up on the past, each unit of one half moved by the effect",
        lead="The share of made-up experiments that had found it by the end of a day of exposure.",
        wide=chance_chart(page.designs, width=WIDE),
    )


def _effects(page: DesignPage, pen: Pen) -> Markup:
    first = page.designs[0]
    rows = [
        (f"{day}", *(_effect(dict(one.by_days)[day], page) for one in page.designs))
        for day, _ in first.by_days
    ]
    head = ("days", *(one.analysis for one in page.designs))
    return figure(
        pen,
        "The smallest effect, by how long it runs",
        effect_chart(page.designs, share=page.share),
        Table(head, rows, tuple(range(len(head)))),
        told="by formula, from the baseline and its spread",
        wide=effect_chart(page.designs, share=page.share, width=WIDE),
    )


def _alarms(page: DesignPage, pen: Pen) -> Markup:
    if not page.rehearsed:
        return missing("There was no A/A check.")
    splits = page.rehearsed[0].alarms.splits
    rows = [
        (
            looked(one),
            percent(one.alarms.rate),
            f"{percent(one.alarms.low)} to {percent(one.alarms.high)}"
            if one.looks == 1
            else f"{percent(one.alarms.alpha)} at most",
            told_alarms(one),
        )
        for one in page.rehearsed
    ]
    return figure(
        pen,
        "An A/A check",
        alarm_chart(page.rehearsed),
        Table(("analysis", "false alarms", "expected", ""), rows, (1, 2)),
        told=f"{counted(splits, 'random split')} of the past",
        lead="The dashed line is the promise, at most; the black one what chance alone leaves one look.",
    )


def told_alarms(one: Rehearsed) -> str:
    """What an A/A check comes to, in a few words."""
    if not one.promised:
        return "what peeking would cost"
    return "keeps its promise" if one.alarms.kept else "rings too often: the units are not what they seem"


def _margins(page: DesignPage) -> Markup | None:
    if not page.margins:
        return None
    rows = [(name, percent(margin), percent(smallest)) for name, margin, smallest in page.margins]
    table = Table(("guardrail", "margin", "smallest that can be shown"), rows, (1, 2)).html()
    return section("guardrails", "Guardrails", table)


def _effect(value: float, page: DesignPage) -> str:
    return f"{points(value).lstrip('+')} points" if page.share else number(value)


def _money(amount: Money | None) -> str:
    return "–" if amount is None else money(amount)
