"""Polars' lazy frames: stored as the table they stand for, and handed on as a lazy frame again."""

import weakref
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data import FrameCodec
from fullcycle.kernel import Digest, digest_parts


class LazyFrameCodec:
    """Stores a ``LazyFrame`` collected: what it reads may change, an artifact may not."""

    name = "lazyframe@1"
    suffix = ".arrow"

    def __init__(self) -> None:
        self._frames = FrameCodec()
        self._last: tuple[weakref.ref[pl.LazyFrame], pl.DataFrame] | None = None

    def matches(self, value: object) -> bool:
        """Whether it is a lazy frame."""
        return isinstance(value, pl.LazyFrame)

    def encode(self, value: pl.LazyFrame) -> bytes:
        """The collected table as an Arrow IPC file."""
        return self._frames.encode(self._collected(value))

    def decode(self, data: bytes) -> pl.LazyFrame:
        """The table, lazily.

        Raises:
            Damaged: where the bytes are no Arrow IPC file.
        """
        return self._frames.decode(data).lazy()

    def content(self, value: pl.LazyFrame, data: bytes | None = None) -> Digest:
        """The digest of the table, as a lazy frame's."""
        frame = self._collected(value)
        return digest_parts(self.name, [self._frames.content(frame, b"").encode()])

    def is_small(self, value: pl.LazyFrame) -> bool:
        """Whether the table is better kept as bytes."""
        small: Any = getattr(self._frames, "is_small", None)
        return bool(small(self._collected(value))) if small is not None else True

    def write(self, value: pl.LazyFrame, path: Path) -> None:
        """Write the table to a file."""
        frames: Any = self._frames
        frames.write(self._collected(value), path)

    def read(self, path: Path) -> pl.LazyFrame:
        """The table, mapped into memory, lazily."""
        frames: Any = self._frames
        table: pl.DataFrame = frames.read(path)
        return table.lazy()

    def _collected(self, value: pl.LazyFrame) -> pl.DataFrame:
        """Collect once: what is digested must be what is written, and a query costs."""
        if self._last is None or self._last[0]() is not value:
            self._last = (weakref.ref(value, self._forget), value.collect())
        return self._last[1]

    def _forget(self, gone: "weakref.ref[pl.LazyFrame]") -> None:
        if self._last is not None and self._last[0] is gone:
            self._last = None
