"""How much of a service one request may take, and how many may be answered at once.

A decision itself cannot be cut short. It is computed in the thread that reads and answers
requests, where alone it costs tens of microseconds; handing it to another thread, which could
be given up, costs more than that, and Python could not stop it there either. So a function
that runs long holds up its worker, and ``decide_s`` only has it counted, as ``slow`` in
``/metrics``; the budget of the brief keeps such a release from going out.
"""

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one worker; a request over one is answered 408, 413 or 429."""

    body_bytes: Count = 256 * 1024  # of a request with one row
    rows_bytes: Count = 16 * 1024 * 1024  # of a request with many
    rows: Count = 10_000  # in one request
    long_bodies: Count = 8  # held at once: those longer than one row's may be
    head_s: Seconds = 10.0  # in which the headers must have been sent
    body_s: Seconds = 10.0  # in which the body must have been sent, once the headers were
    decide_s: Seconds = 1.0  # a decision that takes longer is counted
    in_flight: Count = 1_000  # requests that have begun and are not answered
