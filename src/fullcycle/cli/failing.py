"""How a step that failed looks in a terminal, afterwards."""

from fullcycle.cli.printing import memory, seconds
from fullcycle.cli.showing import head, line, show_value
from fullcycle.flow import Failure, RunRecord
from fullcycle.kernel import counted
from fullcycle.wiring.element import ElementDetails

_LISTED = 20  # elements that failed, and steps that were left out


def show_failures(run: RunRecord) -> None:
    """Print what failed in a run, and what was left out because of it."""
    for one in run.finished.failures if run.finished is not None else ():
        show_failure(run, one)


def show_failure(run: RunRecord, one: Failure) -> None:
    """Print how a step failed, where, on what, and how to look at it."""
    name = f"{one.step}[{one.element}]" if one.element else one.step
    line("failed", f"{name}: {one.error}")
    raised = f", raised at {one.raised}" if one.raised else ""
    line("", f"written at {one.line}{raised}")
    if one.inputs:
        line("", f"its inputs: {', '.join(f'{name} {told}' for name, told in one.inputs.items())}")
    if one.elements is not None:
        _elements(one)
    if one.left_out:
        line("", f"left out because of it: {_some(one.left_out)}")
    at = one.element or (one.failures[0].element if one.failures else "")
    line(
        "", f"fullcycle debug '{run.ref}/{one.step}[{at}]'" if at else f"fullcycle debug {run.ref}/{one.step}"
    )


def show_element(details: ElementDetails) -> None:
    """Print what became of an element."""
    head(details.ref)
    line("state", details.state)
    if details.error:
        line("error", details.error)
    if details.artifact is not None:
        line("content", f"{details.artifact.content[:12]}, {memory(details.artifact.size)}")
    if details.wall is not None:
        line("took", seconds(details.wall))
    if details.state == "made":
        show_value(details.value)
    line("open it", f"fullcycle debug '{details.ref}'")


def _elements(one: Failure) -> None:
    many, failed = one.elements or 0, len(one.failures)
    rest = many - one.made - failed
    untried = f", {rest:,} not tried" if rest else ""
    line("", f"{counted(many, 'element')}: {one.made:,} made, {failed:,} failed{untried}")
    for failure in one.failures[:_LISTED]:
        line("", f"  {failure.element}: {failure.error}")
    if failed > _LISTED:
        line("", f"  and {failed - _LISTED:,} more")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
