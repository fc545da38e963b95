"""A step failed: the user's own traceback, where it was, on what, and what to do."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from types import TracebackType
from typing import Any

import msgspec

from fullcycle.flow.facts import ElementFailed, Failure
from fullcycle.flow.graph import Node
from fullcycle.kernel import (
    Conflict,
    Damaged,
    FullcycleError,
    Misconfigured,
    Missing,
    Refused,
    counted,
    public,
)

_LISTED = 20  # failed elements that are told one by one
_NOT_THE_STEPS = (Conflict, Damaged, Misconfigured, Missing)  # the record or its disk stand in the way
_UNDER = "\n         "  # a further line of a cure


class CodeFailed(FullcycleError):
    """The project's own code raised; ``traceback`` begins at the user's own line."""

    def __init__(self, what: str, where: str, mend: str, traceback: str = "") -> None:
        super().__init__(what, where, mend)
        self.traceback = public(traceback)
        self.args = (self.what, self.where, self.mend, self.traceback)


class StepFailed(CodeFailed):
    """A step came to no result: it raised, took too long, or returned what it may not.

    ``failure`` is what the record keeps of it, as far as it is known where this is raised.
    """

    exit_code = 1

    def __init__(
        self, what: str, where: str, mend: str, traceback: str = "", failure: Failure | None = None
    ) -> None:
        super().__init__(what, where, mend, traceback)
        self.failure = failure
        self.args = (*self.args, failure)

    def counted(self, failures: list[ElementFailed], *, made: int, total: int) -> "StepFailed":
        """The same of a step that is called once per element, with what became of the others."""
        told = self.failure or Failure(step="", error=self.what)
        told = msgspec.structs.replace(told, failures=failures, made=made, elements=total)
        again = type(self)(self.what, self.where, self.mend, self.traceback, told)
        again.__cause__ = self.__cause__
        return again


class SourceFailed(StepFailed, Refused):
    """A source, or outcomes, could not be read, or its rows break their contract."""


class ElementsFailed(StepFailed):
    """Calls of a step that is called once per element failed; ``failures`` tells of each."""

    @property
    def failures(self) -> tuple[ElementFailed, ...]:
        """The elements that failed."""
        return tuple(self.failure.failures) if self.failure is not None else ()

    @classmethod
    def of(cls, node: Node, run: str, first: StepFailed) -> "ElementsFailed":
        """The failures of a step, which ``first`` counts, told with the traceback of the first."""
        told = first.failure or Failure(step=node.name, error=first.what)
        failures, every = told.failures, counted(told.elements or 0, "element")
        listed = "\n".join(f"  {one.element}: {one.error}" for one in failures[:_LISTED])
        more = f"\n  and {len(failures) - _LISTED:,} more" if len(failures) > _LISTED else ""
        return cls(
            f"step {node.name} of {run} failed for {len(failures):,} of {every}\n{listed}{more}",
            _where(node, told.inputs, f"the inputs of {failures[0].element}"),
            f"look at one: fullcycle debug '{run}/{node.name}[{failures[0].element}]'; then mend it and run "
            "again: the other elements are kept",
            first.traceback,
            msgspec.structs.replace(told, element=""),
        )


class RunFailed(StepFailed):
    """A run that went on after a failure: each failure, and what was left out because of which."""

    def __init__(self, run: str, parts: Sequence[StepFailed], left_out: Mapping[str, Sequence[str]]) -> None:
        steps = f"{counted(len(parts), 'step')} of {run} failed"
        left = f", {len(left_out)} left out" if left_out else ""
        super().__init__(f"{steps}{left}", parts[0].where, parts[0].mend)
        self.parts = tuple(parts)
        self.left_out = {name: tuple(causes) for name, causes in left_out.items()}
        self.args = (run, self.parts, self.left_out)

    @property
    def told_left_out(self) -> str:
        """A line for each step that was left out, with its cause; empty where none was."""
        lines = [f"  {name}: stands on {' and '.join(causes)}" for name, causes in self.left_out.items()]
        return "\n".join(["left out, because of that:", *lines]) if lines else ""

    def __str__(self) -> str:
        return "\n".join(filter(None, [*map(str, self.parts), self.told_left_out]))


def guarded(node: Node, run: str, inputs: Mapping[str, Any], element: str = "") -> Callable[..., Any]:
    """The node's function, whose exceptions become a ``StepFailed``."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return node.declared.function(*args, **kwargs)
        except (Exception, SystemExit) as error:  # nobody would be told why the run ended
            own = error.__traceback__.tb_next if error.__traceback__ is not None else None
            raised = _own(own, _package(node))
            told = Failure(
                step=node.name,
                error=in_one_line(error),
                raised=_in_project(raised[-1].tb_frame.f_globals, raised[-1].tb_lineno) if raised else "",
                inputs=shapes(inputs),
                element=element,
            )
            cure = error.mend if isinstance(error, FullcycleError) else ""
            trace = "".join(traceback.format_exception(type(error), error, own))
            raise step_failed(node, run, told, cure, trace) from error

    return call


