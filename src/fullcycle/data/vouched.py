"""Columns that need not be digested again: they lie, unchanged, in a file whose content is known.

A step that changes one column of a table hands the others on where they lie, in the mapped
file of its input. Such a column is known by its place: the addresses of its buffers, and how
they are read. Nothing else can come to lie there as long as the file is mapped, and what
lies there is what was digested as long as nobody writes to the file. Both are asked each time.
"""

import ctypes
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from fullcycle.data.canonical import column_digest, joined_digest, schema_digest
from fullcycle.data.interface import Array, Schema, Stream, least_sizes, pointer
from fullcycle.data.mapping import Mapping, mapping_at
from fullcycle.kernel import Digest

_WORTH = 256 * 1024
"""Bytes from which a column is looked for: a smaller one is digested as quickly."""

_MOST = 50_000
"""Columns whose digests are kept in memory, some 6 MB."""

_VIEWS = (b"vu", b"vz")  # text and bytes: any number of buffers of what is long, and their sizes

Chunk = tuple[int, int, tuple[int | None, ...], tuple[int, ...]]
"""Length, offset, the addresses of the buffers, and the sizes of those that text has."""

Place = tuple[pl.DataType, bytes, tuple[Chunk, ...]]
"""All that decides what a column holds: its dtype, Arrow's name of its layout, where each chunk lies."""


class VouchedColumns:
    """What the columns of tables hold that were digested or read a while ago.

    It tells of a table what ``table_digest`` does. It is wrong only where somebody writes to a
    mapped file and sets its times back, or where ``vouch`` is told what is not so.
    """

    def __init__(self) -> None:
        self._columns_of: OrderedDict[Digest, tuple[Digest, ...]] = OrderedDict()  # by content of a table
        self._count = 0
        self._placed: dict[Place, tuple[weakref.ref[Mapping], Digest]] = {}

    def content(self, frame: pl.DataFrame) -> Digest:
        """The digest of a table, as ``table_digest`` gives it.

        Raises:
            Invalid: for a column of Python objects.
        """
        schema = schema_digest(frame)
        columns = [self._known(column) or column_digest(column) for column in frame.get_columns()]
        content = joined_digest(schema, columns)
        if frame.estimated_size() >= _WORTH:
            self._remember(content, columns)
        return content

    def vouch(self, frame: pl.DataFrame, content: Digest) -> None:
        """Take the caller's word that a table over a mapped file has this content."""
        columns = self._columns_of.get(content)
        if columns is None or joined_digest(schema_digest(frame), columns) != content:
            return
        placed = [
            (place, digest)
            for column, digest in zip(frame.get_columns(), columns, strict=True)
            if (place := _place_of(column)) is not None
        ]
        mapping = next((mapping_at(address) for place, _ in placed for address, _ in _spans(place)), None)
        if mapping is None or not mapping.is_untouched():
            return
        ours = {
            place: (weakref.ref(mapping), digest)
            for place, digest in placed
            if all(mapping.holds(*span) for span in _spans(place))
        }
        self._placed.update(ours)
        weakref.finalize(mapping, _forget, self._placed, list(ours)).atexit = False  # before it is unmapped

    def touch(self, frame: pl.DataFrame) -> None:
        """Bring what is about to be written to where it lies: nothing has read what was vouched for."""
        for place, mapping, _ in filter(None, map(self._found, frame.get_columns())):
            for span in _spans(place):
                mapping.touch(*span)

    def _known(self, column: pl.Series) -> Digest | None:
        """The digest of a column that was vouched for; None of another, or where its file was written to."""
        found = self._found(column)
        return found[2] if found is not None and found[1].is_untouched() else None

    def _found(self, column: pl.Series) -> tuple[Place, Mapping, Digest] | None:
        """Where a column lies that was vouched for, and its mapping: while that is held, nothing else can."""
        place = _place_of(column) if self._placed else None
        found = self._placed.get(place) if place is not None else None
        if place is None or found is None:
            return None
        mapping, digest = found[0](), found[1]
        return (place, mapping, digest) if mapping is not None else None

    def _remember(self, content: Digest, columns: Sequence[Digest]) -> None:
        if len(columns) > _MOST or content in self._columns_of:
            return
        self._columns_of[content] = tuple(columns)
        self._count += len(columns)
        while self._count > _MOST:
            _, oldest = self._columns_of.popitem(last=False)
            self._count -= len(oldest)


def _forget(placed: dict[Place, Any], places: list[Place]) -> None:
    for place in places:
        placed.pop(place, None)


def _spans(place: Place) -> Iterator[tuple[int, int]]:
    """Where there is something of a column: the address of each buffer, and how many bytes are there."""
    _, form, chunks = place
    for length, offset, buffers, sizes in chunks:
        validity, *least = [*least_sizes(form.decode(), offset + length), *sizes]
        if buffers[0] is not None:  # absent where nothing is null
            yield buffers[0], validity
        yield from ((address or 0, size) for address, size in zip(buffers[1:], least, strict=True) if size)


def _place_of(column: pl.Series) -> Place | None:
    """Where a column lies; None for one that is small, or is told by more than its own buffers."""
    dtype = column.dtype
    flat = dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.String, pl.Binary)
    if not flat or column.estimated_size() < _WORTH:
        return None
    held = column.__arrow_c_stream__()
    stream = Stream.from_address(pointer(held, b"arrow_array_stream"))
    schema = Schema()
    if stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)):
        return None
    form, is_flat = schema.format, not (schema.dictionary or schema.n_children)
    schema.release(ctypes.byref(schema))
    if not is_flat or (dtype in (pl.String, pl.Binary)) != (form in _VIEWS):
        return None
    chunks = tuple(_chunks(stream, form))
    return (dtype, form, chunks) if sum(length for length, *_ in chunks) == len(column) else None


def _chunks(stream: Stream, form: bytes) -> Iterator[Chunk]:
    while True:
        array = Array()
        if stream.get_next(ctypes.byref(stream), ctypes.byref(array)) or not array.release:
            return
        buffers = array.buffers[: array.n_buffers]
        sizes: tuple[int, ...] = ()
        if form in _VIEWS:  # the last buffer tells their sizes, and is made anew each time
            sizes = tuple((ctypes.c_int64 * (len(buffers) - 3)).from_address(buffers.pop()))
        yield array.length, array.offset, tuple(buffers), sizes
        array.release(ctypes.byref(array))
