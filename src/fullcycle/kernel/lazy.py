"""Public names that load their module on first use (PEP 562).

``import fullcycle`` must not import Polars, NumPy or SciPy; a package whose modules need
them lists its names here and repeats them under ``TYPE_CHECKING`` for the type checkers.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
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
