"""``fullcycle run`` with several values of a parameter: every combination, one table and one chart."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

import click
from rich.table import Table

from fullcycle import report  # see wiring.grid_page
from fullcycle.adapters.vega import VegaCharts
from fullcycle.cli.pages import usual_page, write_page
from fullcycle.cli.printing import scored, seconds, show_table
from fullcycle.cli.running import noted
from fullcycle.flow import RunRecord, spelled, split_values
from fullcycle.kernel import FullcycleError, Invalid, Misconfigured, counted
from fullcycle.wiring import Project
from fullcycle.wiring.grid_page import grid_page
from fullcycle.wiring.grids import MANY, Grid, GridWatcher, Trial, Tried, require_sensible


def read_parameters(typed: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """What ``-p`` says: parameters with one value, and those of which several are to be tried.

    Raises:
        Invalid: for what is not ``NAME=VALUE``, and for a name that is told twice.
    """
    given: dict[str, str] = {}
    axes: dict[str, list[str]] = {}
    for text in typed:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise Invalid(f"{text!r} is not NAME=VALUE", "-p", "write it like -p leaves=31")
        if name in given or name in axes:
            raise Invalid(f"{name} is told twice", "-p", f"try several values with a comma: -p {name}=15,31")
        values = split_values(value, f"-p {name}")
        if len(values) > 1:
            axes[name] = values
        else:
            given[name] = values[0]
    return given, axes


def one_trial(capability: str, given: Mapping[str, str], axes: Mapping[str, Sequence[str]]) -> str:
    """What to type to run the first trial of a grid alone."""
    first = {**given, **{name: values[0] for name, values in axes.items()}}
    return " ".join(
        ["fullcycle run", capability, *(f"-p {quote(f'{name}={value}')}" for name, value in first.items())]
    )


def run_grid(grid: Grid, *, as_json: bool, sure: bool) -> int:
    """Run every combination, and print one table; 1 where a trial failed."""
    if not sure:
        _be_sure(grid)
    if grid.settled.note:
        noted(grid.settled.note)
    if as_json:
        tried = grid.run()
    else:
        _head(grid)
        tried = grid.run(GridWatcher(_begins(grid), _ends))
    page = _write(grid.settled.flow.project, tried, quiet=as_json)
    if as_json:
        click.echo(json.dumps(_as_plain(tried, page)))
    else:
        _summary(tried, page)
    return 1 if tried.failed else 0


def _be_sure(grid: Grid) -> None:
    if len(grid.trials) > MANY and sys.stdin.isatty():
        click.confirm(f"These are {counted(len(grid.trials), 'trial')}. Run them all?", abort=True, err=True)
        return
    require_sensible(grid)


def _head(grid: Grid) -> None:
    axes = ", ".join(f"{name} ({len(values)})" for name, values in grid.started.axes.items())
    click.secho(counted(len(grid.trials), "trial"), bold=True, nl=False)
    click.echo(f": {axes}")
    if grid.number is not None:
        done = len(grid.trials) - grid.missing
        of = counted(len(grid.trials), "trial")
        click.echo(f"  grid {grid.number} goes on: {done:,} of its {of} done, on the same rows")


def _begins(grid: Grid) -> Any:
    width = len(f"{len(grid.trials):,}")

    def tell(number: int, trial: Trial) -> None:
        with suppress(BrokenPipeError):
            click.echo(f"  {number + 1:>{width},}/{len(grid.trials):,} {spelled(trial.values)}", nl=False)

    return tell


def _ends(number: int, trial: Trial, error: FullcycleError | None) -> None:
    run = trial.run
    if run is None:
        return
    with suppress(BrokenPipeError):
        if error is not None:
            click.secho(f"  {run.ref} ✗ {error.what.partition(chr(10))[0]}", fg="red")
            click.echo(f"      {_next(run)}")
            return
        scores = (f"{step} {one.value:.4f}" for step, one in run.evaluations.items())
        click.echo(f"  {run.ref} {', '.join(scores)} {_took(run)}".rstrip())


def _next(run: RunRecord) -> str:
    """What to type to see why a trial failed."""
    failures = run.finished.failures if run.finished is not None else []
    steps = (f"{run.ref}/{one.step}{f'[{one.element}]' if one.element else ''}" for one in failures)
    return " · ".join([f"fullcycle show {run.ref}", *(f"fullcycle debug {quote(step)}" for step in steps)])


def _took(run: RunRecord) -> str:
    steps = [step for step in run.steps.values() if step.role in ("step", "model")]
    reused = sum(step.reused for step in steps)
    shared = f", {reused} of {counted(len(steps), 'step')} reused" if reused else ""
    return f"({seconds(run.finished.wall)}{shared})" if run.finished is not None else ""


def _write(project: Project, tried: Tried, *, quiet: bool) -> Path:
    """Write the page of a grid beside others of its kind; the path."""
    told = grid_page(tried)
    target = usual_page(project.root, f"{tried.started.capability}-grid-{tried.number}")
    try:
        page = report.render_grid(told, svg=VegaCharts().svg)
    except Misconfigured as missing:
        if not quiet:
            note = f"{missing.what}: the page shows a table instead of a chart ({missing.mend})"
            click.secho(note, fg="yellow", err=True)
        page = report.render_grid(told)
    write_page(target, page)
    return target


def _summary(tried: Tried, page: Path) -> None:
    show_table(_table(tried))
    click.secho(tried.ref, bold=True, nl=False)
    wall = sum(run.finished.wall for run in tried.runs if run.finished is not None)
    failed = f", {len(tried.failed):,} failed" if tried.failed else ""
    click.echo(f" {counted(len(tried.trials), 'trial')}{failed}, {seconds(wall)}; its chart: {page}")


def _table(tried: Tried) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    steps = list(dict.fromkeys(step for run in tried.runs for step in run.evaluations))
    if tried.step is not None:
        steps = [tried.step, *(step for step in steps if step != tried.step)]
    for column in ("run", *steps, *tried.started.axes, "took", "status"):
        table.add_column(column)
    for trial in tried.best_first():
        run = trial.run
        if run is None:
            continue
        judged = (run.evaluations.get(step) for step in steps)
        table.add_row(
            run.ref,
            *(scored(one.value, one.low, one.high) if one is not None else "" for one in judged),
            *(str(value) for value in trial.values.values()),
            seconds(run.finished.wall) if run.finished is not None else "",
            run.status,
        )
    return table


def _as_plain(tried: Tried, page: Path) -> dict[str, object]:
    order = [trial for trial in tried.best_first() if trial.run is not None]
    return {
        "grid": tried.number,
        "capability": tried.started.capability,
        "message": tried.started.message,
        "parameters": tried.started.parameters,
        "axes": tried.started.axes,
        "ranked_by": tried.step,
        "trials": [_trial(trial.values, trial.run) for trial in order if trial.run is not None],
        "page": str(page),
    }


def _trial(values: Mapping[str, Any], run: RunRecord) -> dict[str, object]:
    done = run.finished
    return {
        "run": run.ref,
        "status": run.status,
        "error": done.error if done is not None else "",
        "parameters": dict(values),
        "scores": {
            step: {"score": one.score, "value": one.value, "low": one.low, "high": one.high}
            for step, one in run.evaluations.items()
        },
        "wall_s": done.wall if done is not None else None,
    }
