"""Where two values of one kind first differ, in a few words: for whoever expected them to be the same."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

_LONGEST = 60  # characters of a value that is shown
_MASK = "•••"
_NAMED = 5  # columns named in a line


def first_difference(was: Any, now: Any, hidden: Collection[str] = ()) -> str:
    """Where two values first differ; empty where no comparison shows it.

    Places are told as Python asks for them: ``spend[17]`` is the first differing row of a
    table's column, ``["a"][3]`` a part of plain data. Values of the columns in ``hidden``
    are not shown.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]})
    "['a'][1]: 2 → 3"
    """
    if isinstance(was, pl.DataFrame) and isinstance(now, pl.DataFrame):
        return table_difference(was, now, hidden)
    if isinstance(was, np.ndarray) and isinstance(now, np.ndarray):
        return _of_arrays(was, now)
    return next(_of_plain(was, now, "", hidden), "")


def table_difference(was: pl.DataFrame, now: pl.DataFrame, hidden: Collection[str] = ()) -> str:
    """Where two tables first differ: in their columns, their number of rows, or a value."""
    schema = _of_schemas(was, now)
    if schema:
        return schema
    rows = f"{was.height:,} → {now.height:,} rows" if was.height != now.height else ""
    both = min(was.height, now.height)
    other = {name: found for name in was.columns if len(found := _rows(was[name][:both], now[name][:both]))}
    if not other:
        return rows
    name, at = min(((name, int(found[0])) for name, found in other.items()), key=lambda one: one[1])
    values = _MASK if name in hidden else f"{_shown(was[name][at])} → {_shown(now[name][at])}"
    many = len(np.unique(np.concatenate(list(other.values()))))
    told = f"{name}[{at}]: {values}; {many:,} of {both:,} rows differ"
    if len(other) > 1:
        named = [one for one in other if one != name]
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        told += f", also in {', '.join(named[:_NAMED])}{more}"
    return f"{rows}; {told}" if rows else told


def text_difference(was: str, now: str) -> str:
    """The first line that is not the same."""
    one, other = was.splitlines(), now.splitlines()
    for number, (before, after) in enumerate(zip(one, other, strict=False), 1):
        if before != after:
            return f"line {number}: {_apart(before, after)}"
    return f"{len(one):,} → {len(other):,} lines" if len(one) != len(other) else ""


def _of_schemas(was: pl.DataFrame, now: pl.DataFrame) -> str:
    gone = [name for name in was.columns if name not in now.columns]
    new = [name for name in now.columns if name not in was.columns]
    if gone or new:
        return "; ".join(
            f"{word} {', '.join(names)}"
            for word, names in (("without the column", gone), ("with the new column", new))
            if names
        )
    if was.columns != now.columns:
        return f"its columns stand in another order: {', '.join(was.columns)} → {', '.join(now.columns)}"
    for name, dtype in was.schema.items():
        if now.schema[name] != dtype:
            return f"column {name}: {dtype} → {now.schema[name]}"
    return ""


def _rows(was: pl.Series, now: pl.Series) -> "np.ndarray[Any, Any]":
    """The rows in which a column differs; of floats by their bits, but that one NaN is as good as another."""
    if was.dtype.is_nested() or was.dtype in (pl.Object, pl.Categorical, pl.Enum):
        pairs = zip(was.to_list(), now.to_list(), strict=True)
        return np.array([at for at, (one, other) in enumerate(pairs) if repr(one) != repr(other)], dtype=int)
    other = was.ne_missing(now)
    if was.dtype.is_float():
        other = other | (_negative_zeros(was) != _negative_zeros(now)).fill_null(False)
    return other.arg_true().to_numpy()


def _negative_zeros(series: pl.Series) -> pl.Series:
    return (series == 0) & pl.Series(np.signbit(series.fill_null(1.0).to_numpy()))


def _of_arrays(was: "np.ndarray[Any, Any]", now: "np.ndarray[Any, Any]") -> str:
    if was.dtype != now.dtype or was.shape != now.shape:
        return f"{was.dtype}{list(was.shape)} → {now.dtype}{list(now.shape)}"
    same = was == now
    if was.dtype.kind in "fc":
        same |= (was != was) & (now != now)
    places = np.argwhere(~np.atleast_1d(same))
    if not len(places):
        return ""
    at = tuple(int(n) for n in places[0])
    one, other = np.atleast_1d(was)[at], np.atleast_1d(now)[at]
    place = ", ".join(map(str, at))
    return f"[{place}]: {one} → {other}; {len(places):,} of {was.size:,} differ"


def _of_plain(was: Any, now: Any, path: str, hidden: Collection[str]) -> Iterator[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in [*was, *(key for key in now if key not in was)]:
            place = f"{path}[{key!r}]"
            if key not in now or key not in was:
                yield f"{place} is {'gone' if key in was else 'new'}"
            else:
                yield from _of_plain(was[key], now[key], place, hidden)
        if list(was) != list(now):
            yield f"{path or 'its keys'} in another order"
        return
    if isinstance(was, list | tuple) and type(was) is type(now):
        for number, (one, other) in enumerate(zip(was, now, strict=False)):
            yield from _of_plain(one, other, f"{path}[{number}]", hidden)
        if len(was) != len(now):
            yield f"{path}: {len(was):,} → {len(now):,} elements".removeprefix(": ")
        return
    if isinstance(was, pl.DataFrame | np.ndarray) and type(was) is type(now):
        yield from filter(None, [f"{path}: {first_difference(was, now, hidden)}"])
    elif isinstance(was, str) and isinstance(now, str) and "\n" in was + now:
        yield from (f"{path}: {told}".removeprefix(": ") for told in [text_difference(was, now)] if told)
    elif repr(was) != repr(now):
        masked = any(f"[{name!r}]" in path for name in hidden)
        yield f"{path}: {_MASK if masked else _apart(repr(was), repr(now))}".removeprefix(": ")


def _shown(value: Any) -> str:
    text = str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _apart(was: str, now: str) -> str:
    """Two texts, cut to where they differ."""
    if max(len(was), len(now)) <= _LONGEST:
        return f"{was} → {now}"
    first = next(
        (n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
    )
    begin = max(0, first - _LONGEST // 2)
    cut = [
        f"{'…' if begin else ''}{text[begin : begin + _LONGEST]}{'…' if begin + _LONGEST < len(text) else ''}"
        for text in (was, now)
    ]
    return f"{cut[0]} → {cut[1]}"
