"""For users' tests: rows that keep their contract, and plain stand-ins for what a decision asks."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.testing.fakes import draw as draw
    from fullcycle.testing.fakes import empty as empty
    from fullcycle.testing.fakes import lookup as lookup
    from fullcycle.testing.fakes import model as model
    from fullcycle.testing.generation import row as row
    from fullcycle.testing.generation import rows as rows
    from fullcycle.testing.tables import frame as frame
    from fullcycle.testing.tables import warehouse as warehouse

__getattr__, __all__ = lazily(
    __name__,
    {
        "draw": ".fakes",
        "empty": ".fakes",
        "frame": ".tables",
        "lookup": ".fakes",
        "model": ".fakes",
        "row": ".generation",
        "rows": ".generation",
        "warehouse": ".tables",
    },
)
