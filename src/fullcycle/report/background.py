"""What stands around the numbers: the brief, the flow, the cost, and where everything comes from."""

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.graph import picture
from fullcycle.report.parts import Pen, Table, missing, section, source
from fullcycle.report.story import Story
from fullcycle.report.style import NARROW, WIDE
from fullcycle.report.wording import money, seconds


def brief(story: Story, pen: Pen) -> Markup:
    """The problem in the owner's words."""
    part = story.brief
    if part is None:
        return section("brief", "The problem", missing(f"No brief yet: write {story.capability}/brief.md."))
    lines = (
        ("problem", part.problem),
        ("metric", part.metric),
        ("owner", part.owner),
        ("risk", part.tier),
        *part.facts,
    )
    prose = tag("div", Markup(pen.markdown(part.prose)), class_="prose") if part.prose.strip() else None
    told = tag("dl", *(joined(tag("dt", name), tag("dd", text)) for name, text in lines), class_="lines")
    return section("brief", "The problem", told, prose, source(part.source))


def flow(story: Story) -> Markup:
    """The picture of the flow, and for each step its time and why it ran."""
    part = story.flow
    if part is None:
        what = missing("No run yet.", f"fullcycle run {story.capability} -m 'first try'")
        return section("flow", "How it is made", what)
    total = sum(step.seconds for step in part.steps if not step.reused)
    lead = f"{len(part.steps)} steps in {seconds(total)}" + (f": {part.message}" if part.message else "")
    table = Table(
        ("step", "kind", "rows", "time", "why"),
        [
            (
                step.name,
                step.role,
                "" if step.rows is None else f"{step.rows:,}",
                "reused" if step.reused else seconds(step.seconds),
                step.reason,
            )
            for step in part.steps
        ],
        (2, 3),
    )
    return section(
        "flow",
        "How it is made",
        tag("p", lead, class_="lead"),
        tag(
            "figure",
            tag("div", picture(part.steps, width=WIDE, downwards=False), class_="wide"),
            tag("div", picture(part.steps, width=NARROW, downwards=True), class_="narrow"),
        ),
        table.html(),
        source(part.source),
    )


def cost(story: Story) -> Markup:
    """What it cost so far."""
    part = story.cost
    if part is None:
        what = missing("No cost yet: every run records what it took.", f"fullcycle run {story.capability}")
        return section("cost", "What it costs", what)
    rows = [(name, money(amount, cents=True)) for name, amount in part.rows]
    total = (tag("strong", "in all"), tag("strong", money(part.total, cents=True)))
    return section(
        "cost", "What it costs", Table(("", "so far"), [*rows, total], (1,)).html(), source(part.source)
    )


def provenance(story: Story) -> Markup:
    """What every number stands on."""
    if not story.provenance:
        what = missing("Nothing recorded yet.", f"fullcycle runs {story.capability}")
        return section("provenance", "Where the numbers come from", what)
    rows = [
        (part.what, tag("code", part.ref), tag("code", part.digest[:12], class_="digest"), part.at, part.by)
        for part in story.provenance
    ]
    table = Table(("what", "reference", "digest", "when", "by"), rows)
    show = tag(
        "p",
        "Each can be looked up: ",
        tag("code", f"fullcycle show {story.provenance[0].ref}"),
        class_="source",
    )
    return section("provenance", "Where the numbers come from", table.html(), show)
