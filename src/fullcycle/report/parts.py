"""The pieces that every section of the page is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fullcycle.kernel import Markup, joined, tag
from fullcycle.report.style import Spec

Draw = Callable[[Spec], str]
"""Turns a Vega-Lite specification into an SVG element."""


@dataclass(frozen=True, slots=True)
class Pen:
    """What the page is drawn with: ``svg`` is None where charts cannot be drawn, tables then stand in."""

    markdown: Callable[[str], str]
    svg: Draw | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text or markup under their heads; the columns at ``numbers`` stand right-aligned."""

    head: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    numbers: tuple[int, ...] = ()

    def html(self) -> Markup:
        """The table; on a phone, one of many columns stands row by row, each cell beside its head."""
        head = tag("tr", *(tag("th", text, class_=self._class(at)) for at, text in enumerate(self.head)))
        rows = (tag("tr", *(self._cell(at, cell) for at, cell in enumerate(row))) for row in self.rows)
        table = tag("table", tag("thead", head), tag("tbody", *rows))
        return tag("div", table, class_="scroll stack" if len(self.head) > 4 else "scroll")

    def _cell(self, column: int, cell: object) -> Markup:
        return tag("td", cell, class_=self._class(column), data_head=self.head[column])

    def _class(self, column: int) -> str | None:
        return "n" if column in self.numbers else None


def section(name: str, title: str, *children: object) -> Markup:
    """A section that the navigation can point to."""
    return tag("section", tag("h2", title, id=name), *children)


def missing(what: str, command: str | None = None) -> Markup:
    """One line for a part that is not there yet, and the command that makes it."""
    how = joined(" ", tag("code", command)) if command else None
    return tag("p", what, how, class_="none")


def source(text: str) -> Markup:
    """Where the numbers beside it come from."""
    return tag("div", text, class_="source")


def figure(
    pen: Pen, title: str, spec: Spec, table: Table, *, told: str, lead: str = "", wide: Spec | None = None
) -> Markup:
    """A chart with what it shows, its numbers on demand and their source; only the numbers without a pen.

    ``wide`` is the same chart for a wide screen.
    """
    caption = tag("figcaption", lead) if lead else None
    if pen.svg is None:
        return tag("figure", tag("h3", title), caption, table.html(), source(told))
    drawn: list[Markup]
    if wide is None:
        drawn = [_image(pen.svg(spec), title, "half")]
    else:
        drawn = [_image(pen.svg(wide), title, "wide"), _image(pen.svg(spec), title, "narrow")]
    numbers = tag("details", tag("summary", "the numbers"), table.html())
    return tag("figure", tag("h3", title), caption, *drawn, source(told), numbers)


def _image(svg: str, title: str, class_: str) -> Markup:
    return tag("div", Markup(svg), class_=class_, role="img", aria_label=title)
