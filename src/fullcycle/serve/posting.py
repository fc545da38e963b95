"""``POST /events/<name>``: what happened after decisions, one row or some, logged before it is answered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fullcycle.data import Field, Row, fields
from fullcycle.kernel import FullcycleError, now, uuid7
from fullcycle.record import Received, encode_received
from fullcycle.serve.answered import Answered, Shared
from fullcycle.serve.metrics import Meter
from fullcycle.serve.ports import DecisionLog
from fullcycle.serve.problem import FieldProblem, Response, problem, response
from fullcycle.serve.reading import Asked, HeaderReader, Rejected, elements_of, is_array, read_row, read_rows
from fullcycle.serve.routes import Request, Route
from fullcycle.serve.serving import Active, Serving

MOST = 256
"""The most rows of one request."""

_LATER = (b"retry-after", b"1")
Tell = Callable[[str], None]


class Accepted(msgspec.Struct, frozen=True):
    """What is answered once rows are in the log: the id of each, in the order of the rows."""

    event_ids: list[str]


class EventsPage:
    """Takes events by the names and contracts that the release pins which answers now.

    A name that is posted to finds an entry of that table, or nothing: it never is part of a
    path. ``open_log`` opens the log of an entry; each is opened once.
    """

    def __init__(
        self,
        serving: Serving,
        open_log: Callable[[str], DecisionLog],
        *,
        meter: Meter,
        headers: HeaderReader,
        tell: Tell,
        answers: Shared | None = None,
    ) -> None:
        self._serving = serving
        self._open_log = open_log
        self._meter = meter
        self._headers = headers
        self._tell = tell
        self._told: set[str] = set()
        self._logs: dict[str, DecisionLog] = {}
        self._answered = Answered(answers)
        self.route = Route("POST", "/events/{name}", "events", self.answer)

    async def answer(self, request: Request) -> Response:
        """Log the rows of a request, all of them or none.

        Raises:
            Rejected: for a name that is none, and for rows that break their contract.
        """
        active = self._serving.active
        if active is None:
            return self._serving.ready()
        contract = _contract(active.decider.release.events, request.name)
        asked = self._headers.read(request.headers)
        body = await request.body()

        def take() -> Response:
            return self._take(active, request.name, contract, body, asked)

        return take() if asked.key is None else self._answered.once(f"{request.name} {asked.key}", body, take)

    def close(self) -> None:
        """Let go of the logs, all that was received being on the disk."""
        for log in self._logs.values():
            log.close()

    def _take(self, active: Active, name: str, contract: type[Row], body: bytes, asked: Asked) -> Response:
        rows = _rows(contract, body)
        at = now() if asked.at is None else asked.at
        ids = _ids(asked.key, len(rows), at, many=is_array(body))
        release = active.decider.number
        payloads = [
            encode_received(Received(id=id, at=at, release=release, row=row))
            for id, row in zip(ids, rows, strict=True)
        ]
        try:
            self._log(name).append_all(payloads)
        except (FullcycleError, OSError) as error:
            return self._untaken(name, error)
        self._meter.received(name, len(rows))
        return response(200, msgspec.json.encode(Accepted(ids)))

    def _log(self, name: str) -> DecisionLog:
        if name not in self._logs:
            self._logs[name] = self._open_log(name)
        return self._logs[name]

    def _untaken(self, name: str, error: Exception) -> Response:
        """Whatever the environment says of decisions: what was not logged is not taken."""
        if name not in self._told:
            self._told.add(name)
            self._tell(f"events {name} could not be logged: {' '.join(str(error).split())[:300]} (told once)")
        return problem(503, "the events could not be logged, so they are not taken", headers=[_LATER])


def _contract(known: Mapping[str, type[Row]], name: str) -> type[Row]:
    contract = known.get(name)
    if contract is None:
        names = ", ".join(f"/events/{one}" for one in sorted(known))
        hint = f"this service takes {names}" if known else "this service takes none"
        raise Rejected(problem(404, f"there are no events of that name; {hint}"))
    return contract


def _rows(contract: type[Row], body: bytes) -> Sequence[Row]:
    if not is_array(body):
        rows = [read_row(contract, body)]
        _require_storable(contract, rows, "$")
        return rows
    parts = elements_of(body)
    if len(parts) > MOST:
        raise Rejected(problem(413, f"the body holds more than {MOST:,} rows: send them in several requests"))
    rows = read_rows(contract, parts)
    _require_storable(contract, rows, "$[{n}]")
    return rows


def _ids(key: str | None, rows: int, at: int, *, many: bool) -> list[str]:
    """The ids of rows: the request's key with each one's index, counted from 0; else new ones."""
    if key is None:
        return [uuid7(at) for _ in range(rows)]
    return [f"{key}/{n}" for n in range(rows)] if many else [key]


def _require_storable(contract: type[Row], rows: Sequence[Row], path: str) -> None:
    """Refuse what JSON can say and no table can hold.

    Raises:
        Rejected: with 422 and the path of each field.
    """
    texts = [field for field in fields(contract) if str in (field.type, field.item)]
    errors = [
        FieldProblem(f"{path.format(n=n)}.{field.name}", "expected text without the character U+0000")
        for n, row in enumerate(rows)
        for field in texts
        if any(_holds_nul(value) for value in _values(field, row))
    ]
    if errors:
        raise Rejected(problem(422, f"the body is not a {contract.__name__} that can be kept", errors[:100]))


def _values(field: Field, row: Row) -> Sequence[Any]:
    value = getattr(row, field.name)
    return value if field.type is list and value is not None else [value]


def _holds_nul(value: Any) -> bool:
    return value is not None and "\0" in value
