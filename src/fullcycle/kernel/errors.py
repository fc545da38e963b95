"""Errors say what happened, where in the user's terms, and how to mend it."""

from collections.abc import Iterable
from difflib import get_close_matches


class FullcycleError(Exception):
    """The root of everything fullcycle raises on purpose.

    ``exit_code`` is what the command line ends with: 2 for usage and configuration,
    1 where the answer to the question asked is no.
    """

    exit_code = 2

    def __init__(self, what: str, where: str, mend: str) -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  mend:  {self.mend}"


class UnknownName(FullcycleError):
    """A name that nothing answers to."""

    @classmethod
    def among(cls, name: str, known: Iterable[str], *, where: str) -> "UnknownName":
        """Refuse ``name``, offering the nearest of ``known``."""
        names = sorted(set(known))
        near = get_close_matches(name, names, n=1, cutoff=0.6)
        if near:
            mend = f"did you mean {near[0]!r}?"
        elif names:
            shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            mend = f"use one of: {shown}"
        else:
            mend = "nothing is defined there yet"
        return cls(f"there is no {name!r}", where, mend)


class Invalid(FullcycleError):
    """A value that a contract, a file format or an option does not allow."""


class Misconfigured(FullcycleError):
    """The project's configuration or its environment stands in the way."""


class NotEnoughData(FullcycleError):
    """Too few rows or units to answer."""


class Conflict(FullcycleError):
    """Somebody else wrote first: a compare-and-swap was lost."""


class Damaged(FullcycleError):
    """Stored bytes are not what was stored."""


class Missing(FullcycleError):
    """Something recorded is no longer, or not yet, where it should be."""


class Refused(FullcycleError):
    """The answer is no: a gate, a check or a guard said so."""

    exit_code = 1
