"""What one call of a step may use: cores, memory, time, and attempts."""

import re
from dataclasses import dataclass
from datetime import timedelta

from fullcycle.kernel import Invalid, duration

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B\s*")
_POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True, slots=True)
class Resources:
    """``memory`` in bytes and ``timeout`` for each attempt; None where nothing is said."""

    cpus: float | None = None
    memory: int | None = None
    retries: int = 0
    timeout: timedelta | None = None


ALONE = Resources()


def read_resources(
    *, cpus: object, memory: object, retries: object, timeout: object, where: str
) -> Resources:
    """Read what a decorator was given.

    Raises:
        Invalid: for what cannot be meant.
    """
    if cpus is not None and (
        not isinstance(cpus, int | float) or isinstance(cpus, bool) or not 0 < cpus < float("inf")
    ):
        raise Invalid(f"cpus={cpus!r} is no number of cores", where, "write cpus=2, or cpus=0.5")
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise Invalid(f"retries={retries!r} is no number of attempts", where, "write retries=2")
    if timeout is not None and not isinstance(timeout, str):
        raise Invalid(f"timeout={timeout!r} is no duration", where, 'write timeout="10min"')
    most = None if timeout is None else duration(timeout, where=f"timeout of {where}")
    if most is not None and not most:
        raise Invalid(f"timeout={timeout!r} leaves no time at all", where, 'write timeout="10min"')
    return Resources(cpus, None if memory is None else read_memory(memory, where), retries, most)


def read_memory(text: object, where: str) -> int:
    """Bytes of ``"2GB"`` (powers of 1,000) or ``"2GiB"`` (of 1,024).

    Raises:
        Invalid: for anything else.

    >>> read_memory("1.5kB", "@fc.step")
    1500
    """
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None or not float(found[1]):
        raise Invalid(f"memory={text!r} is no size", where, 'write a number and a unit: memory="2GB"')
    number, unit, binary = found.groups()
    return int(float(number) * float(1024 if binary else 1000) ** _POWERS[unit])
