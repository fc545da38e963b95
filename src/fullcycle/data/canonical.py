"""The digest of a table: equal for equal values, whatever memory holds them.

Canonical form, version 1. The schema (names, dtypes, order) and the number of rows come
first; then each column on its own, in blocks of ``BLOCK`` rows. A block is a sequence of
byte strings, each framed by its length: the validity bits (empty where nothing is null),
then the values with zeroes in place of nulls. Text is the byte length of each value and
the bytes together, a categorical is its labels, a list is the length of each and their
values together, a float is its bits. Chunks, slices, offsets and dictionaries leave no trace.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl

from fullcycle.kernel import Digest, Invalid, Pieces, digest_parts, digest_value, later

if TYPE_CHECKING:
    import numpy as np
else:
    np = later("numpy")

BLOCK = 1 << 20
"""Rows digested together: bounds memory, and is part of the canonical form."""

_PIECE = 4 << 20
"""Bytes of text laid end to end at a time: what fits the processor's cache is quickest. Changes no digest."""

Part = bytes | memoryview | Pieces


def table_digest(frame: pl.DataFrame) -> Digest:
    """Digest the values of a table: its columns, dtypes, rows and their order.

    Equal digests mean equal values. Values that are equal but not the same bits, 0.0 and
    -0.0, differ.

    Raises:
        Invalid: for a column of Python objects.
    """
    schema = schema_digest(frame)
    return joined_digest(schema, map(column_digest, frame.get_columns()))


def schema_digest(frame: pl.DataFrame) -> Digest:
    """Digest the names and dtypes of a table's columns, and the number of its rows.

    Raises:
        Invalid: for a column of Python objects.
    """
    schema = [[name, _token(dtype, name)] for name, dtype in frame.schema.items()]
    return digest_value("schema@1", [schema, frame.height])


def joined_digest(schema: Digest, columns: Iterable[Digest]) -> Digest:
    """The digest of a table, from those of its schema and its columns."""
    return digest_parts("table@1", [part.encode() for part in (schema, *columns)])


def column_digest(series: pl.Series) -> Digest:
    """Digest the values of a column, whatever its name."""
    blocks = (series.slice(start, BLOCK) for start in range(0, len(series), BLOCK))
    return digest_parts("column@1", [digest_parts("block@1", _parts(block)).encode() for block in blocks])


def _parts(series: pl.Series) -> Iterator[Part]:
    dtype = series.dtype
    if series.null_count():
        yield np.packbits(series.is_not_null().to_numpy()).data
    else:
        yield b""
    if isinstance(dtype, pl.Null):
        return
    if isinstance(dtype, pl.Struct):
        for name in series.struct.fields:
            yield from _parts(series.struct.field(name))
    elif isinstance(dtype, pl.List | pl.Array):
        yield from _lists(series)
    elif isinstance(dtype, pl.Boolean):
        yield np.packbits(_filled(series, False).to_numpy()).data
    elif dtype.is_temporal():
        yield _values(_filled(series.to_physical(), 0))
    elif dtype.is_float() or (dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)):
        yield _values(_filled(series, 0))
    else:
        yield from _texts(series)


def _filled(series: pl.Series, empty: object) -> pl.Series:
    """With a value in place of nulls; where there are none, Polars would wake its threads to say so."""
    return series.fill_null(empty) if series.null_count() else series


def _lists(series: pl.Series) -> Iterator[Part]:
    lists = series if isinstance(series.dtype, pl.List) else series.arr.to_list()
    yield _bytes(lists.list.len().cast(pl.UInt64).fill_null(0))
    yield from _parts(lists.list.explode(empty_as_null=False, keep_nulls=False))


def _texts(series: pl.Series) -> Iterator[Part]:
    """Text, and what has no number of its own: binary, decimals and 128-bit integers, written out."""
    binary = isinstance(series.dtype, pl.Binary)
    text = series.bin.encode("hex") if binary else series.cast(pl.String)
    text = _filled(text, "")
    lengths = text.str.len_bytes()
    yield _bytes(lengths.cast(pl.UInt64))
    size = int(lengths.sum())
    yield Pieces(size, _end_to_end(text, size))


def _end_to_end(text: pl.Series, size: int) -> Iterator[memoryview]:
    """The bytes of every value, one after another, a few megabytes at a time."""
    rows = max(1, len(text) * _PIECE // max(size, 1))
    for start in range(0, len(text), rows):
        piece = text.slice(start, rows).cast(pl.Binary).cast(pl.List(pl.UInt8))
        yield _bytes(piece.list.explode(empty_as_null=False))


def _values(series: pl.Series) -> Part:
    """The bytes of numbers, from where they lie: one of several chunks is not copied together."""
    if series.n_chunks() == 1:
        return _bytes(series)
    pieces = [_bytes(chunk) for chunk in series.get_chunks()]
    return Pieces(sum(piece.nbytes for piece in pieces), iter(pieces))


def _bytes(series: pl.Series) -> memoryview:
    values = np.ascontiguousarray(series.to_numpy())
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return little.view(np.uint8).data


def _token(dtype: pl.DataType, column: str) -> object:
    """A dtype in words of our own, so that Polars may rename its."""
    name = type(dtype).__name__.lower()
    if isinstance(dtype, pl.Datetime):
        return [name, dtype.time_unit, dtype.time_zone]
    if isinstance(dtype, pl.Duration):
        return [name, dtype.time_unit]
    if isinstance(dtype, pl.Decimal):
        return [name, dtype.precision, dtype.scale]
    if isinstance(dtype, pl.Enum):
        return [name, dtype.categories.to_list()]
    if isinstance(dtype, pl.Array):
        return [name, dtype.size, _token(_instance(dtype.inner), column)]
    if isinstance(dtype, pl.List):
        return [name, _token(_instance(dtype.inner), column)]
    if isinstance(dtype, pl.Struct):
        return [name, [[field.name, _token(_instance(field.dtype), column)] for field in dtype.fields]]
    if isinstance(dtype, pl.Object) or not (dtype.is_numeric() or dtype.is_temporal() or name in _OTHERS):
        raise Invalid(
            f"column {column!r} holds {dtype}, which has no digest",
            "a table to be stored",
            "turn it into numbers, text, dates or lists of them",
        )
    return name


_OTHERS = ("boolean", "string", "binary", "categorical", "null")


def _instance(dtype: object) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype  # type: ignore[return-value]  # Polars allows both
