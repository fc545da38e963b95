"""Public names that load their module on first use (PEP 562).

``import fullcycle`` must not import Polars, NumPy or SciPy; a package whose modules need
them lists its names here and repeats them under ``TYPE_CHECKING`` for the type checkers.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazily(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Return ``(__getattr__, __all__)`` for ``package``; ``names`` maps a name to its module.

    The module path is relative to the package (``".row"``).
    """

    def load(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(names[name], package)
        return getattr(module, name)

    return load, sorted(names)


class _Later(ModuleType):
    """Stands for a module until something of it is asked for, then holds all that it holds."""

    def __getattr__(self, name: str) -> Any:
        module = import_module(self.__name__)
        vars(self).update(vars(module))
        return getattr(module, name)


def later(name: str) -> Any:
    """Return a module that is imported when something of it is first used.

    For NumPy, whose import costs a tenth of a second that a run without anything to compute
    has no use for. The type checkers are told of the module itself, under ``TYPE_CHECKING``;
    an annotation that names something of it has to be a string, or it is used at once.

    >>> later("math").pi
    3.141592653589793
    """
    return _Later(name)
