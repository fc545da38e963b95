"""Whole tables of units assigned at once, to the bit as the service assigns each of them.

The hash goes a character at a time over all units of a chunk, the longest first, so that those
still hashed stand in front; NumPy lets go of the interpreter meanwhile, and chunks share the cores.
Characters beyond ASCII are UTF-16 code units, as in ``fullcycle.experiment.assign``.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fullcycle.experiment import Admission, ExperimentSpec, Holdout, Layer
from fullcycle.experiment.assign import Assignment, fnv1a32
from fullcycle.kernel import UnknownName

_CHUNK = 1 << 15
"""Units at a time: their states, and a column of characters, stay in the cache."""

_PRIME = np.uint32(0x01000193)
_BASIS = fnv1a32("")

_States = npt.NDArray[np.uint32]
_Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_Places = npt.NDArray[np.float64]


def arms_of(assignment: Assignment, units: pl.Series, *, threads: int | None = None) -> pl.Series:
    """The arm of each unit; null for one that is null, empty, or left out by the coverage.

    Args:
        assignment: of the experiment.
        units: texts; other values count as what ``str`` makes of them, as in a request.
        threads: how many chunks at a time; as many as there are cores unless told.
    """
    texts = _texts(units)
    ends = np.array([end for pair in assignment.ranges for end in pair])
    # Every other gap between two ends is an arm; the rest belongs to nobody.
    named = pl.Series([*assignment.arms, None], dtype=pl.Enum(assignment.arms))

    def arms(part: pl.Series) -> npt.NDArray[np.int8]:
        text = _Text.of(part)
        place = _places(text, assignment)
        gap = np.searchsorted(ends, place, side="right")
        found = np.where(gap % 2 == 1, gap // 2, len(assignment.arms))
        found[text.empty] = len(assignment.arms)
        return found.astype(np.int8 if len(assignment.arms) < 127 else np.int32)

    return named.gather(pl.Series(_chunked(texts, arms, threads))).alias(units.name)


def placed_table(
    spec: ExperimentSpec, table: pl.DataFrame, column: str, *, threads: int | None = None
) -> pl.DataFrame:
    """Where each row's unit stands, and whose policy answers it: ``standing`` and ``arm`` added.

    A condition asks the table's columns of the same names as the request's fields. Arms that are
    kept from before are not looked up.

    Raises:
        UnknownName: where a column is lacking.
    """
    rule = Admission.of(spec)
    for name in (column, *rule.fields):
        if name not in table.columns:
            raise UnknownName.among(name, table.columns, where="the table of units")
    texts = _texts(table[column])
    arms = arms_of(rule.assignment, texts, threads=threads).cast(pl.String)
    standings = [("no unit", texts.is_null() | (texts == ""))]
    if rule.forced:
        standings.append(("forced", texts.is_in(list(rule.forced))))
    if rule.holdout is not None:
        standings.append(("holdout", _held_out(texts, rule.holdout, threads)))
    if rule.layer is not None:
        standings.append(("layer", ~_in_layer(texts, rule.layer, threads)))
    if rule.condition is not None:
        standings.append(("condition", ~meeting(rule, table)))
    standings.append(("coverage", arms.is_null()))
    standing: pl.Expr = pl.lit("assigned")
    for name, there in reversed(standings):
        standing = pl.when(there).then(pl.lit(name)).otherwise(standing)
    forced = texts.replace_strict(dict(rule.forced), default=None, return_dtype=pl.String)
    at = pl.col("standing")
    return table.with_columns(standing=standing).with_columns(
        arm=pl.when(at == "forced")
        .then(forced)
        .when(at == "holdout")
        .then(pl.lit(rule.held))
        .when(at == "assigned")
        .then(arms)
    )


def _texts(units: pl.Series) -> pl.Series:
    """Units as texts, as ``str`` writes them in a request."""
    if units.dtype == pl.String:
        return units
    if units.dtype.is_integer() or isinstance(units.dtype, (pl.Categorical, pl.Enum)):
        return units.cast(pl.String)
    texts = [None if value is None else str(value) for value in units.to_list()]
    return pl.Series(units.name, texts, dtype=pl.String)


def _held_out(texts: pl.Series, holdout: Holdout, threads: int | None) -> pl.Series:
    state = fnv1a32(holdout.name)
    return pl.Series(_chunked(texts, lambda part: _second(_Text.of(part), state) < holdout.share, threads))


def _in_layer(texts: pl.Series, layer: Layer, threads: int | None) -> pl.Series:
    def within(part: pl.Series) -> npt.NDArray[np.bool_]:
        place = _first(_Text.of(part), f"__{layer.namespace}")
        return (layer.low <= place) & (place < layer.high)

    return pl.Series(_chunked(texts, within, threads))


def meeting(rule: Admission, table: pl.DataFrame) -> pl.Series:
    """Whether each row meets the condition, asked once per distinct combination of what it reads."""
    asked = table.select(rule.fields)
    distinct = asked.unique(maintain_order=True)
    met = [rule.meets(partial(_field, row)) for row in distinct.iter_rows(named=True)]
    told = distinct.with_columns(pl.Series("fc_met", met, dtype=pl.Boolean))
    joined = asked.join(told, on=rule.fields, how="left", nulls_equal=True, maintain_order="left")
    return joined["fc_met"]


def _field(row: dict[str, Any], name: str) -> Any:
    return row[name]


def _chunked(texts: pl.Series, work: Any, threads: int | None) -> npt.NDArray[Any]:
    """Do a work on each chunk, several at a time, and put what comes of it in a row."""
    parts = list(_parts(texts))
    if len(parts) == 1:
        return np.asarray(work(parts[0]))
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return np.concatenate(list(pool.map(work, parts)))


def _parts(texts: pl.Series) -> Iterator[pl.Series]:
    for start in range(0, max(len(texts), 1), _CHUNK):
        yield texts.slice(start, _CHUNK)


class _Text:
    """The characters of a chunk of texts in one array, those of the longest first.

    ``order`` puts the texts so; text ``order[i]`` begins at ``starts[i]`` and has ``lengths[i]``. Where all
    are as long, they stay as they are, and ``columns`` holds a row of characters for each place.
    """

    def __init__(self, codes: _Codes, lengths: npt.NDArray[np.int64]) -> None:
        self.codes = codes
        self.empty = lengths == 0
        # Texts of one length need no order.
        size = int(lengths[0]) if len(lengths) and lengths[0] * len(lengths) == len(codes) else 0
        self.columns = codes.reshape(-1, size).T if size and (lengths == size).all() else None
        if self.columns is not None:
            return
        starts = np.cumsum(lengths) - lengths
        self.order = np.argsort(-lengths, kind="stable")
        self.lengths = lengths[self.order]
        self.starts = starts[self.order]
        # How many texts are longer than each number of characters.
        longest = int(self.lengths[0]) if len(lengths) else 0
        self.longer = np.searchsorted(-self.lengths, -np.arange(longest), side="left")

    @classmethod
    def of(cls, texts: pl.Series) -> "_Text":
        joined = "".join(texts.drop_nulls().str.join("").to_list())
        sizes = texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
        if joined.isascii():
            return cls(np.frombuffer(joined.encode(), np.uint8), sizes)
        # A character begins where a byte is no continuation; those of four bytes are two code units.
        data = np.frombuffer(joined.encode(), np.uint8)
        units = ((data & 0xC0) != 0x80).view(np.uint8) + (data >= 0xF0).view(np.uint8)
        reached = np.cumsum(
            units, dtype=np.int32 if len(data) < 1 << 30 else np.int64
        )  # the first is quicker
        ends = np.cumsum(sizes)
        until = np.where(ends > 0, reached[ends - 1], 0).astype(np.int64)
        return cls(np.frombuffer(joined.encode("utf-16-le"), np.uint16), np.diff(until, prepend=0))

    def hashed(self, state: int) -> _States:
        """FNV-1a of each text, going on from a state; in the order of the texts."""
        states = np.full(len(self.empty), state, np.uint32)
        if self.columns is not None:
            for column in self.columns:
                states ^= column
                states *= _PRIME
            return states
        starts = self.starts
        for n, count in enumerate(self.longer):
            front = states[:count]
            front ^= self.codes[starts[:count] + n]
            front *= _PRIME
        found = np.empty_like(states)
        found[self.order] = states
        return found


def _places(text: _Text, assignment: Assignment) -> _Places:
    if assignment.hash_version == 2:
        return _second(text, assignment.state)
    return _first(text, assignment.seed)


def _first(text: _Text, seed: str) -> _Places:
    """Version 1: the unit, then the seed; in steps of 1/1,000."""
    states = text.hashed(_BASIS)
    for unit in np.frombuffer(seed.encode("utf-16-le", "surrogatepass"), np.uint16):
        states ^= unit
        states *= _PRIME
    return (states % np.uint32(1_000)) / 1_000


def _second(text: _Text, state: int) -> _Places:
    """Version 2: the seed and the unit, then the number that it gives, as it is written."""
    return (_hash_of_digits(text.hashed(state)) % np.uint32(10_000)) / 10_000


def _hash_of_digits(numbers: _States) -> _States:
    """FNV-1a of each number's decimal digits, without zeros in front."""
    states = np.full(len(numbers), _BASIS, np.uint32)
    rest = numbers
    power = 1_000_000_000
    while power:
        digit = rest // np.uint32(power)
        rest = rest - digit * np.uint32(power)
        after = (states ^ (digit + np.uint32(48))) * _PRIME
        # Only a number of so many digits has one here; the last digit, each has.
        states = after if power == 1 else np.where(numbers >= np.uint32(power), after, states)
        power //= 10
    return states
