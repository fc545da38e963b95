"""Several byte strings as one: each after its length, so that none runs over into the next."""

from collections.abc import Iterable

from fullcycle.kernel import Damaged

_LENGTH = 8  # bytes that tell how many bytes follow


def joined(parts: Iterable[bytes]) -> bytes:
    """The parts, each after its length."""
    return b"".join(len(part).to_bytes(_LENGTH, "little") + part for part in parts)


def parted(data: bytes, count: int, what: str) -> list[bytes]:
    """The ``count`` parts again; ``what`` they are, as in "a stored data frame".

    Raises:
        Damaged: where the bytes end too early, or hold another number of parts.
    """
    parts = []
    at = 0
    while at < len(data):
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "little")
        parts.append(data[at + _LENGTH : end])
        at = end
    if at != len(data) or len(parts) != count:
        raise unreadable(what, f"{len(data):,} bytes that end in the wrong place")
    return parts


def unreadable(what: str, said: object) -> Damaged:
    """The error of every codec whose reader gives up."""
    return Damaged(
        f"not readable as {what}: {' '.join(str(said).split())[:200]}",
        "an artifact in the store",
        "run the step again, so that it is written anew",
    )
