"""A Python console with names that are there already: IPython where it is installed, else Python's own."""

import code
import pdb
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any


def converse(names: Mapping[str, Any]) -> None:
    """Let somebody at a terminal try things out with ``names``; returns when they leave."""
    namespace = dict(names)
    start = _ipython()
    if start is not None:
        start(argv=["--no-banner"], user_ns=namespace)
        return
    namespace.setdefault("__name__", "__console__")
    code.interact(banner="", local=namespace, exitmsg="")


def _ipython() -> Callable[..., Any] | None:
    """What starts IPython; None where it is not installed."""
    try:
        start: Callable[..., Any] = import_module("IPython").start_ipython
    except ModuleNotFoundError:
        return None
    return start


def execute(text: str, names: Mapping[str, Any]) -> None:
    """Execute statements with ``names``; what they raise is raised, and its lines can be shown."""
    exec(compile(text, "<stdin>", "exec"), dict(names))


def stop_where_it_fails(call: Callable[[], Any], package: str) -> Any:
    """What ``call`` returns; where it raises, a debugger opens at the innermost line of ``package``.

    Commands are read from the standard input, a terminal or not. Frames of fullcycle's own
    are not shown.

    Raises:
        Exception: what the call raised, when the debugger has been left.
    """
    try:
        return call()
    except Exception as error:
        debugger = _Debugger(package)
        debugger.prompt = "(debug) " if sys.stdin.isatty() else ""
        debugger.reset()
        debugger.interaction(None, without_ours(error.__traceback__))
        raise


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without fullcycle's own frames; all of it where there is no other."""
    kept: TracebackType | None = None
    for entry in reversed(_entries(trace)):
        if not _is_ours(entry.tb_frame):
            kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept if kept is not None else trace


class _Debugger(pdb.Pdb):
    """Python's own debugger, which opens at a project's own line and knows no frames of ours."""

    def __init__(self, package: str) -> None:
        super().__init__()
        self._package = package

    def get_stack(
        self, f: FrameType | None, t: TracebackType | None
    ) -> tuple[list[tuple[FrameType, int]], int]:
        """The frames that can be looked at, and which of them is looked at first."""
        stack, last = super().get_stack(f, t)
        shown = [(frame, line) for frame, line in stack if not _is_ours(frame)]
        own = [at for at, (frame, _) in enumerate(shown) if _module(frame).startswith(self._package)]
        if not shown:
            return stack, last
        return shown, own[-1] if own else len(shown) - 1


def _entries(trace: TracebackType | None) -> list[TracebackType]:
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _is_ours(frame: FrameType) -> bool:
    return _module(frame).partition(".")[0] == "fullcycle"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
