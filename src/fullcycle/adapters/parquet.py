"""Parquet files of events: written as a whole, and read with errors that a user can act on."""

import mmap
import os
import re
from pathlib import Path

import polars as pl

from fullcycle.adapters.durable import write_aside
from fullcycle.kernel import Damaged, Digest, digest_bytes

_REFUSED = re.compile(r"\(os error (\d+)\)")  # what the system said, where Polars could not write


def write_rows(path: Path, rows: pl.LazyFrame, target: Path) -> int:
    """Write a file durably, and count its rows; ``target`` is the folder of all.

    Raises:
        OSError: where the system does not take it.
        Damaged: where the rows come from a file that cannot be read.
    """
    try:
        write_aside(path, lambda aside: rows.sink_parquet(aside, compression="zstd", statistics=True))
    except pl.exceptions.PolarsError as error:
        refused = _REFUSED.search(str(error))
        if refused is not None:
            raise OSError(int(refused[1]), os.strerror(int(refused[1]))) from error
        raise _unreadable(error, target) from error
    many: int = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
    return many


def collected(rows: pl.LazyFrame, target: Path) -> pl.DataFrame:
    """The rows of files in the folder ``target``.

    Raises:
        Damaged: where one of them cannot be read.
    """
    try:
        return rows.collect()
    except pl.exceptions.PolarsError as error:
        raise _unreadable(error, target) from error


def _unreadable(error: pl.exceptions.PolarsError, target: Path) -> Damaged:
    return Damaged(
        f"a file of published decisions cannot be read: {str(error)[:200]}",
        str(target),
        "restore the folder from a backup",
    )


def digest_of(path: Path) -> Digest:
    """The digest of a file's bytes, however many they are."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        memoryview(content) as data,
    ):
        return digest_bytes(data)
