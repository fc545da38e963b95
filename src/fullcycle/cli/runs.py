"""``fullcycle runs``: what was tried, and what it scored."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

import click
from rich.table import Table

from fullcycle.cli.printing import money, one_line, scored, seconds, show_table, when
from fullcycle.flow import Condition, RunLine, Status, Wanted, chosen, differing
from fullcycle.kernel import Invalid, counted, duration, micros, now
from fullcycle.wiring import open_project
from fullcycle.wiring.listing import run_lines


@click.command(name="runs")
@click.argument("capability", required=False)
@click.option("--sort", default="-run", show_default=True, help="Score, parameter or column; - is downwards.")
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Keep those of a parameter or score.")
@click.option("--by", help="Keep those of one author.")
@click.option("--grep", help="Keep those whose message holds a text.")
@click.option("--since", help="Keep those since a day (2026-11-01), or of the last while (7d).")
@click.option("--status", type=click.Choice(get_args(Status)), help="Keep those of which that has become.")
@click.option("--grid", type=click.IntRange(min=1), help="Keep the trials of a grid.")
@click.option("-n", "most", type=click.IntRange(min=1), help="Show no more than so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run.")
def command(
    capability: str | None,
    sort: str,
    where: tuple[str, ...],
    by: str | None,
    grep: str | None,
    since: str | None,
    status: str | None,
    grid: int | None,
    most: int | None,
    as_json: bool,
) -> None:
    """List the runs of a capability, or of all, newest first.

    A condition compares a parameter, a score or a column: leaves=63, visit>0.02, took<60.
    Shown are the parameters that are not the same in every run of the list. A run that is
    neither done nor failed was interrupted, is running, or died: it was killed, ran out of
    memory or crashed, and could not tell. What finished of it is kept.

    \b
    Example:
        fullcycle runs winback --where leaves=63 --sort -visit
        fullcycle runs winback --status died
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    if capability is not None:
        project.require_capability(capability)
    every = run_lines(project, capability)
    wanted = Wanted(
        where=[Condition.parse(text) for text in where],
        by=by,
        grep=grep,
        since=_moment(since) if since is not None else None,
        status=status,
        grid=grid,
    )
    found = chosen(every, wanted, sort=sort)[:most]
    if as_json:
        for run in found:
            click.echo(json.dumps(as_plain(run)))
    elif found:
        show_table(_table(found, several=capability is None))
    elif every:
        click.echo(f"none of {counted(len(every), 'run')} is like that")
    else:
        click.echo(f"no runs yet; start one: fullcycle run {capability or 'CAPABILITY'}")


def as_plain(run: RunLine) -> dict[str, object]:
    """A run of a list as plain data: what ``--json`` prints."""
    return {
        "run": run.ref,
        "message": run.message,
        "status": run.status,
        "at": run.at,
        "by": run.by,
        "grid": run.grid,
        "parameters": dict(run.parameters),
        "scores": {
            step: {
                "score": one.score,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "baseline": one.baseline,
            }
            for step, one in run.scores.items()
        },
        "wall_s": run.wall,
        "cpu_s": run.cpu,
        "cost": {"amount": run.cost.amount, "currency": run.cost.currency} if run.cost else None,
    }


def _table(runs: Sequence[RunLine], *, several: bool) -> Table:
    parameters = [] if several else differing(runs)
    steps = list(dict.fromkeys(step for run in runs for step in run.scores))
    grid = ["grid"] if any(run.grid is not None for run in runs) else []
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("run", "when", "by", "status", *grid, *steps, *parameters, "took", "cost", "message"):
        table.add_column(column)
    for run in runs:
        scores = (run.scores.get(step) for step in steps)
        table.add_row(
            run.ref,
            when(run.at),
            run.by,
            run.status,
            *([] if not grid else [str(run.grid or "")]),
            *(scored(one.value, one.low, one.high) if one is not None else "" for one in scores),
            *(str(run.parameters.get(name, "")) for name in parameters),
            seconds(run.wall) if run.wall is not None else "",
            money(run.cost) if run.cost is not None else "",
            one_line(run.message),
        )
    return table


def _moment(text: str) -> int:
    """A day in the reader's own time zone, or a while ago, in microseconds since 1970 UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return micros(at.astimezone(UTC))
    try:
        return now() - int(duration(text).total_seconds() * 1e6)
    except Invalid as error:
        raise Invalid(
            f"{text!r} is neither a day nor a while", "--since", "write 2026-11-01 or 7d"
        ) from error
