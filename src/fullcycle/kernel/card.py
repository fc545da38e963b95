"""What a notebook shows of a thing: a few lines and a table, in HTML that needs nothing else.

No script, no style sheet, no colour of its own: it takes the notebook's ink, so that it is
read on light and on dark alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fullcycle.kernel.markup import Markup, joined, tag

_CELL = "text-align:left;padding:2px 14px 2px 0;border:0;background:none"
_NUMBER = _CELL.replace("left", "right", 1)
_HEAD = f"{_CELL};font-weight:600;opacity:.7"
_TABLE = "border-collapse:collapse;margin:4px 0 0;font-variant-numeric:tabular-nums"


@dataclass(frozen=True, slots=True)
class Card:
    """A title, lines of name and text, and perhaps a table under its heads."""

    title: str
    lines: Mapping[str, object] = field(default_factory=dict)
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()

    def html(self) -> Markup:
        """The card; whatever is in it is escaped.

        >>> Card("a < b").html()
        '<div style="margin:4px 0"><strong>a &lt; b</strong></div>'
        """
        named = [tag("tr", _th(name), tag("td", told, style=_CELL)) for name, told in self.lines.items()]
        lines = tag("table", tag("tbody", *named), style=_TABLE) if named else None
        return tag("div", tag("strong", self.title), lines, self._table(), style="margin:4px 0")

    def _table(self) -> Markup | None:
        if not self.rows:
            return None
        head = tag("tr", *(_th(name) for name in self.head))
        rows = (tag("tr", *(_td(cell) for cell in row)) for row in self.rows)
        return tag("table", tag("thead", head), tag("tbody", joined(*rows)), style=_TABLE)


def _th(name: object) -> Markup:
    return tag("th", name, style=_HEAD)


def _td(cell: object) -> Markup:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return tag("td", f"{cell:,}" if isinstance(cell, int) else f"{cell:.4f}", style=_NUMBER)
    return tag("td", "" if cell is None else cell, style=_CELL)
