"""What policies are worth on past decisions, told on the terminal; part of ``fullcycle experiment``."""

import json

import click
import msgspec

from fullcycle.cli.printing import count, in_column
from fullcycle.cli.progress import waiting
from fullcycle.experiment import Method, PolicyDifference, PolicyValue, Refusal, Weights
from fullcycle.flow import last_run
from fullcycle.kernel import Missing, counted, instant
from fullcycle.wiring import open_project
from fullcycle.wiring.gathering import begin
from fullcycle.wiring.offpolicy import OffPolicyReport, off_policy

_WIDTH = 100


@click.command(name="off-policy")
@click.argument("capability")
@click.option("--policy", help="One function of service.py, instead of every arm.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(["ips", "switch-dr", "replay"]),
    help="Another estimate beside these; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def off_policy_command(
    capability: str, policy: str | None, methods: tuple[Method, ...], *, as_json: bool
) -> None:
    """Say what policies would have been worth on past decisions.

    The arms of the experiment are valued, or without one the service and its fallback, each on
    the rows that the last run kept from its model, or on the decisions that it read where it has
    none. A bandit that learnt from those is learnt anew from the first half, and the second
    judges. Where the log cannot tell, there is no number but why, and what to log instead.

    \b
    Example:
        fullcycle experiment off-policy winback
        fullcycle experiment off-policy winback --policy today --method ips
    """  # noqa: D301 - click reads a real backspace
    project = open_project()
    project.require_capability(capability)
    run = last_run(project.ledger, capability, status="done")
    if run is None:
        raise Missing(f"{capability} has no finished run", "the record", f"fullcycle run {capability}")
    with waiting("valuing policies on the past"):
        found = off_policy(begin(project, capability, run.number), policy=policy, methods=methods)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    click.secho(f"{capability}, what policies are worth on the past of {run.ref}", bold=True)
    show_report(found)


def show_report(found: OffPolicyReport, opening: str = "") -> None:
    """Values with their weights, refusals in their place, then the differences."""
    past = counted(found.rows, "past decision")
    how = f"SNIPS, and doubly robust by {found.model}" if found.model else "SNIPS"
    kept = " that no model has learnt from" if found.kept_aside else ""
    click.echo(f"  {opening}from {past}{kept}, {found.metric} ({how}):")
    if found.since is not None:
        whose = "; ".join(f"{' and '.join(steps)} of {name}" for name, steps in found.anew.items())
        click.echo(
            f"  since {instant(found.since):%Y-%m-%d %H:%M} UTC; {whose or 'bandits'}, learnt anew from the "
            f"{counted(found.learnt, 'decision')} before, left so"
        )
    for name in dict.fromkeys([*found.weights, *found.values]):
        if name in found.refused:
            _show_refused(name, found.refused[name])
        else:
            _show_value(name, "snips", found.values[name], told=True)
        if name in found.modelled:
            _show_value("", "dr", found.modelled[name], told=False)
        _show_others(found, name)
        if name in found.weights:
            _show_weights(found.weights[name])
    for name, gain in found.differences.items():
        _show_difference(f"{name} − {found.control or 'control'}", "snips", gain)
        if name in found.modelled_differences:
            _show_difference("", "dr", found.modelled_differences[name])
    if found.unmodelled:
        click.secho(f"  not doubly robust: {found.unmodelled}", dim=True)


def _show_value(name: str, method: str, value: PolicyValue, *, told: bool) -> None:
    said = f", as good as {count(round(value.effective))} of its own decisions" if told else ""
    click.echo(f"    {name:<10} {method:<5} {value.value:.4f} [{value.low:.4f}, {value.high:.4f}]{said}")
    if value.warning:  # recorded before such an estimate was refused
        click.secho(f"               {value.warning}", fg="yellow")


def _show_difference(name: str, method: str, gain: PolicyDifference) -> None:
    click.echo(f"    {name:<18} {method:<5} {gain.difference:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")


def _show_others(found: OffPolicyReport, name: str) -> None:
    for method, values in found.methods.items():
        if name in values:
            one = values[name]
            on = f", on {counted(one.n, 'row')} evened out by lot" if method == "replay" else ""
            click.echo(f"    {'':<10} {method:<9} {one.value:.4f} [{one.low:.4f}, {one.high:.4f}]{on}")
        elif name in found.methods_refused.get(method, {}):
            refusal = found.methods_refused[method][name]
            for line in in_column(f"{method} not told: {refusal.why}; instead: {refusal.instead}", _WIDTH):
                click.secho(f"               {line}", fg="yellow")


def _show_refused(name: str, refusal: Refusal) -> None:
    click.secho(f"    {name:<10} not told", fg="yellow")
    for text in (f"why: {refusal.why}", f"instead: {refusal.instead}"):
        for line in in_column(text, _WIDTH):
            click.echo(f"               {line}")


def _show_weights(weights: Weights) -> None:
    click.secho(
        f"               weights: mean {weights.mean:.2f} [{weights.mean_low:.2f}, {weights.mean_high:.2f}], "
        f"largest {weights.largest:,.1f}, {weights.zero:.0%} of rows do not count, "
        f"{weights.covered:.0%} of its actions are in the log",
        dim=True,
    )
