"""How gates and the evidence that they were shown look in a terminal."""

import sys
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any

import click
import msgspec
from rich.table import Table

from fullcycle.cli.printing import money, show_table
from fullcycle.kernel import counted
from fullcycle.release import Assessment, Compared, Judgement
from fullcycle.value import CostPart, Prices, cost_of_deciding

_NAME = 10  # columns of a gate's name
_THOUSAND = 1_000


def show_judgement(judgement: Judgement, prices: Prices, *, cures: bool, slices: bool = False) -> None:
    """Print what each gate found, and what was measured.

    ``cures`` also tells what to do, where no error is about to; ``slices`` how each slice
    compares with what is deployed.
    """
    for verdict in judgement.verdicts:
        mark, colour = ("✓", "green") if verdict.passed else ("✗", "red")
        click.secho(f"  {mark} ", fg=colour, nl=False)
        _folded(f"{verdict.gate:<{_NAME}} ", verdict.found, 4)
        if cures and not verdict.passed:
            _folded(f"{'':<{_NAME + 5}}needed: ", verdict.needed, 0)
            _folded(f"{'':<{_NAME + 5}}mend:   ", verdict.mend, 0)
    incumbent = judgement.evidence.incumbent
    if slices and incumbent is not None:
        for one in incumbent.compared:
            _show_slices(one, f"v{incumbent.release}")
    measured = judgement.evidence.assessment
    if measured is not None:
        for name, told in _figures(measured, prices):
            _folded(f"    {name:<{_NAME}} ", told, 0, dim=True)


def figures_as_json(judgement: Judgement, prices: Prices) -> dict[str, Any]:
    """What follows from what was measured: decisions per second of one core, and what a thousand cost."""
    measured = judgement.evidence.assessment
    if measured is None or not measured.cpu_s:
        return {"decisions_per_core_s": None, "cost_per_thousand": None}
    cost = _cost(measured, measured.cpu_s, prices)
    return {
        "decisions_per_core_s": 1 / measured.cpu_s,
        "cost_per_thousand": msgspec.to_builtins(cost.amount) if prices.cpu_hour else None,
    }


def _figures(measured: Assessment, prices: Prices) -> list[tuple[str, str]]:
    told = [
        (
            "one worker",
            f"p50 {measured.p50_s * 1e3:.2f} ms, p99 {measured.p99_s * 1e3:.2f} ms, "
            f"{measured.memory_bytes / 1e6:.0f} MB, ready in {measured.start_s:.2f} s "
            f"({counted(measured.requests, 'request')})",
        )
    ]
    if not measured.cpu_s:
        return told
    rate = f"{1 / measured.cpu_s:,.0f} decisions a second, {measured.cpu_s * 1e6:,.0f} µs of CPU each"
    told.append(("one core", f"{rate}; what the HTTP server takes comes on top"))
    if prices.cpu_hour:
        cost = _cost(measured, measured.cpu_s, prices)
        told.append(("cost", f"{_small(cost)} for {cost.name}: {cost.counted}"))
    else:
        told.append(("cost", "not known: say prices.cpu_hour in fullcycle.toml"))
    return told


def _cost(measured: Assessment, cpu_s: float, prices: Prices) -> CostPart:
    return cost_of_deciding(_THOUSAND, cpu_s=cpu_s, memory_bytes=measured.memory_bytes, prices=prices)


def _small(cost: CostPart) -> str:
    """An amount that may be far below a cent."""
    amount = cost.amount
    return money(amount) if amount.amount >= 0.001 else f"{amount.amount:.2g} {amount.currency}"


def _show_slices(one: Compared, version: str) -> None:
    """Each slice of a model: new minus deployed, with intervals that hold all at once."""
    if not one.slices:
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, justify in (
        ("    slice", "left"),
        ("rows", "right"),
        (f"{one.step} minus that of {version}", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]  # a Literal of rich
    for part in one.slices:
        change = part.difference
        told = (
            f"{change.value:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"
            if change is not None
            else part.note
        )
        table.add_row(f"    {part.column} {part.value}", f"{part.rows:,}", told)
    show_table(table)


def _folded(name: str, text: str, before: int, *, dim: bool = False) -> None:
    """A name and what is said of it: folded beside it on a terminal, in one line where it is piped on.

    ``before`` columns are printed already.
    """
    lines = [text]
    if sys.stdout.isatty():
        width = max(get_terminal_size().columns - before - len(name), 30)
        lines = wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    click.secho(f"{name}{lines[0]}", dim=dim)
    for line in lines[1:]:
        click.secho(f"{'':<{before + len(name)}}{line}", dim=dim)
