"""One page that holds everything: no request leaves it, no script runs in it."""

from collections.abc import Callable

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report import background, families, findings, summary
from fullcycle.report.experiment import experiment
from fullcycle.report.parts import Draw, Pen, source
from fullcycle.report.story import Story
from fullcycle.report.style import CSS

_NOTHING_FETCHED = "default-src 'none'; style-src 'unsafe-inline'"  # held by the browser itself
_NAVIGATION = (
    ("brief", "problem"),
    ("experiment", "experiment"),
    ("evaluation", "model"),
    ("drivers", "drivers"),
    ("slices", "slices"),
    ("service", "service"),
    ("flow", "flow"),
    ("cost", "cost"),
    ("provenance", "sources"),
)


def render(story: Story, *, markdown: Callable[[str], str], svg: Draw | None = None) -> str:
    """The report as one HTML document.

    Args:
        story: what to tell.
        markdown: turns the brief's prose into HTML that is safe to show.
        svg: draws a Vega-Lite specification; without it the page shows tables.
    """
    pen = Pen(markdown, svg)
    title = story.title or story.capability
    body = joined(
        _header(story, title),
        tag(
            "main",
            summary.verdict(story),
            summary.value(story, pen),
            background.brief(story, pen),
            experiment(story, pen),
            findings.evaluation(story, pen, *(families.leaderboard(part, pen) for part in story.families)),
            findings.drivers(story, pen, *families.overviews(story, pen)),
            findings.slices(story, pen),
            findings.service(story, pen),
            background.flow(story),
            background.cost(story),
            background.provenance(story),
        ),
        tag(
            "footer",
            source(f"Made by fullcycle from the record, {story.made}. Every number names its source."),
        ),
    )
    return document(title, body)


def document(title: str, body: Markup) -> str:
    """A document that holds all it shows, and in which nothing runs."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FETCHED),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} – fullcycle"),
        tag("style", Markup(CSS)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en") + "\n"


def _header(story: Story, title: str) -> Markup:
    sub = story.brief.problem if story.brief is not None else "From the problem to its measured outcome"
    links = tag("nav", *(tag("a", text, href=f"#{name}") for name, text in _NAVIGATION))
    notes = [tag("p", note, class_="sub") for note in story.notes]
    return tag("header", tag("h1", title), tag("p", sub, class_="sub"), *notes, links)
