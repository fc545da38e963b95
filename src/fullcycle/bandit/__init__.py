"""Bandits: what was learnt from outcomes, as weights to draw an action by."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.bandit.codec import BanditCodec as BanditCodec
    from fullcycle.bandit.codec import asked_by as asked_by
    from fullcycle.bandit.learning import computable as computable
    from fullcycle.bandit.learning import linucb as linucb
    from fullcycle.bandit.learning import thompson as thompson
    from fullcycle.bandit.learnt import LearntBandit as LearntBandit
    from fullcycle.bandit.learnt import Told as Told

__getattr__, __all__ = lazily(
    __name__,
    {
        "BanditCodec": ".codec",
        "LearntBandit": ".learnt",
        "Told": ".learnt",
        "asked_by": ".codec",
        "computable": ".learning",
        "linucb": ".learning",
        "thompson": ".learning",
    },
)
