"""What changed between two reaches, in lines that a user understands."""

from collections.abc import Mapping

from fullcycle.code.symbol import Symbol


def changed(old: Mapping[str, Symbol], new: Mapping[str, Symbol]) -> list[str]:
    """Name what differs, changes first, then what is new, then what is gone.

    Two reaches differ in their digests exactly where there is something to tell.

    >>> changed({"a.py:f": Symbol("1", "a.py", 3, "f()")}, {"a.py:f": Symbol("2", "a.py", 4, "f()")})
    ['a.py:4 f() changed']
    """
    differing = [key for key in new if key in old and old[key].digest != new[key].digest]
    added = [key for key in new if key not in old]
    gone = [key for key in old if key not in new]
    named = {new[key].path for key in [*differing, *added] if _is_named(key, new[key])}
    named |= {old[key].path for key in gone if _is_named(key, old[key])}
    told = [
        _difference(old[key], new[key]) for key in differing if _is_named(key, new[key]) or key not in named
    ]
    told += [f"{_place(new[key])} added" for key in added if _is_named(key, new[key]) or key not in named]
    told += [
        f"{_place(old[key])} no longer used" for key in gone if _is_named(key, old[key]) or key not in named
    ]
    return told


def _is_named(key: str, symbol: Symbol) -> bool:
    """Whether it is more than a whole file, of which the names in it tell more."""
    return key != symbol.path


def _difference(old: Symbol, new: Symbol) -> str:
    if new.declared:
        return f"{new.label} changed"
    if not new.path:
        return f"{new.label} {old.digest} → {new.digest}"
    return f"{_place(new)} changed"


def _place(symbol: Symbol) -> str:
    if symbol.declared:
        return symbol.label
    if not symbol.path:
        return f"{symbol.label} {symbol.digest}"
    if not symbol.label:
        return symbol.path
    return f"{symbol.path}:{symbol.line} {symbol.label}" if symbol.line else f"{symbol.path} {symbol.label}"
