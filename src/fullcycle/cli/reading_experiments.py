"""``fullcycle experiment read``: of a capability, or of any table that has one row per unit."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from fullcycle.cli.printing import when
from fullcycle.cli.progress import waiting
from fullcycle.cli.reading import show_readout
from fullcycle.kernel import Invalid, micros
from fullcycle.wiring import open_project
from fullcycle.wiring.experiments import Reading, read
from fullcycle.wiring.unit_tables import UnitTable, read_units

_OF_A_TABLE = "Of a table: "


@click.command(name="read")
@click.argument("capability", required=False)
@click.option("--name", help="Which experiment, where there are several.")
@click.option("--as-of", type=click.DateTime(), help="Read it as it stood then (local time).")
@click.option("--phase", type=int, help="Which phase; the last one unless told.")
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Parquet or CSV file with one row per unit, instead of a capability.",
)
@click.option("--arm", metavar="COLUMN", help=f"{_OF_A_TABLE}the column of arms.")
@click.option("--control", metavar="ARM", help=f"{_OF_A_TABLE}the arm that the others are compared with.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="COLUMN[:KIND]",
    help=f"{_OF_A_TABLE}spend, converted:proportion, latency:p90:down; the first is the primary one.",
)
@click.option("--ratio", "ratios", multiple=True, metavar="A/B", help=f"{_OF_A_TABLE}a ratio of two columns.")
@click.option(
    "--guardrail",
    "guardrails",
    multiple=True,
    metavar="METRIC=SHARE",
    help=f"{_OF_A_TABLE}may worsen by so much, relative: refunds:down=0.05.",
)
@click.option(
    "--covariate",
    "covariates",
    multiple=True,
    metavar="COLUMN",
    help=f"{_OF_A_TABLE}a number known before the exposure.",
)
@click.option(
    "--segment", "segments", multiple=True, metavar="COLUMN", help=f"{_OF_A_TABLE}read it by this, too."
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="ARM=SHARE",
    help=f"{_OF_A_TABLE}the share an arm was promised; equal without it.",
)
@click.option("--day", metavar="COLUMN", help=f"{_OF_A_TABLE}when a unit was first exposed.")
@click.option(
    "--analysis",
    type=click.Choice(["fixed", "always-valid"]),
    default="fixed",
    show_default=True,
    help=f"{_OF_A_TABLE}fixed where it is complete, always-valid where it still grows.",
)
@click.option(
    "--alpha", type=float, default=0.05, show_default=True, help=f"{_OF_A_TABLE}the chance of a false alarm."
)
@click.option("--json", "as_json", is_flag=True, help="Print the readout as one JSON object.")
def read_command(
    capability: str | None,
    name: str | None,
    as_of: datetime | None,
    phase: int | None,
    *,
    as_json: bool,
    **of_a_table: Any,
) -> None:
    """Read what an experiment caused so far.

    Where a deployment changed the code of an arm, another phase of it began. Phases are not
    pooled: one is read, and it is said what is left out.

    With --table, any file of one row per unit is read, inside a project or not; then units that
    a metric has no value of are left out of it and counted.

    \b
    Example:
        fullcycle experiment read winback
        fullcycle experiment read --table units.parquet --arm variant --control A --metric spend
    """  # noqa: D301 - click reads a real backspace
    if of_a_table["table"] is not None:
        _read_table(as_json=as_json, told=(capability, name, as_of, phase), **of_a_table)
        return
    if capability is None:
        raise click.UsageError("name a capability, or a file of units with --table")
    if given := [f"--{one}" for one in ("arm", "control") if of_a_table[one]]:
        raise click.UsageError(f"{given[0]} is of a table: name its file with --table")
    project = open_project()
    project.require_capability(capability)
    moment = micros(as_of.astimezone()) if as_of is not None else None
    with waiting("reading the experiment"):
        found = read(project, capability, name, as_of=moment, phase=phase)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found.readout)))
    else:
        show_readout(found.readout, f"{capability}@{found.environment}, experiment {found.spec.name}")
        _show_closed(found)


def _show_closed(found: Reading) -> None:
    closed = found.record.closed
    if closed is not None:
        click.secho(f"  closed {when(closed.at)} by {closed.by}: {closed.body.decision}", dim=True)


def _read_table(
    *,
    told: Sequence[object],
    as_json: bool,
    table: Path,
    metrics: Sequence[str],
    ratios: Sequence[str],
    guardrails: Sequence[str],
    weights: Sequence[str],
    **columns: Any,
) -> None:
    if any(one is not None for one in told):
        raise click.UsageError("--table takes no capability, --name, --as-of or --phase")
    for option in ("arm", "control"):
        if not columns[option]:
            raise click.UsageError(f"--table needs --{option}")
    if not metrics and not ratios:
        raise click.UsageError("--table needs --metric or --ratio")
    for ratio in ratios:
        if "/" not in ratio:
            raise Invalid(f"{ratio!r} is no ratio", "--ratio", "write two columns: --ratio revenue/sessions")
    with waiting("reading the table"):
        found = read_units(
            UnitTable(
                file=table,
                metrics=[*metrics, *ratios],
                guardrails=_shares(guardrails, "--guardrail"),
                weights=_shares(weights, "--weight"),
                **columns,
            )
        )
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
    else:
        show_readout(found, f"{table.name}: {found.control} against {_others(found)}")


def _others(found: Any) -> str:
    return ", ".join(arm.arm for arm in found.arms if arm.arm != found.control)


def _shares(told: Sequence[str], option: str) -> dict[str, float]:
    """Names with a share each, as ``NAME=SHARE``."""
    shares: dict[str, float] = {}
    for one in told:
        name, sign, share = one.rpartition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            sign = ""
        if not sign or not shares.get(name, 0) > 0:
            raise Invalid(f"{one!r} is no share", option, f"write it like {option} A=0.5")
    return shares
