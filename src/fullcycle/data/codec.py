"""Tables in the artifact store: Arrow IPC files, which a reader may map into memory."""

import io

import polars as pl

from fullcycle.data.canonical import table_digest
from fullcycle.kernel import Damaged, Digest


class FrameCodec:
    """Stores a Polars frame; two frames of equal values have one content, whatever their layout."""

    name = "frame@1"
    suffix = ".arrow"

    def matches(self, value: object) -> bool:
        """Whether this codec stores such a value."""
        return isinstance(value, pl.DataFrame)

    def encode(self, value: pl.DataFrame) -> bytes:
        """The frame as an uncompressed Arrow IPC file."""
        buffer = io.BytesIO()
        value.write_ipc(buffer, compression="uncompressed")
        return buffer.getvalue()

    def decode(self, data: bytes) -> pl.DataFrame:
        """Read a stored frame.

        Raises:
            Damaged: where the bytes are no Arrow IPC file.
        """
        try:
            return pl.read_ipc(io.BytesIO(data))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Damaged(
                f"not readable as a table: {str(error)[:200]}",
                f"a stored table ({len(data):,} bytes)",
                "run the step again, so that the table is written anew",
            ) from error

    def content(self, value: pl.DataFrame, data: bytes) -> Digest:
        """The digest of the values, not of the bytes that hold them."""
        return table_digest(value)
