"""pandas: frames and series, with index, dtypes and labels as they were.

The values are stored as tables, what pandas says of them as plain data beside. Needs
``pip install fullcycle[pandas]``.
"""

from typing import Any

import pandas as pd
import polars as pl

from fullcycle.adapters.pandas_arrays import Packing, Told
from fullcycle.data import FrameCodec
from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record import joined, parted, read_plain, unreadable, write_plain

_TABLES = FrameCodec()
_WHAT = "a pandas object"


class PandasFrameCodec:
    """Stores a ``DataFrame``; never a pickle."""

    name = "pandas-frame@1"
    suffix = ".pandas"

    def matches(self, value: object) -> bool:
        """Whether it is a data frame; subclasses, which hold more, are not."""
        return type(value) is pd.DataFrame

    def encode(self, value: pd.DataFrame) -> bytes:
        """What pandas says of the frame, then its tables.

        Raises:
            Invalid: for a dtype, label or attribute that would not come back as it was.
        """
        return _encoded(*_packed_frame(value))

    def decode(self, data: bytes) -> pd.DataFrame:
        """The frame again.

        Raises:
            Damaged: where the bytes are none.
        """
        told, packing = _decoded(data)
        index = packing.unpack_index(told["index"], 0)
        arrays = (packing.unpack(column, 0) for column in told["columns"])
        columns = {n: pd.Series(a, index=index, dtype=a.dtype, copy=False) for n, a in enumerate(arrays)}
        frame = pd.DataFrame(columns, index=index, copy=False)
        frame.columns = packing.unpack_index(told["labels"], 1)
        return _flagged(frame, told)

    def content(self, value: pd.DataFrame, data: bytes) -> Digest:
        """Digest of the values, and of all that pandas says of them."""
        return _content(self.name, data)


class PandasSeriesCodec:
    """Stores a ``Series``; never a pickle."""

    name = "pandas-series@1"
    suffix = ".pandas"

    def matches(self, value: object) -> bool:
        """Whether it is a series; subclasses, which hold more, are not."""
        return type(value) is pd.Series

    def encode(self, value: pd.Series) -> bytes:
        """What pandas says of the series, then its tables.

        Raises:
            Invalid: for a dtype, name or attribute that would not come back as it was.
        """
        return _encoded(*_packed_frame(value.to_frame(name="values"), name=value.name, like=value))

    def decode(self, data: bytes) -> pd.Series:
        """The series again.

        Raises:
            Damaged: where the bytes are none.
        """
        told, packing = _decoded(data)
        values = packing.unpack(told["columns"][0], 0)
        index = packing.unpack_index(told["index"], 0)
        series = pd.Series(values, index=index, dtype=values.dtype, name=told["name"], copy=False)
        return _flagged(series, told)

    def content(self, value: pd.Series, data: bytes) -> Digest:
        """Digest of the values, and of all that pandas says of them."""
        return _content(self.name, data)


def _packed_frame(frame: pd.DataFrame, name: object = None, like: Any = None) -> tuple[Told, Packing]:
    packing = Packing()
    rows, labels = packing.new(), packing.new()
    told = {
        "index": packing.pack_index(frame.index, rows),
        "labels": packing.pack_index(frame.columns, labels),
        "columns": [
            packing.pack(frame.iloc[:, n].array, rows, f"column {label!r}")
            for n, label in enumerate(frame.columns)
        ],
        "name": name,
        "attrs": dict((like if like is not None else frame).attrs),
        "duplicates": bool((like if like is not None else frame).flags.allows_duplicate_labels),
    }
    return told, packing


def _encoded(told: Told, packing: Packing) -> bytes:
    try:
        header = write_plain(told)
    except (TypeError, AttributeError) as error:
        raise Invalid(
            f"the name or an attribute of it is no plain data: {str(error)[:200]}",
            "storing a data frame",
            "name it by text or a number, and keep plain data in attrs",
        ) from error
    blocks = [_TABLES.encode(block) for block in packing.blocks()]
    return joined([write_plain(len(blocks)), header, joined(blocks)])


def _decoded(data: bytes) -> tuple[Told, Packing]:
    count, header, blocks = parted(data, 3, _WHAT)
    frames = [_TABLES.decode(block) for block in parted(blocks, read_plain(count), _WHAT)]
    told = read_plain(header)
    if not isinstance(told, dict):
        raise unreadable(_WHAT, "what is said of it is missing")
    return told, Packing(frames)


def _flagged(value: Any, told: Told) -> Any:
    value.attrs = told["attrs"]
    value.flags.allows_duplicate_labels = told["duplicates"]
    return value


def _content(name: str, data: bytes) -> Digest:
    count, header, blocks = parted(data, 3, _WHAT)
    frames = (_TABLES.decode(block) for block in parted(blocks, read_plain(count), _WHAT))
    return digest_parts(name, [header, *(_digest(frame) for frame in frames)])


def _digest(frame: pl.DataFrame) -> bytes:
    return _TABLES.content(frame, b"").encode()
