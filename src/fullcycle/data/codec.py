"""Tables in the artifact store: Arrow IPC files, which a reader maps into memory."""

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path

import polars as pl

from fullcycle.data.canonical import table_digest
from fullcycle.data.mapped import check_layout, map_table
from fullcycle.data.vouched import VouchedColumns
from fullcycle.kernel import Damaged, Digest, Invalid

SMALL = 64 * 1024
"""Bytes up to which a table is better kept as bytes than as a file of its own."""

_PIECE = 16_000_000  # bytes that are written at once; see _rows_at_once


class FrameCodec:
    """Stores a Polars frame; two frames of equal values have one content, whatever their layout."""

    name = "frame@1"
    suffix = ".arrow"

    def __init__(self) -> None:
        self._vouched = VouchedColumns()

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, pl.DataFrame)

    def is_small(self, value: pl.DataFrame) -> bool:
        """Whether it is better kept as bytes."""
        return value.estimated_size() <= SMALL

    def encode(self, value: pl.DataFrame) -> bytes:
        """The frame as an uncompressed Arrow IPC file."""
        buffer = io.BytesIO()
        value.write_ipc(buffer, compression="uncompressed")
        return buffer.getvalue()

    def decode(self, data: bytes) -> pl.DataFrame:
        """Read a stored frame, and check its form all through.

        Raises:
            Damaged: where the bytes are no Arrow IPC file.
        """
        return _told(f"a stored table ({len(data):,} bytes)", lambda: _read(data))

    def write(self, value: pl.DataFrame, path: Path) -> None:
        """Write the frame as an uncompressed Arrow IPC file, a small one's rows in one piece.

        Raises:
            OSError: where the file cannot be written, such as on a full disk.
        """
        with path.open("wb", buffering=0) as file:
            _reserve(file, int(value.estimated_size()))
            self._vouched.touch(value)
            value.write_ipc(file, compression="uncompressed", record_batch_size=_rows_at_once(value))
            file.truncate()

    def read(self, path: Path) -> pl.DataFrame:
        """The frame that ``write`` wrote, over the mapped file: no value is read before it is used.

        Only the file's description of itself is checked. A file that something else may
        have written to is for ``decode``.

        Raises:
            Damaged: where the file is no Arrow IPC file, or is not whole.
        """
        return _told(str(path), lambda: _mapped(path))

    def content(self, value: pl.DataFrame, data: bytes | None = None) -> Digest:
        """The digest of the values, not of the bytes that hold them."""
        return table_digest(value)

    def content_vouched(self, value: pl.DataFrame) -> Digest:
        """The same digest; of columns that lie in a file that was vouched for, without reading them."""
        return self._vouched.content(value)

    def vouch(self, value: pl.DataFrame, content: Digest) -> None:
        """Take the caller's word, who has seen that nobody wrote to the file, that what was read is this."""
        self._vouched.vouch(value, content)


def _read(data: bytes) -> pl.DataFrame:
    check_layout(data)
    return pl.read_ipc(io.BytesIO(data))


def _mapped(path: Path) -> pl.DataFrame:
    try:
        return map_table(path)
    except Invalid:  # damaged, or laid out as only a later Polars does
        return _read(path.read_bytes())


def _told(where: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """What is read; whatever stands in the way is told as damage."""
    try:
        return read()
    except _UNREADABLE as error:
        raise Damaged(
            f"not readable as a table: {getattr(error, 'what', str(error))[:200]}",
            where,
            "run the step again, so that the table is written anew",
        ) from error


_UNREADABLE = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    Invalid,
    OSError,
    ValueError,
    IndexError,
    StopIteration,
    struct.error,
)


def _rows_at_once(value: pl.DataFrame) -> int:
    """How many rows make a batch of the file.

    Polars copies a batch of numbers together before it writes it, and fresh memory for
    80 MB can cost ten times what the copying does. Texts and lists it writes from where
    they lie: taking them apart is what would cost.
    """
    size = value.estimated_size()
    if size <= 2 * _PIECE or not all(kind.is_numeric() or kind.is_temporal() for kind in value.dtypes):
        return max(value.height, 1)
    return max(1, int(value.height * _PIECE / size))


def _reserve(file: io.FileIO, size: int) -> None:
    """Have room set aside for a file: writing then costs half, and a full disk is told before."""
    if hasattr(os, "posix_fallocate") and size > SMALL:
        os.posix_fallocate(file.fileno(), 0, size)
