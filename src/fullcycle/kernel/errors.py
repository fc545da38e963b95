"""Errors say what happened, where in the user's terms, and how to mend it."""

from collections.abc import Iterable
from difflib import get_close_matches

from fullcycle.kernel.modules import public


class FullcycleError(Exception):
    """The root of everything fullcycle raises on purpose.

    ``exit_code`` is what the command line ends with: 2 for usage and configuration,
    1 where the answer to the question asked is no.
    """

    exit_code = 2

    def __init__(self, what: str, where: str, mend: str) -> None:
        what, where, mend = public(what), public(where), public(mend)
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  mend:  {self.mend}"


def indented(example: str) -> str:
    """Lines of code below a cure, each under the cure's own text."""
    return "".join(f"\n         {line}" for line in example.splitlines())


class UnknownName(FullcycleError):
    """A name that nothing answers to."""

    @classmethod
    def among(cls, name: str, known: Iterable[str], *, where: str, example: str = "") -> "UnknownName":
        """Refuse ``name``, offering the nearest of ``known``; where nothing is, the ``example`` to write."""
        names = sorted(set(known))
        near = cls.near(name, names)
        if near:
            mend = f"did you mean {near!r}?"
        elif names:
            shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            mend = f"use one of: {shown}"
        else:
            mend = "nothing is defined there yet" + (f"; write, say:{indented(example)}" if example else "")
        return cls(f"there is no {name!r}", where, mend)

    @staticmethod
    def near(name: str, known: Iterable[str]) -> str:
        """The one of ``known`` that ``name`` may be a slip of; empty where there is none."""
        return next(iter(get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)), "")


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
