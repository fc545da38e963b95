"""How estimates and offline scores have done so far, as a terminal shows it."""

import json
from collections.abc import Sequence

import click
import msgspec

from fullcycle.brief import number
from fullcycle.kernel import counted
from fullcycle.value import FEWEST, Proxy, TrackRecord


def show_track_records(found: Sequence[TrackRecord], *, as_json: bool) -> None:
    """Print how good each team's estimates were."""
    if as_json:
        for one in found:
            click.echo(json.dumps(msgspec.to_builtins(one)))
        return
    if not found:
        click.echo("estimates: nothing is measured yet that they could be held against")
    for one in found:
        click.echo(f"estimates of {one.team}: {told_record(one)}")


def told_record(one: TrackRecord) -> str:
    """A track record in a sentence."""
    if one.share is None or one.share_interval is None:
        return f"how good they are is unknown until {FEWEST} are measured ({one.measured} so far)"
    low, high = one.share_interval.low, one.share_interval.high
    said = (
        f"{one.inside} of {one.measured} effects fell where they were expected ({low:.0%} to {high:.0%} may)"
    )
    if one.ratio is None or one.ratio_interval is None:
        return f"{said}; of too few the middle is other than zero to say by how much they are off"
    ends = f"{number(one.ratio_interval.low)} to {number(one.ratio_interval.high)}"
    return (
        f"{said}; in the median the effect was {number(one.ratio)} times the middle of the estimate ({ends})"
    )


def show_proxies(found: Sequence[Proxy], *, as_json: bool) -> None:
    """Print what offline scores gained beside what came of it."""
    if as_json:
        for one in found:
            click.echo(json.dumps(msgspec.to_builtins(one)))
        return
    if not found:
        click.echo("no launch is measured yet whose models were scored before it")
    for one in found:
        click.secho(
            f"{one.score} for {one.metric}, {counted(len(one.launches), 'launch', 'launches')}", bold=True
        )
        for point in one.launches:
            error = f" ± {number(point.stderr)}" if point.stderr is not None else ""
            click.echo(
                f"  {point.capability}@v{point.release}, {point.experiment}: score {point.gain:+.4g} on the "
                f"{point.against}, {one.metric} {point.effect:+.4g}{error}"
            )
        known = one.correlation
        if known is None:
            click.echo(f"  correlation: {one.unknown}")
            continue
        ends = f"[{known.interval.low:+.2f}, {known.interval.high:+.2f}]"
        click.echo(f"  correlation: {known.value:+.2f} {ends}; of the ranks {known.spearman:+.2f}")
        if {point.against for point in one.launches} == {"baseline", "incumbent"}:
            click.echo("  some were held against a baseline and some against what was deployed")
