"""Why a step ran, or did not have to: the first difference to its last time, in a user's words."""

from collections.abc import Mapping
from typing import Any

from fullcycle.code import Symbol, changed
from fullcycle.flow.facts import StepFinished
from fullcycle.kernel import counted

MOST = 3  # changes named in one line


def why_computed(
    last: StepFinished | None,
    *,
    last_reach: Mapping[str, Symbol],
    reach: Mapping[str, Symbol],
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str],
    news: Mapping[str, str],
) -> str:
    """Name what differs from the last time this step finished.

    ``news`` says of each input what is new about it, where its own step knows more than
    "has new content".
    """
    if last is None:
        return "never ran"
    reasons = changed(last_reach, reach)
    reasons += [
        f"parameter {name} {last.parameters.get(name, 'unset')} → {value}"
        for name, value in parameters.items()
        if last.parameters.get(name) != value
    ]
    reasons += [
        news.get(name, f"{name} has new content")
        for name, digest in inputs.items()
        if last.inputs.get(name) != digest
    ]
    reasons += [f"{name} is no longer an input" for name in last.inputs if name not in inputs]
    if not reasons:
        return "its libraries or fullcycle itself changed"
    rest = len(reasons) - MOST
    return "; ".join(reasons[:MOST]) + (f"; and {rest} more" if rest > 0 else "")


def what_is_new(name: str, rows: int | None, last_rows: int | None) -> str:
    """Say what is new about a table: how many rows came or went."""
    if rows is None or last_rows is None or rows == last_rows:
        return f"{name} has new content"
    more = rows - last_rows
    return f"{name} has new content ({'+' if more > 0 else ''}{counted(more, 'row')})"
