"""Tables over a mapped file: an Arrow IPC file is opened, and no value of it is read or copied.

Polars copies what it reads, so the file's own description of where each buffer lies is
followed here, and the buffers are handed to Polars where they are, by the Arrow C data
interface. Nothing is checked on the way: whoever maps a file knows that nobody wrote to it.

Source: Apache Arrow, "IPC streaming and file formats" and "The Arrow C data interface".
"""

import ctypes
import itertools
import mmap
import struct
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.interface import Array, Release, Schema, Stream, capsule, least_sizes, pointer
from fullcycle.data.mapping import Mapping
from fullcycle.kernel import Invalid

_WHERE = "a table to be mapped"
_MEND = "read it without mapping"

Held = mmap.mmap | bytes
_ENDS = b"ARROW1"
_DICTIONARIES, _BATCHES = 2, 3  # fields of the footer


IN_USE: dict[int, object] = {}
"""What a table in use lies on, by the number that its array carries: the map and the structures."""
_numbers = itertools.count(1)
_KEPT = 4
recent: deque[pl.DataFrame] = deque(maxlen=_KEPT)
"""The tables mapped last, so that none of them is let go while an error passes: Python would call
``_forget`` in the midst of it and show a SystemError in the place of, say, a misspelt column."""


def _forget(array: Any, forget: Any = IN_USE.pop) -> None:
    forget(array.contents.private_data, None)


_forgotten = Release(_forget)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_forgotten))  # a table may be let go after this module is


def map_table(path: Path) -> pl.DataFrame:
    """The table of an uncompressed Arrow IPC file, its columns where they lie in the file.

    The file may be unlinked or replaced while the table is in use, but must not be written
    to or cut short: its size has to be known to be right before. Columns with categories,
    whose codes mean something in their own process only, are read.

    Raises:
        Invalid: where the file is laid out in a way that is not known here.
    """
    schema = pl.read_ipc_schema(path)
    mapping = Mapping(path)
    batches = [_Batch(mapping.held, *place, mapping=mapping) for place in _places(mapping.held)]
    coded = [name for name, dtype in schema.items() if _is_coded(dtype)]
    if len(coded) == len(schema) or not batches:
        return pl.read_ipc(path)
    read = pl.read_ipc(path, columns=coded) if coded else pl.DataFrame()
    columns = []
    for name, dtype in schema.items():
        like = pl.Series([], dtype=dtype)
        chunks = [batch.column(like) for batch in batches]
        columns.append(read[name] if name in coded else _joined(name, chunks))
    table = pl.DataFrame(columns)
    recent.append(table.clone())
    return table


def _joined(name: str, lying: list["_Lying"]) -> pl.Series:
    return pl.concat([pl.Series(chunk) for chunk in lying], rechunk=False).alias(name)


