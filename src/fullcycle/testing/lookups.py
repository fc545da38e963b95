"""Lookups for users' tests: of a few rows, or of none."""

from typing import TypeVar

from fullcycle.data import Lookup, Row
from fullcycle.kernel import Invalid
from fullcycle.testing.tables import frame_of

R = TypeVar("R", bound=Row)


def lookup(*rows: R) -> Lookup[R]:
    """A lookup that holds these rows: of a history the newest per key.

    Raises:
        Invalid: without rows, for rows of several contracts, or one that has no key.
        Refused: where rows break their contract.
    """
    contracts = list(dict.fromkeys(type(row) for row in rows))
    if len(contracts) != 1:
        found = " and ".join(contract.__name__ for contract in contracts) or "no row, so of no contract"
        raise Invalid(
            f"a lookup holds rows of one contract, these are of {found}",
            "fc.testing.lookup",
            "give rows of one class; fc.testing.empty(Taste) is a lookup without rows",
        )
    return Lookup(contracts[0], frame_of(contracts[0], rows))


def empty(contract: type[R]) -> Lookup[R]:
    """A lookup of ``contract`` that holds nothing."""
    return Lookup(contract, frame_of(contract, ()))
