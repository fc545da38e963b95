"""One append to a ledger in a database: facts and attached bytes that are written together, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fullcycle.adapters.waiting import Waiting
from fullcycle.kernel import Conflict, Digest, now
from fullcycle.record import Entry, Fact, checked_stream, lost, write_body


class Row(NamedTuple):
    """A fact as a database is given it, to stand after position ``expected``."""

    stream: str
    expected: int
    kind: str
    at: int
    by: str
    body: str


@dataclass(frozen=True, slots=True)
class Append:
    """What one commit writes: ``rows`` and ``attached``; ``facts`` is what has been written by it."""

    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]
    waiting: tuple[tuple[Digest, bytes], ...]
    at: int

    @classmethod
    def of(cls, entries: Sequence[Entry], waiting: Waiting, *, by: str, at: int | None) -> "Append":
        """Entries and all that waits.

        Raises:
            Invalid: where a stream's name or a fact's body is none.
        """
        moment = now() if at is None else at
        rows, facts = [], []
        for entry in entries:
            stream, (kind, text, body) = checked_stream(entry.stream), write_body(entry.body)
            rows.append(Row(stream, entry.expected, kind, moment, by, text))
            facts.append(Fact(stream, entry.expected + 1, kind, moment, by, body))
        return cls(tuple(rows), tuple(facts), tuple(waiting.every()), moment)

    def __bool__(self) -> bool:
        return bool(self.rows or self.waiting)

    @property
    def attached(self) -> list[tuple[Digest, int, bytes]]:
        """Bytes as a database is given them."""
        return [(digest, self.at, data) for digest, data in self.waiting]

    def lost(self, number: int, head: int) -> Conflict:
        """The error where another fact stands in the place of this row; ``head`` is its stream's last."""
        return lost(self.rows[number].stream, self.rows[number].expected, head)
