"""A Python console with names that are there already: IPython where it is installed, else Python's own."""

import code
import pdb
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import TracebackType
from typing import Any


def converse(names: Mapping[str, Any]) -> None:
    """Let somebody at a terminal try things out with ``names``; returns when they leave."""
    namespace = dict(names)
    try:
        start = import_module("IPython").start_ipython
    except ModuleNotFoundError:
        namespace.setdefault("__name__", "__console__")
        code.interact(banner="", local=namespace, exitmsg="")
        return
    start(argv=["--no-banner"], user_ns=namespace)


def execute(text: str, names: Mapping[str, Any]) -> None:
    """Execute statements with ``names``; what they raise is raised, and its lines can be shown."""
    exec(compile(text, "<stdin>", "exec"), dict(names))


def stop_where_it_fails(call: Callable[[], Any], package: str) -> Any:
    """What ``call`` returns; where it raises, a debugger opens at the innermost line of ``package``.

    Commands are read from the standard input, a terminal or not.

    Raises:
        Exception: what the call raised, when the debugger has been left.
    """
    try:
        return call()
    except Exception as error:
        traceback = error.__traceback__.tb_next if error.__traceback__ is not None else None
        debugger = pdb.Pdb()
        debugger.prompt = "(debug) " if sys.stdin.isatty() else ""
        debugger.cmdqueue = ["up"] * _beyond(traceback, package)
        debugger.reset()
        debugger.interaction(None, traceback)
        raise


def _beyond(traceback: TracebackType | None, package: str) -> int:
    """How many of the innermost entries are of libraries."""
    beyond = 0
    while traceback is not None:
        mine = str(traceback.tb_frame.f_globals.get("__name__", "")).startswith(package)
        beyond = 0 if mine else beyond + 1
        traceback = traceback.tb_next
    return beyond
