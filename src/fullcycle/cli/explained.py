"""How an explanation looks in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from fullcycle.kernel import counted, instant
from fullcycle.serve.explanation import (
    Assigned,
    Called,
    Explanation,
    Feature,
    LookedUp,
    Picked,
    Prediction,
    Weighed,
)
from fullcycle.wiring.explaining import Compared, Explained

_BAR = 16  # characters to each side of nothing
_LONGEST = 24  # characters of a value
_MANY = 8  # values of what was looked up, and of a feature; the rest is counted
_OPEN = 3  # predictions of a function that are shown with what each feature added


def show(found: Explained) -> None:
    """Print a decision, how it comes about, and whether that is what was logged."""
    decision, told = found.decision, found.explanation
    click.secho(f"{found.ref}  {decision.id}", bold=True)
    at = f"{instant(decision.at):%Y-%m-%d %H:%M:%S.%f} UTC"
    _line("decided", f"{at} by {told.release} in {decision.micros:,} µs")
    _line("request", plain(told.request))
    if told.assigned is not None:
        _line("arm", _assigned(told.assigned))
    for called in told.called:
        _called(called)
    _line("answer", _answer(told))
    _verdict(found)


def plain(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(plain(each) for each in value) or "nothing"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return str(value)


def _bounded(value: Any) -> Any:
    """A value with the first of its long lists only; ``--json`` has them whole."""
    if isinstance(value, dict):
        return {key: _bounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple) and len(value) > _MANY + 1:
        return [*value[:_MANY], f"and {len(value) - _MANY:,} more"]
    return value


def _line(name: str, text: str, **style: Any) -> None:
    click.echo(f"  {name:<10} " + click.style(text, **style))


_STANDINGS = {
    "kept": "keeps the arm that it got first",
    "earlier": "keeps the arm that it got by other weights, and is not counted",
    "forced": "is forced into it for a test, and not counted",
    "holdout": "is held out of the experiment, and gets the control",
}


def _assigned(one: Assigned) -> str:
    if one.standing != "assigned":
        return f"{one.arm} of {one.experiment}: {one.field} {one.unit} {_STANDINGS[one.standing]}"
    low, high = one.ranges[one.arm]
    place = f"{one.field} {one.unit} falls on {one.place:g}, in {low:g} to {high:g}"
    return f"{one.arm} of {one.experiment} ({one.probability:.0%}): {place}"


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide names stand, and names with values, in characters; and what the longest bar is for."""

    name: int
    both: int
    most: float

    @classmethod
    def of(cls, features: Sequence[Feature]) -> "_Columns":
        name = max((len(one.name) for one in features), default=0)
        value = max((len(_value(one)) for one in features), default=0)
        most = max((abs(one.contribution or 0.0) for one in features), default=0.0)
        return cls(name, max(name + 2 + value, len("every row begins with")), most)


def _value(one: Feature) -> str:
    return plain(one.value)[:_LONGEST]


def _called(called: Called) -> None:
    _line("asked", called.function)
    asked = [step for step in called.steps if isinstance(step, Prediction)]
    columns = _Columns.of([one for step in asked[:_OPEN] for one in step.features])
    for step in called.steps:
        if isinstance(step, LookedUp):
            found = "holds no such key" if step.row is None else plain(_bounded(step.row))
            click.echo(f"    looked up  {step.lookup} of {plain(list(step.key))}: {found}")
        elif isinstance(step, Weighed):
            _weighed(step)
        elif isinstance(step, Picked):
            _picked(step)
        else:
            _predicted(step, columns, whole=asked.index(step) < _OPEN)
    if called.more:
        click.echo(f"    and {called.more:,} more predictions")
    if called.failure is not None:
        line = f" at {called.failure.line}" if called.failure.line else ""
        click.secho(f"    failed: {called.failure.kind}{line}", fg="red")


def _predicted(step: Prediction, columns: _Columns, *, whole: bool) -> None:
    model = f"{step.model}[{step.element}]" if step.element else step.model
    outcome = "no number" if step.prediction is None else f"{step.prediction:.6g}"
    seen = ", ".join(f"{one.name} {plain(one.value)}" for one in step.features)
    if step.base is None or step.total is None or not whole:
        why = f" ({step.unexplained})" if step.unexplained else ""
        click.echo(f"    predicted  {model} {outcome}{why}: {seen}")
        return
    unit = f", {step.link}" if step.link else ""
    click.echo(f"    predicted  {model} " + click.style(outcome, bold=True))
    click.echo(f"      {'every row begins with':<{columns.both}} {step.base:+9.4f}{unit}")
    for one in sorted(step.features, key=lambda each: -abs(each.contribution or 0.0)):
        added = one.contribution or 0.0
        what = f"{one.name:<{columns.name}}  {_value(one)}"
        click.echo(f"      {what:<{columns.both}} {added:+9.4f}  {_bar(added, columns.most)}")
    click.echo(f"      {'together':<{columns.both}} {step.total:+9.4f}{unit}")


def _weighed(step: Weighed) -> None:
    seen = ", ".join(f"{one.name} {plain(one.value)}" for one in step.features)
    click.echo(f"    weighed    {step.bandit} by {step.rule}: {seen}")
    name = max((len(plain(one.action)) for one in step.known), default=0)
    for one in step.known:
        known = f"{one.mean:.4g} ± {one.spread:.2g} from {counted(one.rows, 'decision')}"
        click.echo(f"      {plain(one.action):<{name}}  weight {one.weight:.4f}, expects {known}")


def _bar(value: float, most: float) -> str:
    length = round(abs(value) / most * _BAR) if most else 0
    if value < 0:
        return " " * (_BAR - length) + click.style("█" * length, fg="yellow") + "│"
    return " " * _BAR + "│" + click.style("█" * length, fg="blue")


def _picked(step: Picked) -> None:
    click.echo(f"    drew       {step.number:.4f} of 1")
    for at, one in enumerate(step.options):
        mark = "→" if at == step.chosen else " "
        click.echo(f"      {mark} {plain(one.action)}: weight {one.weight:g}, chance {one.chance:.4g}")


def _answer(told: Explanation) -> str:
    if told.answer is None:
        return "none: neither the service nor a fallback could decide"
    return plain(told.answer) + (" (the fallback's)" if told.fallback else "")


def _verdict(found: Explained) -> None:
    differ = [one for one in found.compared if not one.same]
    if not differ:
        click.secho("= all of it is what was logged", fg="green")
    for one in differ:
        click.secho(f"✗ {_difference(one)}", fg="red")


def _difference(one: Compared) -> str:
    return f"{one.name.replace('_', ' ')}: logged was {plain(one.logged)}, now it is {plain(one.again)}"
