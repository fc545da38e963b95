"""Decisions: what services answered, read back from their log as a source."""

from datetime import datetime
from typing import Annotated, NoReturn

from fullcycle.data.row import Row, key, personal, time
from fullcycle.data.sources import Source
from fullcycle.kernel import Invalid

DECIDED_AS = "decisions"  # what a source of them is called that nobody has given a name


class Decided(Row):
    """One decision, as the log holds it. Request, answer, features and weights are JSON.

    ``weights`` reads ``{"sale": 0.02, "new": 0.96, "brand": 0.02}``; it is null where no bandit was
    asked, and of more than 32 actions.
    """

    decision_id: Annotated[str, key]
    decided: Annotated[datetime, time]
    release: int
    experiment: str | None
    unit: Annotated[str | None, personal]
    arm: str | None
    arm_probability: float | None  # of the arm
    propensity: float | None  # of the action, given the arm: of all picks together
    fallback: bool
    chances: list[float] | None  # of each pick, in its order; of a list that is drawn, by place
    weights: str | None  # the chance of each action at the first pick, where a bandit gave it
    features: Annotated[str | None, personal]  # by which a bandit gave the weights
    request: Annotated[str, personal]
    answer: Annotated[str, personal]


class Decisions(Source[[]]):
    """The decisions of a capability in the environment of the run; None for its own.

    ``request`` is the contract of what was asked: it is known once the service has been read. So is
    ``item``, where each row is an item of a list that was answered; it says what an item is.
    """

    def __init__(self, capability: str | None) -> None:
        super().__init__(None, Decided)
        self.capability = capability
        self.request: type[Row] | None = None
        self.item: type[Row] | None = None

    def __call__(self) -> NoReturn:
        """Refuse: it has no query of its own."""
        raise Invalid(
            f"{self.name or 'this source'} has no query of its own",
            "a source of decisions, which services log",
            "name it as the parameter of a step",
        )


def decisions(capability: str | None = None) -> Decisions:
    """Declare the decision log as a source: ``past = fc.decisions()``, or another capability's by its name.

    It holds what was decided in the environment of the run. ``fc.outcomes(metric)`` has the
    own decisions beside what they led to.

    Raises:
        Invalid: for a name that is no text.
    """
    if capability is not None and not (isinstance(capability, str) and capability.isidentifier()):
        raise Invalid(f"{capability!r} names no capability", "fc.decisions", 'write fc.decisions("winback")')
    return Decisions(capability)
