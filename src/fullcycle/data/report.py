"""What checking a table found: which rules are broken, by how many rows, and a few of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fullcycle.kernel import counted

MASK = "•••"
"""What is shown in place of a personal value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule of one field that ``rows`` rows break.

    ``rule`` completes the sentence "a value that …"; ``examples`` are up to five of the
    rows: their number, key, time and the field itself, personal fields masked.
    """

    field: str
    rule: str
    rows: int
    examples: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        lines = [f"  {self.field}: {self.rule}"]
        if self.examples:
            lines[0] += f" ({counted(self.rows, 'row')})"
            lines += ["    " + "  ".join(f"{k}={v}" for k, v in row.items()) for row in self.examples]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """How a table keeps its contract: ``checked`` of ``total`` rows, and what breaks it."""

    table: str
    checked: int
    total: int
    problems: tuple[Problem, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        head = f"checked {self.checked:,} of {counted(self.total, 'row')}"
        return "\n".join([head, *map(str, self.problems)])