def _is_coded(dtype: Any) -> bool:
    if isinstance(dtype, pl.Struct):
        return any(_is_coded(field.dtype) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return _is_coded(dtype.inner)
    return isinstance(dtype, pl.Categorical | pl.Enum)


def check_layout(data: bytes) -> None:
    """Check that what an Arrow file says of its own parts lies within it, before Polars follows it.

    Raises:
        Invalid: where it does not; Polars would end the process.
    """
    for place in _places(data):
        batch = _Batch(data, *place)
        batch.check()


def _places(held: Held) -> list[tuple[int, int, int]]:
    """Each batch of rows: where it is described, how many bytes that takes, and those of its body."""
    if held[:6] != _ENDS or held[-6:] != _ENDS:
        raise Invalid("it does not begin and end as an Arrow file does", _WHERE, _MEND)
    length = int.from_bytes(held[-10:-6], "little")
    footer = _Told.root(held, len(held) - 10 - length)
    told = [_blocks(held, *footer.vector(number)) for number in (_DICTIONARIES, _BATCHES)]
    for offset, size, body in itertools.chain(*told):
        if offset < 8 or size < 8 or body < 0 or offset + size + body > len(held):
            raise Invalid("a part of it lies beyond its end", _WHERE, _MEND)
    return told[1]


def _blocks(held: Held, at: int, count: int) -> list[tuple[int, int, int]]:
    if count * 24 > len(held):
        raise Invalid("it tells of more parts than it can have", _WHERE, _MEND)
    return [struct.unpack_from("<qi4xq", held, at + 24 * n) for n in range(count)]


class _Told:
    """A table of a flatbuffer: fields by their number, each of which may be absent."""

    def __init__(self, held: Held, at: int) -> None:
        self._held = held
        self._at = at
        (back,) = struct.unpack_from("<i", held, at)
        self._fields = at - back
        (self._size,) = struct.unpack_from("<H", held, self._fields)

    @classmethod
    def root(cls, held: Held, at: int) -> "_Told":
        """The table that a flatbuffer begins with."""
        return cls(held, at + struct.unpack_from("<I", held, at)[0])

    def field(self, number: int) -> int:
        """Where a field lies, 0 where it is absent."""
        entry = 4 + 2 * number
        if entry >= self._size:
            return 0
        (offset,) = struct.unpack_from("<H", self._held, self._fields + entry)
        return self._at + offset if offset else 0

    def long(self, number: int) -> int:
        """A number of 64 bits."""
        at = self.field(number)
        return struct.unpack_from("<q", self._held, at)[0] if at else 0

    def table(self, number: int) -> "_Told":
        """The table that a field points to."""
        at = self.field(number)
        return _Told.root(self._held, at)

    def vector(self, number: int) -> tuple[int, int]:
        """Where the values of a vector begin, and how many there are."""
        at = self.field(number)
        if not at:
            return 0, 0
        start = at + struct.unpack_from("<I", self._held, at)[0]
        return start + 4, struct.unpack_from("<I", self._held, start)[0]

    def longs(self, number: int, each: int) -> Iterator[tuple[int, ...]]:
        """A vector of ``each`` numbers of 64 bits at a time."""
        start, count = self.vector(number)
        return struct.iter_unpack(f"<{each}q", self._held[start : start + 8 * each * count])


class _Batch:
    """Rows of a mapped file, whose columns are taken in the order in which they lie."""

    def __init__(
        self, held: Held, offset: int, size: int, body: int, *, mapping: Mapping | None = None
    ) -> None:
        told = _Told.root(held, offset + 8).table(2)  # after a mark and a length, four bytes each
        self._held = held
        self._compressed = told.field(3) != 0
        self._rows = told.long(0)
        self._mapping = mapping
        self._body = mapping.begins + offset + size if mapping is not None else 0
        self._size = body
        self._nodes = told.longs(1, 2)
        self._buffers = told.longs(2, 2)
        self._views = told.longs(4, 1)

    def check(self) -> None:
        """Check that every buffer lies within the body."""
        for length, nulls in self._nodes:
            if not 0 <= nulls <= length:
                raise Invalid("a column says that it has more nulls than rows", _WHERE, _MEND)
        for offset, size in self._buffers:
            self._require(offset, size, 0)

    def column(self, like: pl.Series) -> "_Lying":
        """The next column, of the dtype of ``like``."""
        if self._compressed:
            raise Invalid("its buffers are compressed", _WHERE, _MEND)
        keep: list[object] = [self._mapping]
        schema = _schema(like)
        try:
            array = self._array(schema, keep)
            if array.length != self._rows:
                raise Invalid("its columns are not of one length", _WHERE, _MEND)
            return _Lying(like, array, keep)
        finally:
            schema.release(ctypes.byref(schema))

    def _array(self, schema: Any, keep: list[object]) -> Array:
        length, nulls = next(self._nodes)
        form = schema.format.decode()
        buffers = self._taken(form, length, keep)
        children = [
            self._array(schema.children[n].contents, keep)
            for n in range(0 if schema.dictionary else schema.n_children)
        ]
        pointers = (ctypes.POINTER(Array) * len(children))(*map(ctypes.pointer, children))
        held = (ctypes.c_void_p * len(buffers))(*buffers)
        keep += [children, pointers, held]
        return Array(
            length=length,
            null_count=nulls,
            n_buffers=len(buffers),
            n_children=len(children),
            buffers=held,
            children=pointers,
            release=_forgotten,
        )

    def _taken(self, form: str, length: int, keep: list[object]) -> list[int | None]:
        """The addresses of the buffers of an array of this form; absent ones are None."""
        least = least_sizes(form, length)
        if form not in ("vu", "vz"):
            return [self._next(size)[0] for size in least]
        (texts,) = next(self._views)
        lying = [self._next(size) for size in [*least, *[0] * texts]]
        sizes = (ctypes.c_int64 * texts)(*(size for _, size in lying[len(least) :]))
        keep.append(sizes)
        return [*(at for at, _ in lying), ctypes.addressof(sizes)]

    def _next(self, least: int) -> tuple[int | None, int]:
        offset, size = next(self._buffers)
        self._require(offset, size, least if size else 0)  # validity is absent where nothing is null
        return (self._body + offset if size else None), size

    def _require(self, offset: int, size: int, least: int) -> None:
        if offset < 0 or size < least or offset + size > self._size:
            raise Invalid("a buffer is too short, or reaches beyond its part of the file", _WHERE, _MEND)


class _Lying:
    """An array of the C data interface, which Polars takes over."""

    def __init__(self, like: pl.Series, array: Array, keep: list[object]) -> None:
        self._like = like
        self._array = array
        self._keep = keep

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The schema and the array, as capsules."""
        number = next(_numbers)
        schema = _schema(self._like)
        self._array.private_data = number
        IN_USE[number] = (self._keep, self._array)
        self._taken = schema
        return (
            capsule(ctypes.addressof(schema), b"arrow_schema", None),
            capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )


def _schema(like: pl.Series) -> Schema:
    """What Polars calls the dtype of a series in Arrow's terms."""
    held = like.__arrow_c_stream__()
    stream = Stream.from_address(pointer(held, b"arrow_array_stream"))
    schema = Schema()
    if stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)):
        raise Invalid(f"{like.dtype} has no form in Arrow", _WHERE, _MEND)
    return schema
