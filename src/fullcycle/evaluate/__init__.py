"""How good is a model, and why: splits, scores with intervals, slices, curves, explanations."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.evaluate.sample import Sample as Sample
    from fullcycle.evaluate.sample import Split as Split
    from fullcycle.evaluate.sample import refuse_shared_keys as refuse_shared_keys
    from fullcycle.evaluate.sample import split as split

__getattr__, __all__ = lazily(
    __name__,
    {
        "Sample": ".sample",
        "Split": ".sample",
        "refuse_shared_keys": ".sample",
        "split": ".sample",
    },
)
