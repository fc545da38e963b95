"""Where an evaluation stands: which rows have come here, and which are in doubt.

A row is *in doubt* as soon as an operation on it might not be Python's to the bit: it
raises there, leaves 64 bits, makes a NaN. What the columns say of such a row is not used;
Python runs the function on it in the end, and decides.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from fullcycle.feature.table.column import Codes, Mask


class Unsupported(Exception):
    """Python that has no meaning on columns: its function runs row by row instead."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Place:
    """The rows that reach a point of a function, as a mask; all of them where it is None.

    ``doubts`` is shared by the whole evaluation and grows; ``slow`` collects what runs
    element by element, and why.
    """

    n: int
    doubts: Mask
    active: Mask | None = None
    slow: dict[str, str] = field(default_factory=dict)

    def within(self, mask: Mask) -> "Place":
        """The place that only the rows of ``mask`` reach."""
        return replace(self, active=mask if self.active is None else self.active & mask)

    def doubt(self, mask: Mask | bool | np.bool_) -> None:
        """Leave these rows, as far as they come here, to Python."""
        here: Mask | bool | np.bool_ = mask if self.active is None else self.active & mask
        np.logical_or(self.doubts, here, out=self.doubts)

    def live(self) -> Codes:
        """The numbers of the rows that come here and are not in doubt yet."""
        return np.flatnonzero(~self.doubts if self.active is None else self.active & ~self.doubts)

    def mask(self) -> Mask:
        """The rows that come here."""
        return np.ones(self.n, np.bool_) if self.active is None else self.active
