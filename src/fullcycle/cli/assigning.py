"""``fullcycle experiment assign``: which arm a unit has, and why."""

import json
from pathlib import Path
from typing import Any

import click
import msgspec

from fullcycle.cli.printing import count
from fullcycle.experiment import ExperimentSpec, Placed, told_part
from fullcycle.experiment.audit import Dialect, assignment_query
from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import open_project
from fullcycle.wiring.assigning import Asked, asked_experiment

_WHY = {
    "assigned": "by its place",
    "kept": "kept from before",
    "earlier": "kept from other weights, not counted",
    "forced": "forced for a test, not counted",
    "holdout": "held out, not counted",
    "layer": "outside: not in the layer",
    "condition": "outside: the request does not meet the condition",
    "coverage": "outside: no arm covers its place",
    "no unit": "outside: it is empty",
}


@click.command(name="assign")
@click.argument("ref")
@click.option("--unit", "units", multiple=True, help="A unit, as the request holds it; may be repeated.")
@click.option("--request", help="The request's fields as JSON, which a condition asks.")
@click.option("--table", type=click.Path(path_type=Path), help="Units in a .parquet or .csv instead.")
@click.option("--column", help="The table's column of units; as the request calls it unless told.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the table with arms, as Parquet."
)
@click.option("--sql", type=click.Choice(["duckdb", "postgres"]), help="Print a query that computes them.")
@click.option("--json", "as_json", is_flag=True, help="Print units as a JSON array.")
def assign_command(
    ref: str,
    units: tuple[str, ...],
    request: str | None,
    table: Path | None,
    column: str | None,
    output: Path | None,
    sql: str | None,
    *,
    as_json: bool,
) -> None:
    """Say which arm units have, and why.

    winback asks the experiment as its files declare it, winback@v7 a release's, winback@prod the
    one that answers there, with the arms that are kept. Without --request, units stand as if
    they met the condition.

    \b
    Example:
        fullcycle experiment assign winback@prod --unit 42 --unit 43
        fullcycle experiment assign winback --table clients.parquet -o arms.parquet
        fullcycle experiment assign winback --sql postgres > arms.sql
    """  # noqa: D301 - click reads a real backspace
    if sum((bool(units), table is not None, sql is not None)) != 1:
        raise Invalid("what is to be assigned?", "what was typed", "give one of --unit, --table and --sql")
    asked = asked_experiment(open_project(), Reference.parse(ref))
    if sql is not None:
        dialect: Dialect = "duckdb" if sql == "duckdb" else "postgres"
        click.echo(assignment_query(asked.spec, dialect, environment=asked.environment))
    elif table is not None:
        _show_table(asked, table, column, output)
    else:
        placed = asked.placed(units, _fields(request))
        if as_json:
            click.echo(json.dumps([{**msgspec.to_builtins(one), "counted": one.counted} for one in placed]))
        else:
            _show(ref, asked.spec, placed)


def _fields(request: str | None) -> dict[str, Any] | None:
    if request is None:
        return None
    try:
        found = msgspec.json.decode(request, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"{request!r} is no JSON object: {error}", "--request", """write, say: --request '{"age": 42}'"""
        ) from None
    return found


def _show(ref: str, spec: ExperimentSpec, placed: list[Placed]) -> None:
    arms = ", ".join(f"{arm} {spec.weights[arm]:.0%}" for arm in spec.order)
    click.secho(f"{ref}, experiment {spec.name}: {arms} by {spec.unit}", bold=True, nl=False)
    alone = "" if spec.coverage else f"; {told_part(spec)}"
    click.echo(f", seed {spec.seed}, hash version {spec.hash_version}{alone}")
    for one in placed:
        arm = one.arm or "-"
        click.echo(f"  {one.unit:<12} {arm:<10} {_WHY[one.standing]}: {_numbers(spec, one)}")


def _numbers(spec: ExperimentSpec, one: Placed) -> str:
    """The numbers that decide, each beside what it is held against."""
    place = "no arm's part" if one.range is None else f"{one.range[0]:g} to {one.range[1]:g}"
    said = [f"place {one.place:g} in {place}"]
    if spec.holdout is not None and one.holdout_place is not None:
        said.append(
            f"holdout {spec.holdout.name} {one.holdout_place:g}, held out below {spec.holdout.share:g}"
        )
    if spec.layer is not None and one.layer_place is not None:
        part = f"{spec.layer.low:g} to {spec.layer.high:g}"
        said.append(f"layer {spec.layer.namespace} {one.layer_place:g}, taken from {part}")
    if spec.condition is not None:
        told = {True: "met", False: "not met", None: "not asked without --request"}[one.condition]
        said.append(f"condition {told}")
    return "; ".join(said)


def _show_table(asked: Asked, table: Path, column: str | None, output: Path | None) -> None:
    found = asked.table(table, column)
    if output is not None:
        found.write_parquet(output)
    counted = found.group_by("standing", "arm").len().sort("standing", "arm")
    for standing, arm, size in counted.iter_rows():
        click.echo(f"  {arm or '-':<10} {count(size):>12}  {_WHY[standing]}")
    if asked.spec.sticky is not None:
        click.echo("  arms that are kept from before are not looked up for a table")
    if output is not None:
        click.echo(f"written to {output}")
