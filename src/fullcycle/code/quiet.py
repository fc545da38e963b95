"""Calls that are known to change nothing but what they return.

While a module is imported, a call may change what other code holds: a registry, a library's
settings. Of what is listed here that is ruled out; everything else is taken to do so.
"""

import re

from fullcycle.code.usage import Chain

_BUILTINS = """
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate
    filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map
    max memoryview min object oct ord pow property range repr reversed round set slice sorted staticmethod
    str sum super tuple zip
    ArithmeticError Exception KeyError LookupError NotImplementedError RuntimeError TypeError ValueError
    """
_MODULES = """
    abc collections dataclasses datetime enum fractions fullcycle functools itertools math msgspec operator re
    statistics string textwrap types typing typing_extensions zoneinfo
    """
_METHODS = """
    copy count endswith find format get index isdisjoint issubset issuperset items join keys lower partition
    removeprefix removesuffix replace split startswith strip title upper union values
    """
_FILLING = """
    add append clear discard extend insert pop remove reverse setdefault sort update
    """
_LIBRARIES = frozenset({"numpy", "polars"})
_LOUD = re.compile(  # names of functions of these libraries that set or change something
    "api|[cC]onfig|copyto|disable|enable|fill|install|place|plugins|put|random|register|reset|seed|set|testing|use"
)
_KEEPING = frozenset({("functools", "cache"), ("functools", "partial")})
_EXACTLY = frozenset({("decimal", "Decimal"), ("json", "dumps"), ("json", "loads"), ("uuid", "UUID")})


_QUIET_BUILTINS = frozenset(_BUILTINS.split())
_QUIET_MODULES = frozenset(_MODULES.split())
_QUIET_METHODS = frozenset(_METHODS.split())
_FILLING_METHODS = frozenset(_FILLING.split())


def is_quiet_builtin(name: str) -> bool:
    """Whether calling Python's own ``name`` changes nothing."""
    return name in _QUIET_BUILTINS


def is_quiet_method(name: str) -> bool:
    """Whether a method of that name leaves a number, a text or a container as it is."""
    return name in _QUIET_METHODS


def is_filling(name: str) -> bool:
    """Whether a method of that name changes a container, and that alone."""
    return name in _FILLING_METHODS


def makes_value(chain: Chain) -> bool:
    """Whether what a quiet call makes can be read without being changed: no iterator, no ``defaultdict``."""
    return chain[0] != "itertools" and chain[-1] not in ("defaultdict", "ChainMap", "iter")


def is_quiet_elsewhere(chain: Chain) -> bool:
    """Whether calling a name of another library, such as ``("polars", "col")``, changes nothing."""
    if chain[0] in _LIBRARIES:
        return not any(_LOUD.match(part) for part in chain[1:])
    return chain[0] in _QUIET_MODULES or chain in _EXACTLY


def only_keeps(chain: Chain) -> bool:
    """Whether a call of it neither calls nor changes what it is given."""
    return chain[0] == "fullcycle" or chain in _KEEPING
