"""Amounts of money and intervals: what an estimate and a measurement are told in."""

import re
from typing import Any

import msgspec

from fullcycle.kernel.errors import Invalid

_MONEY = re.compile(r"([-+]?[\d_]+(?:\.\d+)?)\s*([A-Z]{3})")


class Money(msgspec.Struct, frozen=True):
    """An amount in a currency (ISO 4217 code), such as ``0.80 USD``."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"

    @classmethod
    def parse(cls, text: str, *, where: str) -> "Money":
        """Read ``"0.80 USD"``.

        Raises:
            Invalid: for anything else.
        """
        found = _MONEY.fullmatch(text.strip())
        if found is None:
            raise Invalid(f"{text!r} is not an amount of money", where, "write it like 0.80 USD")
        return cls(float(found[1]), found[2])


class Interval(msgspec.Struct, frozen=True):
    """A range of values, both ends included; ``low <= high``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise Invalid(
                f"{self.low:g} to {self.high:g} is not an interval",
                "an interval",
                "put the smaller end first",
            )

    def scaled(self, factor: float) -> "Interval":
        """The interval of ``factor`` times the quantity; a negative factor turns it round."""
        ends: tuple[Any, ...] = (self.low * factor, self.high * factor)
        return Interval(min(ends), max(ends))

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high
