"""Tables in files, read and written a part at a time: Parquet, CSV and Arrow."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from fullcycle.data.columns import conform, dtype_of
from fullcycle.data.contract import Field, fields
from fullcycle.data.inspection import bad_columns, bad_rows
from fullcycle.data.row import Row
from fullcycle.kernel import Invalid, Missing, UnknownName

_SCANS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".csv": lambda path: pl.scan_csv(path, infer_schema=False),  # each column is read as its field says
    ".arrow": pl.scan_ipc,
    ".ipc": pl.scan_ipc,
    ".feather": pl.scan_ipc,
}
_SINKS: dict[str, Callable[[pl.LazyFrame, Path], Any]] = {
    ".parquet": lambda frame, path: frame.sink_parquet(path),
    ".csv": lambda frame, path: frame.sink_csv(path),
    ".arrow": lambda frame, path: frame.sink_ipc(path),
    ".ipc": lambda frame, path: frame.sink_ipc(path),
    ".feather": lambda frame, path: frame.sink_ipc(path),
}
_TRUTH = {"true": True, "false": False, "1": True, "0": False}

Fault = tuple[str, str]
"""Where a table breaks its contract, ``$[17].recency`` or ``$.recency`` for a column, and how."""


def require_suffix(path: Path, where: str) -> None:
    """Refuse a file of a kind that is not known.

    Raises:
        UnknownName: with those that are.
    """
    if path.suffix not in _SCANS:
        raise UnknownName.among(path.suffix or path.name, _SCANS, where=where)


class TableFile:
    """A table in a file, whose rows keep a contract; other columns are left out.

    Of a CSV each column is read as its field says, an empty value as a missing one.

    Raises:
        Missing: where there is no such file.
        UnknownName: for a suffix that is not known.
        Invalid: where it cannot be read as what its suffix says.
    """

    def __init__(self, path: Path, contract: type[Row], *, limit: int | None = None) -> None:
        if not path.is_file():
            raise Missing(f"there is no file {path}", "the table to be read", "see how it is called: ls")
        require_suffix(path, f"the suffixes of tables that can be read ({path.name})")
        self.path = path
        self.contract = contract
        self._declared = fields(contract)
        try:
            scanned = _SCANS[path.suffix](path)
            self._schema = scanned.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(error) from error
        self._frame = scanned if limit is None else scanned.head(limit)

    def check(self, size: int, *, most: int = 100) -> tuple[int, list[Fault], int]:
        """Hold every row against the contract: how many rows, the first faults, and how many there are."""
        text = self.path.suffix == ".csv"
        faults: list[Fault] = [
            (f"$.{problem.field}", problem.rule)
            for problem in bad_columns(pl.DataFrame(schema=self._read_as(self._schema)), self.contract)
        ]
        if faults:
            return 0, faults, len(faults)
        rows, number = 0, 0
        for part in self._parts(size, raw=text):
            found, more = bad_rows(
                self._conformed(part) if text else part,
                self.contract,
                given=part if text else None,
                most=max(most - len(faults), 0),
            )
            faults += [(f"$[{rows + row}].{field}", says) for row, field, says in found]
            rows, number = rows + part.height, number + more
        return rows, faults, number

    def parts(self, size: int) -> Iterator[pl.DataFrame]:
        """Its rows in the contract's columns and dtypes, about ``size`` at a time, in their order."""
        for part in self._parts(size, raw=True):
            yield conform(self._conformed(part), self.contract)

    def empty(self) -> pl.DataFrame:
        """No rows, in the contract's columns and dtypes."""
        return pl.DataFrame(schema={field.name: dtype_of(field) for field in self._declared})

    def _parts(self, size: int, *, raw: bool) -> Iterator[pl.DataFrame]:
        names = [
            pl.col(field.name).replace("", None)
            if self.path.suffix == ".csv" and field.type is not str
            else field.name
            for field in self._declared
            if field.name in self._schema
        ]
        try:
            for part in self._frame.select(names).collect_batches(chunk_size=size, maintain_order=True):
                yield from (part.slice(start, size) for start in range(0, part.height, size))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(error) from error

    def _conformed(self, part: pl.DataFrame) -> pl.DataFrame:
        if self.path.suffix != ".csv":
            return part
        return part.select(_parsed(field) for field in self._declared if field.name in part.columns)

    def _read_as(self, schema: pl.Schema) -> pl.Schema:
        """The dtypes that the columns come in; of a CSV, what they are read as."""
        if self.path.suffix != ".csv":
            return schema
        for field in self._declared:
            if field.item is not None and field.name in schema:
                raise Invalid(
                    f"{field.name!r} is a list, which CSV does not hold",
                    str(self.path),
                    "give the table as Parquet or Arrow",
                )
        known = {field.name: dtype_of(field) for field in self._declared}
        return pl.Schema({name: known.get(name, dtype) for name, dtype in schema.items()})

    def _unreadable(self, error: Exception) -> Invalid:
        said = str(error).strip().partition("\n")[0][:200]
        return Invalid(
            f"it cannot be read as {self.path.suffix[1:]}: {said}",
            str(self.path),
            "see that its suffix says what it is, and that it was written to its end",
        )


def _parsed(field: Field) -> pl.Expr:
    """The expression that reads a column of text; what is not one is null."""
    column = pl.col(field.name)
    if field.type is str:
        return column
    if field.type is bool:
        return column.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    if field.type is date:
        return column.str.to_date(strict=False)
    if field.type is datetime:
        return column.str.to_datetime(strict=False, time_unit="us", time_zone="UTC")
    return column.cast(dtype_of(field), strict=False)


def write_parts(parts: Sequence[Path], target: Path) -> None:
    """Write Arrow files of one schema, one after the other, as one table; memory holds a part at a time."""
    _SINKS[target.suffix](pl.scan_ipc(list(parts)), target)
