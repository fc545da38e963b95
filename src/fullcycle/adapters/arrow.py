"""Apache Arrow tables, as PyArrow holds them. Needs ``pip install fullcycle[arrow]``."""

from typing import Any

import polars as pl
import pyarrow as pa

from fullcycle.data import table_digest
from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record import unreadable


class ArrowTableCodec:
    """Stores a ``pyarrow.Table`` as an Arrow IPC file, its schema and metadata with it."""

    name = "arrow-table@1"
    suffix = ".arrow"

    def matches(self, value: object) -> bool:
        """Whether it is a table."""
        return type(value) is pa.Table

    def encode(self, value: Any) -> bytes:
        """The table as an Arrow IPC file.

        Raises:
            Invalid: for a type of column that has no digest.
        """
        _as_frame(value)
        return _written(value.combine_chunks())

    def decode(self, data: bytes) -> Any:
        """Read an Arrow IPC file.

        Raises:
            Damaged: where it is none.
        """
        return _read(data)

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of schema and values, whatever chunks hold them."""
        return digest_parts(self.name, _parts(value))


class ArrowBatchCodec:
    """Stores a ``pyarrow.RecordBatch`` as an Arrow IPC file."""

    name = "arrow-batch@1"
    suffix = ".arrow"

    def matches(self, value: object) -> bool:
        """Whether it is a record batch."""
        return type(value) is pa.RecordBatch

    def encode(self, value: Any) -> bytes:
        """The batch as an Arrow IPC file.

        Raises:
            Invalid: for a type of column that has no digest.
        """
        _as_frame(pa.Table.from_batches([value]))
        return _written(value)

    def decode(self, data: bytes) -> Any:
        """Read an Arrow IPC file.

        Raises:
            Damaged: where it is none.
        """
        table = _read(data)
        batches = table.combine_chunks().to_batches()
        if batches:
            return batches[0]
        return pa.RecordBatch.from_arrays(
            [pa.array([], field.type) for field in table.schema], schema=table.schema
        )

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of schema and values."""
        return digest_parts(self.name, _parts(pa.Table.from_batches([value])))


def _written(value: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, value.schema) as writer:
        writer.write(value)
    return bytes(sink.getvalue())


def _read(data: bytes) -> Any:
    try:
        with pa.ipc.open_file(pa.py_buffer(data)) as reader:
            table = reader.read_all()
        table.validate()
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise unreadable("an Arrow table", error) from error
    return table


def _parts(value: Any) -> list[bytes]:
    """The schema as Arrow writes it, and the digest of the values."""
    return [
        bytes(value.schema.serialize()),
        str(value.num_rows).encode(),
        table_digest(_as_frame(value)).encode(),
    ]


def _as_frame(value: Any) -> pl.DataFrame:
    """The values as Polars sees them, whose digest leaves layout out; columns by their place."""
    columns = []
    for place, (field, column) in enumerate(zip(value.schema, value.columns, strict=True)):
        if not _is_known(field.type):
            raise _refused(field)
        columns.append(pl.Series(str(place), pl.from_arrow(_dense(column))))
    return pl.DataFrame(columns)


def _dense(column: Any) -> Any:
    """The same values in a layout that Polars reads right wherever it is sliced."""
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    if pa.types.is_fixed_size_list(column.type):
        return column.cast(pa.list_(column.type.value_type))
    return column


def _is_known(kind: Any) -> bool:
    """Whether Polars knows such values, all the way down; asked about others, it panics."""
    inner = [kind.field(n).type for n in range(kind.num_fields)]
    inner += [kind.value_type] if pa.types.is_dictionary(kind) else []
    return not any(unknown(kind) for unknown in _UNKNOWN) and all(map(_is_known, inner))


_UNKNOWN = (
    pa.types.is_union,
    pa.types.is_map,
    pa.types.is_decimal256,
    pa.types.is_interval,
    pa.types.is_run_end_encoded,
    lambda kind: isinstance(kind, pa.BaseExtensionType),
)


def _refused(field: Any) -> Invalid:
    return Invalid(
        f"column {field.name!r} holds {field.type}, which has no digest",
        "storing an Arrow table",
        "turn it into numbers, text, dates or lists of them",
    )