def step_failed(node: Node, run: str, told: Failure, cure: str = "", trace: str = "") -> StepFailed:
    """The failure of a step of a run, whatever its way of failing, in the words that all of them share.

    ``cure`` is what mends it where somebody knows; how to look at its inputs is always told.
    """
    reads = node.role in ("source", "outcomes")
    name = f"{node.name}[{told.element}]" if told.element else node.name
    at = f"'{run}/{name}'" if told.element else f"{run}/{name}"  # a shell reads [ ] as a pattern
    look = f"look at its {'query' if reads else 'inputs'}: fullcycle debug {at}"
    told = msgspec.structs.replace(told, error=public(told.error), line=_line(node))
    made = SourceFailed if reads else StepFailed
    return made(
        f"{'source' if node.role == 'source' else 'step'} {name} of {run} failed: {told.error}",
        node.line if reads else _where(node, told.inputs),
        f"{cure}{_UNDER}{look}" if cure else f"{look}; then mend it and run again",
        trace,
        told,
    )


def completed(
    error: Exception, node: Node, run: str, look: Callable[[str], Mapping[str, str]], element: str = ""
) -> StepFailed:
    """What a step failed with, as a ``StepFailed`` that knows its run, its line and its inputs.

    ``look`` says what the inputs were, of the element given to it.
    """
    told = getattr(error, "failure", None)
    if isinstance(error, StepFailed) and told is not None and told.line:
        return error
    raised = _own(error.__traceback__, _package(node)) if not isinstance(error, FullcycleError) else []
    told = told or Failure(
        step=node.name,
        error=in_one_line(error),
        raised=_in_project(raised[-1].tb_frame.f_globals, raised[-1].tb_lineno) if raised else "",
        element=element,
    )
    if not told.inputs:
        told = msgspec.structs.replace(told, inputs=dict(look(told.element)))
    trace = "".join(traceback.format_exception(type(error), error, raised[0])) if raised else ""
    cure = error.mend if isinstance(error, FullcycleError) else ""
    made = step_failed(node, run, told, cure, getattr(error, "traceback", trace))
    rest = getattr(error, "what", "").partition("\n")[2]  # of rows that break a contract, which ones
    where = getattr(error, "where", "") if isinstance(made, SourceFailed) else ""  # the line of its query
    if rest or where:
        what = f"{made.what}\n{rest}" if rest else made.what
        where = made.where if not where or where == node.line else _within(node.line, where)
        made = type(made)(what, where, made.mend, made.traceback, made.failure)
    made.__cause__ = error.__cause__ or error
    return made


def is_the_steps(error: Exception, node: Node) -> bool:
    """Whether a step or the code of its project failed, and not the record or the machine beneath."""
    if isinstance(error, FullcycleError):
        return not isinstance(error, _NOT_THE_STEPS)
    return bool(_own(error.__traceback__, _package(node)))


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
    said = public(str(error)).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def shapes(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What each input is, in a few words."""
    return {name: shape(value) for name, value in inputs.items()}


def shape(value: Any) -> str:
    """What a value is, in a few words: its shape, or its type."""
    sides = getattr(value, "shape", None)
    return " × ".join(f"{n:,}" for n in sides) if isinstance(sides, tuple) else type(value).__name__


def _where(node: Node, inputs: Mapping[str, str], whose: str = "its inputs") -> str:
    listed = ", ".join(f"{name} {told}" for name, told in inputs.items())
    return f"{node.line} ({whose}: {listed or 'none'})"


def _within(line: str, where: str) -> str:
    return where if line in where else f"{line}: {where}"


def _package(node: Node) -> str:
    """What the names of the modules begin with that belong to the project of a node."""
    declared = node.declared.of if node.role == "outcomes" else node.declared
    return str(getattr(declared.function, "__module__", "")).partition(".")[0]


def _line(node: Node) -> str:
    """Where a node is written, from the project's folder."""
    path, _, line = node.line.rpartition(":")
    function = getattr(node.declared.of if node.role == "outcomes" else node.declared, "function", None)
    module = getattr(function, "__module__", "")
    return f"{_below(path, module)}:{line}" if path and module else node.line


def _in_project(namespace: Mapping[str, Any], line: int) -> str:
    return f"{_below(str(namespace.get('__file__', '')), str(namespace.get('__name__', '')))}:{line}"


def _below(path: str, module: str) -> str:
    """The path of a module's file from the folder of its package."""
    parts = PurePath(path).parts
    depth = len(module.split(".")) - (not path.endswith("__init__.py"))
    return "/".join(parts[-depth:]) if depth else path


def _with_line(where: str, line: str) -> str:
    """``where`` with the line that raised, unless it names a line itself."""
    path, _, number = where.rpartition(":")
    if not line or (path and number.isdecimal()):
        return where
    return line if line.startswith(f"{where}:") else f"{line} ({where})"


def _own(trace: TracebackType | None, package: str) -> list[TracebackType]:
    """The entries of a traceback that are the project's own."""
    entries: list[TracebackType] = []
    while package and trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith(package):
            entries.append(trace)
        trace = trace.tb_next
    return entries
