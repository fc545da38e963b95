"""How numbers, times and references look in a terminal."""

import sys
from datetime import datetime
from textwrap import wrap

from rich.console import Console
from rich.table import Table

from fullcycle.kernel import Money, instant

_PIPED = 400  # columns; a long message must not be folded where grep looks for it


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if value < 0.0005:
        return "0 ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def money(value: Money) -> str:
    """An amount; small ones with the digits that matter."""
    digits = 2 if abs(value.amount) >= 0.1 or value.amount == 0 else 5
    return f"{value.amount:,.{digits}f} {value.currency}"


def memory(size: int) -> str:
    """Bytes in the unit that suits them."""
    value, units = float(size), ["B", "kB", "MB", "GB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:,.0f} {units[0]}"


def scored(value: float, low: float | None, high: float | None) -> str:
    """A score with its interval, where it has one."""
    interval = f" [{low:.4f}, {high:.4f}]" if low is not None and high is not None else ""
    return f"{value:.4f}{interval}"


def when(micros: int) -> str:
    """A time in the reader's own time zone, to the minute."""
    local: datetime = instant(micros).astimezone()
    return f"{local:%Y-%m-%d %H:%M}"


def to_the_second(micros: int) -> str:
    """A time in the reader's own time zone, where minutes would not tell one event from the next."""
    return f"{instant(micros).astimezone():%Y-%m-%d %H:%M:%S}"


def in_column(reasons: str, width: int) -> list[str]:
    """Reasons as the lines of a column: in one where they fit, else each in its own.

    One that is wider than the column is folded on a terminal, and left whole where grep may look for it.
    """
    if len(reasons) <= width:
        return [reasons]
    each = reasons.split("; ")
    if not sys.stdout.isatty():
        return each
    return [line for one in each for line in wrap(one, width, break_on_hyphens=False) or [""]]


def one_line(text: str) -> str:
    """A text for a cell: in one line, without what would steer a terminal."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def show_table(table: Table) -> None:
    """Print a table: fitted to a terminal, one line per row where it is piped on."""
    # what people wrote, such as "[/x] tried again", is no markup of ours
    Console(width=None if sys.stdout.isatty() else _PIPED, markup=False, emoji=False).print(table)
