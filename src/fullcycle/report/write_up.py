"""A verdict on one page, as Markdown and as HTML, for people who will open nothing else."""

from dataclasses import dataclass

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.page import document
from fullcycle.report.parts import source
from fullcycle.report.story import Outcome

HEADLINES: dict[Outcome, str] = {
    "ship": "It works.",
    "stop": "It does not work.",
    "keep going": "It is too early to tell.",
    "unknown": "Nobody can tell yet whether it works.",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands out: what it is, the number, and what goes with it."""

    name: str
    number: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading with sentences below it, and points where there are several of a kind.

    ``marked`` points begin with a sign of their own, such as a tick.
    """

    heading: str
    sentences: tuple[str, ...]
    points: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True)
class WriteUp:
    """What is told: ``lead`` is the one sentence to take away, ``sources`` where all of it comes from."""

    title: str
    outcome: Outcome
    lead: str
    figures: tuple[Figure, ...]
    passages: tuple[Passage, ...]
    sources: str


def write_up_markdown(told: WriteUp) -> str:
    """The page as Markdown."""
    figures = [f"| {_plain(one.name)} | {_plain(one.number)} | {_plain(one.note)} |" for one in told.figures]
    lines = [
        f"# {_plain(told.title)}",
        "",
        f"**{HEADLINES[told.outcome]}** {_plain(told.lead)}",
        "",
        "| | | |",
        "|---|---:|---|",
        *figures,
    ]
    for passage in told.passages:
        lines += ["", f"## {_plain(passage.heading)}", ""]
        lines += [" ".join(map(_plain, passage.sentences))] if passage.sentences else []
        lines += [""] if passage.sentences and passage.points else []
        lines += [f"* {_plain(point)}" for point in passage.points]
    return "\n".join([*lines, "", f"*{_plain(told.sources)}*", ""])


def write_up_html(told: WriteUp) -> str:
    """The page as one HTML document that holds all it shows."""
    body = joined(
        tag("header", tag("h1", told.title)),
        tag(
            "main",
            tag(
                "div",
                tag("strong", HEADLINES[told.outcome]),
                tag("p", told.lead),
                class_=f"verdict {told.outcome.replace(' ', '-')}",
            ),
            tag("dl", *(_figure(one) for one in told.figures), class_="facts"),
            *(_passage(one) for one in told.passages),
            class_="letter",
        ),
        tag("footer", source(told.sources)),
    )
    return document(told.title, body)


def _figure(one: Figure) -> Markup:
    note = tag("div", one.note, class_="range") if one.note else None
    return tag("div", tag("dt", one.name), tag("dd", tag("div", one.number, class_="big span"), note))


def _passage(one: Passage) -> Markup:
    points = None
    if one.points:
        points = tag("ul", *(tag("li", each) for each in one.points), class_="marked" if one.marked else None)
    said = tag("p", " ".join(one.sentences)) if one.sentences else None
    return tag("section", tag("h2", one.heading), said, points)


_STEERS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|"})


def _plain(text: str) -> str:
    """A text that Markdown shows as it is."""
    return " ".join(text.split()).translate(_STEERS)
