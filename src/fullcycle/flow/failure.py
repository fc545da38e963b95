"""The user's own code raised: their own traceback, where it was, and what to do."""

import traceback
from collections.abc import Callable, Container, Mapping, Sequence
from types import TracebackType
from typing import Any

from fullcycle.flow.facts import ElementFailed
from fullcycle.flow.graph import Node
from fullcycle.kernel import FullcycleError

_LISTED = 20  # failed elements that are told one by one


class CodeFailed(FullcycleError):
    """The project's own code raised; ``traceback`` begins at the user's own line."""

    def __init__(self, what: str, where: str, mend: str, traceback: str = "") -> None:
        super().__init__(what, where, mend)
        self.args = (what, where, mend, traceback)
        self.traceback = traceback


class StepFailed(CodeFailed):
    """A step's function raised."""

    exit_code = 1


class ElementsFailed(StepFailed):
    """Calls of a step that is called once per element raised; ``failures`` tells of each."""

    def __init__(
        self, what: str, where: str, mend: str, traceback: str = "", failures: tuple[ElementFailed, ...] = ()
    ) -> None:
        super().__init__(what, where, mend, traceback)
        self.args = (what, where, mend, traceback, failures)
        self.failures = failures

    @classmethod
    def of(
        cls, node: Node, run: str, failures: Sequence[ElementFailed], total: int, first: Exception
    ) -> "ElementsFailed":
        """The failures of a step, told with the traceback of the first."""
        listed = "\n".join(f"  {one.element}: {one.error}" for one in failures[:_LISTED])
        more = f"\n  and {len(failures) - _LISTED:,} more" if len(failures) > _LISTED else ""
        return cls(
            f"step {node.name} of {run} failed for {len(failures):,} of {total:,} elements\n{listed}{more}",
            node.line,
            f"look at one: fullcycle debug '{run}/{node.name}[{failures[0].element}]'; then mend it and run "
            "again: the other elements are kept",
            getattr(first, "traceback", ""),
            tuple(failures),
        )


def told_together(failed: Sequence[StepFailed], steps: Sequence[str], done: Container[str]) -> StepFailed:
    """All that failed in a run that went on, and what was left out because it stands on that.

    ``steps`` are those of the run, ``done`` those that came to something.
    """
    first, *others = failed
    left = len([name for name in steps if name not in done]) - len(failed)
    if not others and not left:
        return first
    more = "".join(f"\n{error.what}\n  where: {error.where}" for error in others)
    if left:
        more += f"\n{left} step{'s that stand' if left > 1 else ' that stands'} on this left out"
    trace = "\n".join(error.traceback for error in failed if error.traceback)
    _, where, mend, _, *rest = first.args  # of elements that failed, which they are
    return type(first)(first.what + more, where, mend, trace, *rest)


def guarded(node: Node, run: str, inputs: Mapping[str, Any], element: str = "") -> Callable[..., Any]:
    """The node's function, whose exceptions become a ``StepFailed``."""
    name = f"{node.name}[{element}]" if element else node.name

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return node.declared.function(*args, **kwargs)
        except Exception as error:
            own = error.__traceback__.tb_next if error.__traceback__ is not None else None
            shapes = ", ".join(f"{name} {shape(value)}" for name, value in inputs.items())
            at = f"'{run}/{name}'" if element else f"{run}/{name}"  # a shell reads [ ] as a pattern
            again = f"look at its inputs: fullcycle debug {at}; then mend it and run again"
            raise StepFailed(
                f"step {name} of {run} failed: {in_one_line(error)}",
                f"{node.line} (its inputs: {shapes or 'none'})",
                error.mend if isinstance(error, FullcycleError) else again,
                "".join(traceback.format_exception(type(error), error, own)),
            ) from error

    return call


def unreadable(error: Exception, module: str, package: str) -> FullcycleError:
    """What a module of the project raised while it was imported, with the line that raised.

    ``package`` is what the names of the project's modules begin with. An error made for
    users keeps its class and its cure.
    """
    own = _own(error.__traceback__, package)
    line = f"{own[-1].tb_frame.f_code.co_filename}:{own[-1].tb_lineno}" if own else ""
    if isinstance(error, FullcycleError):
        return type(error)(error.what, _with_line(error.where, line), error.mend)
    return CodeFailed(
        f"{module} cannot be imported: {in_one_line(error)}",
        line or module,
        "mend that line, then try again",
        "".join(traceback.format_exception(type(error), error, own[0] if own else None)),
    )


def in_one_line(error: BaseException) -> str:
    """An exception's class and the first line of what it says; what it says where it is made for users."""
    if isinstance(error, FullcycleError):
        return error.what.partition("\n")[0]
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _with_line(where: str, line: str) -> str:
    """``where`` with the line that raised, unless it names a line itself."""
    path, _, number = where.rpartition(":")
    if not line or (path and number.isdecimal()):
        return where
    return line if line.startswith(f"{where}:") else f"{line} ({where})"


def _own(trace: TracebackType | None, package: str) -> list[TracebackType]:
    """The entries of a traceback that are the project's own."""
    entries = []
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith(package):
            entries.append(trace)
        trace = trace.tb_next
    return entries


def shape(value: Any) -> str:
    """What a value is, in a few words: its shape, or its type."""
    sides = getattr(value, "shape", None)
    return " × ".join(f"{n:,}" for n in sides) if isinstance(sides, tuple) else type(value).__name__
