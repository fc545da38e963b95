"""The user's own code raised: their own traceback, where it was, and what to do."""

import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from fullcycle.flow.graph import Node
from fullcycle.kernel import FullcycleError


class CodeFailed(FullcycleError):
    """The project's own code raised; ``traceback`` begins at the user's own line."""

    def __init__(self, what: str, where: str, mend: str, traceback: str = "") -> None:
        super().__init__(what, where, mend)
        self.args = (what, where, mend, traceback)
        self.traceback = traceback


class StepFailed(CodeFailed):
    """A step's function raised."""

    exit_code = 1


def guarded(node: Node, run: str, inputs: Mapping[str, Any]) -> Callable[..., Any]:
    """The node's function, whose exceptions become a ``StepFailed``."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return node.declared.function(*args, **kwargs)
        except Exception as error:
            own = error.__traceback__.tb_next if error.__traceback__ is not None else None
            shapes = ", ".join(f"{name} {_shape(value)}" for name, value in inputs.items())
            again = f"mend it and run again; what finished is kept: fullcycle run {run.split('@')[0]}"
            raise StepFailed(
                f"step {node.name} of {run} failed: {in_one_line(error)}",
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


def _shape(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return " × ".join(f"{n:,}" for n in shape) if isinstance(shape, tuple) else type(value).__name__
