"""Experiments: who gets what, what it caused, what is concluded."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.experiment.assign import Assignment as Assignment
    from fullcycle.experiment.experiment import Experiment as Experiment
    from fullcycle.experiment.spec import ExperimentSpec as ExperimentSpec

__getattr__, __all__ = lazily(
    __name__,
    {
        "Assignment": ".assign",
        "Experiment": ".experiment",
        "ExperimentSpec": ".spec",
    },
)
