"""What changed between two reaches, in lines that a user understands."""

from collections.abc import Mapping

from fullcycle.code.reaching import ACTS, Symbol


def changed(old: Mapping[str, Symbol], new: Mapping[str, Symbol]) -> list[str]:
    """Name what differs: ``library/money.py:14 euro() changed``, ``… is new``, ``… is no longer used``."""
    told = [
        f"{_place(key, symbol)} changed"
        for key, symbol in new.items()
        if key in old and old[key].digest != symbol.digest
    ]
    told += [f"{_place(key, symbol)} is new" for key, symbol in new.items() if key not in old]
    told += [f"{_place(key, symbol)} is no longer used" for key, symbol in old.items() if key not in new]
    return told


def _place(key: str, symbol: Symbol) -> str:
    name = key.removeprefix(f"{symbol.path}:")
    return f"{symbol.path}:{symbol.line} {name}"
