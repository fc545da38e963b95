"""What DuckDB says, told in the user's terms: which query, which line, the nearest name."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from fullcycle.kernel import FullcycleError, Invalid, Misconfigured, Missing, UnknownName

_NOT_THERE = re.compile(
    r"(?:Table|View|Schema|Function|Macro) with name \"?([^\" ]+)\"? does not exist"
    r"|Referenced (?:column|table) \"([^\"]+)\" not found"
    r"|does not have a column named \"([^\"]+)\""
)
_NO_TABLE = re.compile(r"(?:Table|View) with name \S+ does not exist")
_NEAREST = re.compile(r'Did you mean "([^"]+)"')
_CANDIDATES = re.compile(r"Candidate (?:bindings|tables|functions): (.+)")
_LINE = re.compile(r"^LINE (\d+): ", re.MULTILINE)
_LONGEST = 600  # characters of a vendor's message


def statement_of(
    text: str, values: Mapping[str, Any], connection: duckdb.DuckDBPyConnection | None = None
) -> None:
    """Check that a query is one statement that only reads, and that its values match.

    Without a ``connection``, DuckDB makes one for all the process the first time.

    Raises:
        Invalid: where it is not.
    """
    where = shortened(text)
    try:
        statements = (connection or duckdb).extract_statements(text)
    except duckdb.Error as error:
        raise translated(error, text) from error
    if len(statements) != 1:
        raise Invalid(
            f"a query is one statement, this has {len(statements) or 'none'}",
            where,
            "give one select statement",
        )
    kind = statements[0].type.name
    if kind != "SELECT":
        raise Invalid(
            f"a source may only read, and this is {kind.replace('MULTI', 'a pivot or a script')}",
            where,
            "let a query be one select statement; write tables with a job of your own, outside of fullcycle"
            if kind != "MULTI"
            else "write it as a select, such as: from (pivot … on … using …)",
        )
    asked = statements[0].named_parameters
    if lacking := sorted(asked - values.keys()):
        raise Invalid(
            f"no value is given for ${lacking[0]}", where, f"pass it: warehouse.sql(…, {lacking[0]}=…)"
        )
    if unused := sorted(values.keys() - asked):
        raise UnknownName.among(unused[0], asked, where=f"the values ($name) of: {where}")


def translated(error: duckdb.Error, text: str, tables: Iterable[str] = ()) -> FullcycleError:
    """What went wrong in a query, as an error that shows its line.

    ``tables`` are the warehouse's own, as ``schema.name``: of a table that is not there, only
    these are offered.
    """
    message = str(error)
    where = _place(message, text)
    if isinstance(error, duckdb.PermissionException):
        return Invalid(
            "a query may read the warehouse's own tables only, no files and no other databases",
            where,
            "load the file into a table of the warehouse first",
        )
    if found := _NOT_THERE.search(message):
        name = next(group for group in found.groups() if group is not None)
        if _NO_TABLE.search(message):
            return UnknownName.among(name, {own.partition(".")[2] for own in tables}, where=where)
        return UnknownName(f"there is no {name!r}", where, _nearest(message))
    what = message.split("\n\nLINE ")[0].strip()[:_LONGEST]
    return Invalid(what, where, "mend the SQL; try it alone in the duckdb command line")


def unreadable(error: duckdb.Error, path: Path) -> FullcycleError:
    """Why a warehouse's file could not be opened."""
    message = str(error)
    where = f"the warehouse {path}"
    if not path.exists():
        return Missing(
            "there is no such file",
            where,
            "load it first, or name another file as the warehouse in fullcycle.toml",
        )
    if "lock" in message:
        holder = re.search(r"PID (\d+)", message)
        who = f"process {holder[1]}" if holder else "another process"
        return Misconfigured(
            f"{who} holds it open for writing, and DuckDB lets nobody read meanwhile",
            where,
            "wait until it is done, or let it close its connection, then try again",
        )
    if "different configuration" in message:
        return Misconfigured(
            "this process holds it open already, in another way",
            where,
            "close that connection first: with duckdb.connect(…) as connection: …",
        )
    return Misconfigured(
        f"DuckDB cannot open it: {message.strip()[:_LONGEST]}",
        where,
        "check that it is a DuckDB file of this version",
    )


def shortened(text: str) -> str:
    """The beginning of a query on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:79]}…"


def _place(message: str, text: str) -> str:
    """The line of the query that DuckDB points at, else how the query begins."""
    lines = text.splitlines()
    if (found := _LINE.search(message)) and 0 < int(found[1]) <= len(lines):
        return f"line {found[1]} of the query: {lines[int(found[1]) - 1].strip()[:120]}"
    return shortened(text)


def _nearest(message: str) -> str:
    if found := _NEAREST.search(message):
        return f"did you mean {found[1]!r}?"
    if found := _CANDIDATES.search(message):
        return f"use one of: {found[1].strip()[:200]}"
    return "check the name; the tables are listed by: show all tables"
