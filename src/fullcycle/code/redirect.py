"""Libraries that look a module up by its name, as the archive's modules see them.

``importlib.import_module("shop.rates")`` and ``importlib.resources.files("shop")`` mean the
archive's modules there, not what lies on disk or is installed under that name.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

_BY_NAME = {  # functions whose first parameter names a module, and that parameter's names
    "importlib.resources": (
        frozenset(
            {
                "contents",
                "files",
                "is_resource",
                "open_binary",
                "open_text",
                "path",
                "read_binary",
                "read_text",
            }
        ),
        ("package", "anchor"),
    ),
    "pkgutil": (frozenset({"get_data"}), ("package",)),
}


class Redirected(ModuleType):
    """A library to the archive's modules: all of it, with some of its functions led into the archive."""

    def __init__(self, name: str, led: Mapping[str, Callable[..., Any]], others: "Redirections") -> None:
        super().__init__(name)
        self._led = led
        self._others = others

    def __getattr__(self, name: str) -> Any:
        found = getattr(sys.modules[self.__name__], name)
        if isinstance(found, ModuleType):
            return self._others.get(found.__name__, found)
        return self._led.get(name, found)


Redirections = dict[str, ModuleType]


def redirections(import_module: Callable[..., ModuleType], private: Callable[[str], str]) -> Redirections:
    """The libraries that are led, by name; ``private`` tells a module's name in ``sys.modules``."""
    led: Redirections = {}
    led["importlib"] = Redirected("importlib", {"import_module": import_module}, led)
    for library, (functions, parameters) in _BY_NAME.items():
        ours = {name: _led(library, name, parameters, private) for name in functions}
        led[library] = Redirected(library, ours, led)
    return led


def _led(
    library: str, name: str, parameters: tuple[str, ...], private: Callable[[str], str]
) -> Callable[..., Any]:
    def own(given: Any) -> Any:
        return private(given) if isinstance(given, str) else given

    def call(*args: Any, **named: Any) -> Any:
        if not args and named.keys().isdisjoint(parameters):  # Python 3.12: the package of who calls
            args = (sys._getframe(1).f_globals["__name__"],)
        named = {key: own(value) if key in parameters else value for key, value in named.items()}
        return getattr(importlib.import_module(library), name)(*map(own, args[:1]), *args[1:], **named)

    return call
