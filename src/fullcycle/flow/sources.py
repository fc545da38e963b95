"""Reading a source: its rows are fetched, checked against the contract, and kept as they were."""

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from fullcycle.data import Query, Row, check, conform, fields
from fullcycle.flow.graph import Node
from fullcycle.flow.ports import Surroundings
from fullcycle.kernel import Invalid, Missing, Refused, UnknownName, counted, micros
from fullcycle.metric import Matured

_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a source as they were; ``note`` says what the checks found."""

    frame: pl.DataFrame
    note: str
    late: str  # what is wrong with its freshness, empty where nothing is


def read_source(node: Node, surroundings: Surroundings, now: int) -> Reading:
    """Fetch and check the rows of a source or of outcomes.

    Raises:
        Refused: where rows break the contract; five of them per rule are shown.
    """
    query = surroundings.query(node)
    frame = _fetched(node, query)
    loose = _unordered(query, node.declared.contract) if frame.height > 1 else ""
    if node.role == "outcomes":
        frame = sorted_by_key(frame, node.declared.contract)
        return Reading(frame, f"{counted(frame.height, 'row')} whose window is over{_left(query)}{loose}", "")
    contract = node.declared.contract
    report = check(frame, contract, table=node.name)
    if report.problems:
        raise Refused(
            f"the rows of {node.name} break their contract\n{report}",
            node.line,
            "mend the table, or the contract where it asks too much",
        )
    frame = sorted_by_key(conform(frame, contract), contract)
    return Reading(frame, str(report).splitlines()[0] + loose, lateness(frame, node, now))


def _left(query: Query) -> str:
    """How many rows are left out because their window is not over."""
    left = int(query.immature.frame().item()) if isinstance(query, Matured) else 0
    return f", {left:,} left out whose is not" if left else ""


def _fetched(node: Node, query: Query) -> pl.DataFrame:
    """The rows; what the warehouse refuses is told with the source that asked for it."""
    try:
        return query.frame()
    except (Invalid, Missing, UnknownName) as error:
        raise type(error)(
            error.what, f"{node.line}, source {node.name}: {error.where}", error.mend
        ) from error


def sorted_by_key(frame: pl.DataFrame, contract: type[Row]) -> pl.DataFrame:
    """Order rows by key, then time: a warehouse promises no order, a digest needs one."""
    order = [f.name for f in fields(contract) if f.key] + [f.name for f in fields(contract) if f.time]
    rest = [name for name in frame.columns if name not in order] if order else []
    return frame.sort([*order, *rest], maintain_order=True) if order else frame


def _unordered(query: Query, contract: type[Row]) -> str:
    """Say that nothing orders the rows of a source, so that equal rows may pass for other ones."""
    if _ORDERED.search(query.text) or any(f.key or f.time for f in fields(contract)):
        return ""
    return (
        "; nothing orders its rows, and in another order they are new content: "
        f"mark {contract.__name__}'s fc.key, or end the query with order by"
    )


def lateness(frame: pl.DataFrame, node: Node, now: int) -> str:
    """Say how stale a source is beyond what it declares; empty where it is fresh or says nothing."""
    source = node.declared
    time = next((f.name for f in fields(source.contract) if f.time), None)
    if source.fresh_within is None or time is None or frame.height == 0:
        return ""
    newest = frame[time].max()
    if not isinstance(newest, datetime):
        return ""
    hours = (now - micros(newest)) / 3.6e9
    allowed = source.fresh_within.total_seconds() / 3600
    if hours <= allowed:
        return ""
    return f"its newest {time} is {hours:,.0f} h old, {allowed:,.0f} h are allowed"
