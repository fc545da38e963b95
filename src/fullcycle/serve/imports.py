"""Which line brings a library into the process that serves: heard while it is imported.

A service's start and memory are mostly what it imports. Libraries of tables and of training have
no business there, and most get in by a line that nobody thinks of.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

from fullcycle.release import Imported

UNWANTED = ("pandas", "polars", "pydantic", "scipy", "sklearn")


class Listener(MetaPathFinder):
    """Hears of each unwanted library when it is first imported, and finds none itself.

    >>> with Listener() as heard:
    ...     import json
    >>> heard.unwanted()
    ()
    """

    def __init__(self, unwanted: Sequence[str] = UNWANTED) -> None:
        self._names = tuple(unwanted)
        self._before = frozenset(sys.modules)
        self._chains: dict[str, tuple[str, ...]] = {}

    def __enter__(self) -> "Listener":
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note who asks for it; others find it."""
        if fullname in self._names and fullname not in self._chains:
            self._chains[fullname] = _chain(sys._getframe(1))
        return None

    @property
    def modules(self) -> int:
        """How many modules were imported since."""
        return len(sys.modules.keys() - self._before)

    def unwanted(self) -> tuple[Imported, ...]:
        """Those that are here now, by the lines that led to them; none for one that was here before."""
        here = [name for name in self._names if name in sys.modules]
        return tuple(Imported(module=name, chain=self._chains.get(name, ())) for name in here)


def _chain(frame: FrameType | None) -> tuple[str, ...]:
    """The lines being executed that lead here: those of the project, and the libraries they pass.

    Where no line of the project is among them, it is fullcycle's own that asks.
    """
    found = [told for told in (_told(each) for each in reversed(list(_stack(frame)))) if told]
    ours = [line for line in found if not line.startswith("fullcycle")]
    first = next((place for place, line in enumerate(ours) if ":" in line), None)
    chain = ours[first:] if first is not None else found[-1:]
    return tuple(dict.fromkeys(chain))


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _told(frame: FrameType) -> str:
    """A line of the project or of fullcycle as ``path:line``, a library by its name; "" for the rest."""
    name = str(frame.f_globals.get("__name__", ""))
    package, bracket, within = name.partition("[")
    if bracket:  # a project's module, as the loader names it: shop[3f2a91c05d7e].winback.rows
        path = within.partition("]")[2].removeprefix(".").replace(".", "/")
        if frame.f_code.co_filename.endswith("__init__.py"):
            path = f"{path}/__init__".removeprefix("/")
        return f"{path}.py:{frame.f_lineno}"
    top = package.partition(".")[0]
    if top in ("importlib", "__main__", "runpy") or top in sys.stdlib_module_names:
        return ""
    return f"{name.replace('.', '/')}.py:{frame.f_lineno}" if top == "fullcycle" else top
