"""How much of a service one request may take, and how many may be answered at once."""

import msgspec


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one worker; see ``docs/reference/configuration.md`` for the same in words."""

    body_bytes: int = 256 * 1024  # of one row
    body_s: float = 10.0  # in which a body must have been sent
    in_flight: int = 1_000  # requests that were begun and are not answered
