"""Requests of many rows: each a decision of its own, all of them answered or none.

Up to ``ROW_BY_ROW`` rows are decided as single ones are, a few at a time, so that requests
which arrive meanwhile are not kept waiting; more are decided by a process beside the worker.
All are logged in one write.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from fullcycle.data import Row
from fullcycle.kernel import now, uuid7
from fullcycle.record import Decision
from fullcycle.serve import helper as beside
from fullcycle.serve.decider import Undecided, Unrecorded
from fullcycle.serve.problem import Response, problem, response
from fullcycle.serve.reading import Asked, Rejected, elements_of, read_rows
from fullcycle.serve.serving import Active, undecided, unrecorded

ROW_BY_ROW = 256
"""The most rows that are decided one by one, in the process that answers."""

_AT_A_TIME = 16
_LATER = (b"retry-after", b"1")


async def answer_rows(
    active: Active, body: bytes, asked: Asked, *, most: int, helper: beside.Helper | None = None
) -> Response:
    """Decide on an array of rows; the answer is an array of envelopes in the same order.

    A row's id is the request's key with its index, counted from 0: ``order-17/0``.

    Raises:
        Rejected: where the body is no array of rows, or of too many.
    """
    parts = elements_of(body)
    most = most if helper is not None else min(most, ROW_BY_ROW)
    if len(parts) > most:
        told = f"the body holds more than {most:,} rows: score a table instead, with fullcycle score"
        raise Rejected(problem(413, told))
    at = now() if asked.at is None else asked.at
    request = asked.key if asked.key is not None else uuid7(at)
    try:
        if helper is not None and len(parts) > ROW_BY_ROW:
            decisions = await _elsewhere(
                active, helper, beside.Ask(active.deployed, request, at, msgspec.Raw(body))
            )
        else:
            rows = read_rows(active.decider.release.row, parts)
            decisions = await _row_by_row(active, rows, request, at)
        envelopes = active.decider.record(decisions)
    except Undecided:
        return undecided(request)
    except Unrecorded:
        return unrecorded()
    return response(200, b"[%b]" % b",".join(envelopes))


async def _row_by_row(active: Active, rows: Sequence[Row], request: str, at: int) -> Sequence[Decision]:
    decisions = []
    for n, row in enumerate(rows):
        decisions.append(active.decider.made(row, f"{request}/{n}", at))
        if n % _AT_A_TIME == _AT_A_TIME - 1:
            await asyncio.sleep(0)
    return decisions


async def _elsewhere(active: Active, helper: beside.Helper, ask: beside.Ask) -> Sequence[Decision]:
    try:
        reply = await helper.decide(ask)
    except beside.Gone:
        gone = "the process that decides on so many rows has ended; nothing was decided"
        raise Rejected(problem(503, gone, headers=[_LATER])) from None
    if isinstance(reply, beside.Refused):
        raise Rejected(reply.response)
    active.decider.note_failures(reply.failures, reply.told)
    if isinstance(reply, beside.NotDecided):
        raise Undecided("in a process beside the worker")
    return reply.decisions
