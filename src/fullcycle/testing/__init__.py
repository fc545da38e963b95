"""For users' tests: rows that keep their contract, and plain stand-ins for what a decision asks."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.testing.codecs import round_trip as round_trip
    from fullcycle.testing.fakes import draw as draw
    from fullcycle.testing.fakes import model as model
    from fullcycle.testing.generation import row as row
    from fullcycle.testing.generation import rows as rows
    from fullcycle.testing.leakage import Leak as Leak
    from fullcycle.testing.leakage import leaks as leaks
    from fullcycle.testing.leakage import refuse_leaks as refuse_leaks
    from fullcycle.testing.lookups import empty as empty
    from fullcycle.testing.lookups import lookup as lookup
    from fullcycle.testing.predictors import same_predictions as same_predictions
    from fullcycle.testing.tables import frame as frame
    from fullcycle.testing.tables import warehouse as warehouse

__getattr__, __all__ = lazily(
    __name__,
    {
        "Leak": ".leakage",
        "draw": ".fakes",
        "empty": ".lookups",
        "frame": ".tables",
        "leaks": ".leakage",
        "lookup": ".lookups",
        "model": ".fakes",
        "refuse_leaks": ".leakage",
        "round_trip": ".codecs",
        "row": ".generation",
        "rows": ".generation",
        "same_predictions": ".predictors",
        "warehouse": ".tables",
    },
)
