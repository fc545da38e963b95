"""Requests of many rows: each a decision of its own, all of them answered or none.

Up to ``ROW_BY_ROW`` rows are decided as single ones are, a few at a time, so that requests
which arrive meanwhile are not kept waiting. They are logged in one write.
"""

import asyncio
from collections.abc import Sequence

from fullcycle.data import Row
from fullcycle.kernel import now, uuid7
from fullcycle.record import Decision
from fullcycle.serve.decider import Undecided, Unrecorded
from fullcycle.serve.problem import Response, response
from fullcycle.serve.reading import Asked, read_rows
from fullcycle.serve.serving import Active, undecided, unrecorded

ROW_BY_ROW = 256
"""The most rows that are decided one by one, in the process that answers."""

_AT_A_TIME = 16


async def answer_rows(active: Active, body: bytes, asked: Asked, *, most: int) -> Response:
    """Decide on an array of rows; the answer is an array of envelopes in the same order.

    A row's id is the request's key with its index, counted from 0: ``order-17/0``.

    Raises:
        Rejected: where the body is no array of rows, or of more than ``most``.
    """
    rows = read_rows(active.decider.release.row, body, min(most, ROW_BY_ROW))
    at = now() if asked.at is None else asked.at
    request = asked.key if asked.key is not None else uuid7(at)
    try:
        decisions = await _row_by_row(active, rows, request, at)
        envelopes = active.decider.record(decisions)
    except Undecided:
        return undecided(request)
    except Unrecorded:
        return unrecorded()
    return response(200, b"[%b]" % b",".join(envelopes))


async def _row_by_row(active: Active, rows: Sequence[Row], request: str, at: int) -> list[Decision]:
    decisions = []
    for n, row in enumerate(rows):
        decisions.append(active.decider.made(row, f"{request}/{n}", at))
        if n % _AT_A_TIME == _AT_A_TIME - 1:
            await asyncio.sleep(0)
    return decisions
