"""``fullcycle value``: what was estimated beside what was measured, what it has brought and what it cost."""

import json
from collections.abc import Callable
from typing import Any

import click
import msgspec
from rich.table import Table

from fullcycle.cli.printing import show_table, when
from fullcycle.cli.progress import waiting
from fullcycle.cli.track import show_proxies, show_track_records
from fullcycle.cli.writing_up import write_up_command
from fullcycle.kernel import Invalid
from fullcycle.value import ValueTable, calibration, lay_out, lay_out_rows
from fullcycle.wiring import open_project
from fullcycle.wiring.estimating import estimates, revise_estimate
from fullcycle.wiring.holding_out import measure_held_out
from fullcycle.wiring.project import Project
from fullcycle.wiring.valued import Valued, Values, proxy_ledger, track_records, values


@click.command(name="value")
@click.argument("capability", required=False)
@click.option("--revise", is_flag=True, help="Record why brief.md estimates what it does now.")
@click.option("-m", "--message", help="The reason, with --revise.")
@click.option("--held-out", is_flag=True, help="Measure again what was launched, by the units held out.")
@click.option("--calibration", "calibrated", is_flag=True, help="Show how good each team's estimates were.")
@click.option("--proxy", is_flag=True, help="Show what offline scores gained beside what that caused.")
@click.option("--write-up", is_flag=True, help="Write one page about the last verdict, to reports/.")
@click.option("--name", help="With --write-up or --held-out: which experiment, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per verdict, team or score.")
def command(
    capability: str | None, *, message: str | None, name: str | None, as_json: bool, **asked: bool
) -> None:
    """Show what each verdict is worth: estimated, measured, brought so far, cost.

    Of all capabilities: one row per verdict. Of one: the parts of each. Rows of launches that
    may lean on each other are never added up; it is said which these are.

    \b
    Example:
        fullcycle value
        fullcycle value winback
        fullcycle value --revise winback -m "the pilot in May brought less"
        fullcycle value --write-up winback
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    if capability is not None:
        project.require_capability(capability)
    which = _one(asked)
    _fit(which, capability, message, name)
    if which == "proxy":
        show_proxies(proxy_ledger(project), as_json=as_json)
    elif which == "calibrated":
        show_track_records(track_records(project), as_json=as_json)
    elif which == "revise":
        _revise(project, str(capability), message or "", as_json=as_json)
    elif which == "write_up":
        write_up_command(project, str(capability), name, as_json=as_json)
    elif which == "held_out":
        _held_out(project, str(capability), name)
        _show(project, capability, as_json=as_json)
    else:
        _show(project, capability, as_json=as_json)


def _one(asked: dict[str, bool]) -> str:
    """The one thing that was asked for; empty for the rows."""
    named = [name for name, wanted in asked.items() if wanted]
    if len(named) > 1:
        options = " and ".join(_option(name) for name in sorted(named))
        raise Invalid(f"{options} at once", "what was typed", "ask for one of them at a time")
    return named[0] if named else ""


def _option(name: str) -> str:
    return "--calibration" if name == "calibrated" else f"--{name.replace('_', '-')}"


def _fit(which: str, capability: str | None, message: str | None, name: str | None) -> None:
    """Refuse options that mean nothing together."""
    if which in ("revise", "write_up", "held_out") and capability is None:
        example = f"fullcycle value {_option(which)} winback"
        raise Invalid(f"{_option(which)} without a capability", "what was typed", f"name it: {example}")
    if which in ("calibrated", "proxy") and capability is not None:
        raise Invalid(
            f"{_option(which)} is of the whole project, not of {capability}",
            "what was typed",
            f"leave the capability out: fullcycle value {_option(which)}",
        )
    if message is not None and which != "revise":
        raise Invalid("a reason, and no --revise", "what was typed", "write --revise, or leave -m out")
    if name is not None and which not in ("write_up", "held_out"):
        raise Invalid(
            "--name says which experiment to write up or to measure again",
            "what was typed",
            "leave it out, or add --write-up",
        )


def _revise(project: Project, capability: str, message: str, *, as_json: bool) -> None:
    told = revise_estimate(project, capability, message)
    if as_json:
        click.echo(json.dumps({"capability": capability, "number": told.number, "reason": told.reason}))
        return
    click.echo(f"estimate {told.number} of {capability}: {told.reason}")
    click.echo("it counts for experiments of releases that are made from now on")


def _held_out(project: Project, capability: str, name: str | None) -> None:
    with waiting("measuring the units held out"):
        measure_held_out(project, capability, name)


def _show(project: Project, capability: str | None, *, as_json: bool) -> None:
    names = [capability] if capability is not None else project.capabilities()
    with waiting("reading the record"):
        found = values(project, names)
    if as_json:
        for one in found.verdicts:
            click.echo(json.dumps(_plain(one, found)))
        return
    if not found.verdicts:
        click.echo("nothing is measured yet; close an experiment: fullcycle experiment close <capability>")
        return
    if capability is None:
        told = lay_out_rows(found.rows)
        click.secho(told.title, bold=True)
        _table(told)
    for one in found.verdicts if capability is not None else ():
        _parts(one)
    if capability is not None:
        _estimates(project, capability)
    for sentence in found.together:
        click.secho(f"not to be added up: {sentence}", fg="yellow")
    show_track_records(track_records(project), as_json=False)


def _plain(one: Valued, found: Values) -> dict[str, Any]:
    """The measurement as it was recorded, and the row that it makes now."""
    row = one.row
    said = {"capability": row.capability, "at": row.at, "by": row.by}
    more = {"calibration": calibration(one.measurement), "not_to_be_added_up": list(found.together)}
    return {**said, **more, **msgspec.to_builtins(one.measurement), "row": msgspec.to_builtins(row)}


def _parts(one: Valued) -> None:
    told = lay_out(one.measurement, one.row)
    click.secho(f"{one.row.capability}: {told.title}", bold=True, nl=False)
    click.echo(f" ({when(one.row.at)}, {one.row.by})")
    _table(told)
    for note in told.notes:
        click.echo(f"  {note}")


def _estimates(project: Project, capability: str) -> None:
    for one in estimates(project, capability):
        effect = one.told.brief.estimate.effect
        click.echo(
            f"  estimate {one.number}, {when(one.told.at)}, {one.told.by}: {effect.low:g} to {effect.high:g}"
            f" of {one.told.brief.metric}: {one.reason or 'no reason given'} ({one.source})"
        )


def _table(told: ValueTable, show: Callable[[Table], None] = show_table) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in told.header:
        table.add_column(column, overflow="fold")
    for line in told.rows:
        table.add_row(*line)
    show(table)
