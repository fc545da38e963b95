"""What the columnar files of an event log hold: decisions, or rows that were received."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from fullcycle.kernel import Invalid
from fullcycle.record import Decision


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind of event: first its id, then its time in µs since 1970 UTC.

    ``cells`` turns a payload of the log into a row of them.
    """

    noun: str
    schema: pl.Schema
    cells: Callable[[bytes], tuple[Any, ...]]

    @property
    def id(self) -> str:
        """The column of ids."""
        return self.schema.names()[0]

    def row(self, payload: bytes, segment: str) -> tuple[Any, ...]:
        """A payload as a row.

        Raises:
            Invalid: where it is of another kind, such as one of a later version.
        """
        try:
            return self.cells(payload)
        except msgspec.MsgspecError as error:
            raise Invalid(
                f"an event is no {self.noun}: {error}",
                f"the segment {segment}",
                "upgrade fullcycle to at least the version that wrote it",
            ) from error

    def frame(self, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
        """Rows as a table."""
        frame = pl.DataFrame(rows, schema={**self.schema, "at": pl.Int64}, orient="row")
        return frame.cast({"at": self.schema["at"]})

    def scan(self, files: list[Any]) -> pl.LazyFrame:
        """The rows of files; a column that an older one has not is null."""
        if not files:
            return pl.LazyFrame(schema=self.schema)
        return pl.scan_parquet(files, glob=False, schema=self.schema, missing_columns="insert")


class _Stored(msgspec.Struct, kw_only=True):
    """A decision as the log holds it, its request and answer left as JSON."""

    id: str
    at: int
    capability: str
    environment: str
    release: int
    request: msgspec.Raw
    answer: msgspec.Raw
    experiment: str | None = None
    unit: str | None = None
    arm: str | None = None
    arm_probability: float | None = None
    propensity: float | None = None
    fallback: bool = False
    micros: int = 0
    live: msgspec.Raw = msgspec.Raw(b"")
    features: msgspec.Raw = msgspec.Raw(b"")
    chances: list[float] | None = None
    weights: msgspec.Raw = msgspec.Raw(b"")


class _Posted(msgspec.Struct, kw_only=True):
    """A received row as the log holds it, left as JSON."""

    id: str
    at: int
    release: int
    row: msgspec.Raw


_DECISION = msgspec.json.Decoder(_Stored)
_RECEIVED = msgspec.json.Decoder(_Posted)
_AT = pl.Datetime("us", "UTC")


def _decision(payload: bytes) -> tuple[Any, ...]:
    one = _DECISION.decode(payload)
    return (
        one.id,
        one.at,
        one.release,
        one.environment,
        one.experiment,
        one.arm,
        one.arm_probability,
        one.unit,
        one.propensity,
        one.fallback,
        one.micros,
        bytes(one.request).decode(),
        bytes(one.answer).decode(),
        bytes(one.live).decode() or None,
        one.capability,
        bytes(one.features).decode() or None,
        one.chances,
        bytes(one.weights).decode() or None,
    )


def _received(payload: bytes) -> tuple[Any, ...]:
    one = _RECEIVED.decode(payload)
    return one.id, one.at, one.release, bytes(one.row).decode()


DECISIONS = Columns(
    "decision",
    pl.Schema(
        {
            "decision_id": pl.String(),
            "at": _AT,
            "release": pl.Int64(),
            "environment": pl.String(),
            "experiment": pl.String(),
            "arm": pl.String(),
            "arm_probability": pl.Float64(),
            "unit": pl.String(),
            "propensity": pl.Float64(),
            "fallback": pl.Boolean(),
            "micros": pl.Int64(),
            "request": pl.String(),  # JSON
            "answer": pl.String(),  # JSON
            "live": pl.String(),  # JSON; null for none
            "capability": pl.String(),  # null in files of before it was kept
            "features": pl.String(),  # JSON; null for none
            "chances": pl.List(pl.Float64()),  # null for none, or one pick
            "weights": pl.String(),  # JSON; null for none
        }
    ),
    _decision,
)

RECEIVED = Columns(
    "received row",
    pl.Schema({"event_id": pl.String(), "at": _AT, "release": pl.Int64(), "row": pl.String()}),
    _received,
)


def decision_of(row: tuple[Any, ...], capability: str) -> Decision:
    """The decision that a row of ``DECISIONS`` is, as it was logged; its time is a number there."""
    told = dict(zip(DECISIONS.schema, row, strict=True))
    live, features, chances = told.pop("live"), told.pop("features"), told.pop("chances")
    weights = told.pop("weights")
    return Decision(
        id=told.pop("decision_id"),
        request=msgspec.json.decode(told.pop("request")),
        answer=msgspec.json.decode(told.pop("answer")),
        live=msgspec.json.decode(live) if live is not None else {},
        capability=told.pop("capability") or capability,
        features=msgspec.json.decode(features) if features is not None else None,
        chances=tuple(chances or ()),
        weights=msgspec.json.decode(weights) if weights is not None else {},
        **told,
    )
