"""An explanation: one decision step by step, as plain data that a page and a command show alike."""

from math import exp, fsum, isclose
from typing import Any, Literal

import msgspec

from fullcycle.experiment import Standing
from fullcycle.kernel import Digest

Link = Literal["", "log-odds", "logarithm", "raw score"]
"""What contributions add up to: the prediction itself, or what it is made of by a link function."""


class Feature(msgspec.Struct, frozen=True):
    """A number that a model saw, as the feature row has it; what it added, in the unit of the link."""

    name: str
    value: Any
    contribution: float | None = None


class Prediction(msgspec.Struct, frozen=True, kw_only=True, tag="prediction", tag_field="step"):
    """A question to a model: contributions and ``base`` sum to ``total``.

    ``unexplained`` says why there are no contributions; ``element`` is the model's key in a family.
    """

    model: str  # the parameter of the function
    element: str = ""
    made_by: str  # the step of the flow
    features: tuple[Feature, ...]
    prediction: float | None  # None where the model gave no finite number
    base: float | None = None
    total: float | None = None
    link: Link = ""
    unexplained: str = ""


class LookedUp(msgspec.Struct, frozen=True, kw_only=True, tag="lookup", tag_field="step"):
    """A question to a lookup; ``row`` is None where it holds no such key."""

    lookup: str  # the parameter of the function
    key: tuple[Any, ...]
    row: Any
    content: Digest


class Known(msgspec.Struct, frozen=True):
    """What a bandit knows of an action: the outcome expected, its standard deviation, the rows behind it."""

    action: Any
    mean: float
    spread: float
    rows: int
    weight: float


class Weighed(msgspec.Struct, frozen=True, kw_only=True, tag="bandit", tag_field="step"):
    """A question to a bandit, by its rule; no weight is below ``floor``."""

    bandit: str  # the parameter of the function
    rule: str
    features: tuple[Feature, ...]
    known: tuple[Known, ...]
    floor: float
    content: Digest


class Option(msgspec.Struct, frozen=True):
    """An action that could have been picked, with its weight and chance."""

    action: Any
    weight: float
    chance: float


class Picked(msgspec.Struct, frozen=True, kw_only=True, tag="draw", tag_field="step"):
    """A draw: ``number`` is uniform in [0, 1), and falls into the part of the ``chosen`` option."""

    options: tuple[Option, ...]
    number: float
    chosen: int


Step = Prediction | LookedUp | Weighed | Picked


class Failed(msgspec.Struct, frozen=True):
    """What a function raised, by its kind and line alone: what it says may hold the request."""

    kind: str
    line: str


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """A function of the release that was asked, and what it asked in turn.

    ``more`` counts predictions beyond those that are explained.
    """

    function: str
    steps: tuple[Step, ...] = ()
    more: int = 0
    failure: Failed | None = None


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """The arm of an experiment: the unit's hash is ``place`` in [0, 1), which the arms share.

    Where it stands otherwise, the place did not decide: its arm is kept from before, it is forced
    for a test, or it is held out and gets the control.
    """

    experiment: str
    field: str  # of the request
    unit: Any
    seed: str
    place: float
    ranges: dict[str, tuple[float, float]]  # by arm
    arm: str
    probability: float
    standing: Standing = "assigned"


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, recomputed and watched; ``answer`` is None where nothing could be decided.

    Personal fields are masked, unless they were asked for. ``micros`` is the time to decide.
    """

    decision_id: str
    release: str
    request: Any
    assigned: Assigned | None
    called: tuple[Called, ...]  # the policy, and after it the fallback where it failed
    answer: Any
    fallback: bool
    propensity: float | None
    live: dict[str, Digest]
    micros: int


def link_of(total: float, prediction: float, slack: float = 1e-9) -> Link:
    """How a sum of contributions became a prediction, told by the two numbers.

    ``slack`` is by how much the sum may be rounded.

    >>> link_of(0.0, 0.5), link_of(2.0, 2.0), link_of(-3.0, 12.0)
    ('log-odds', '', 'raw score')
    """
    if isclose(total, prediction, rel_tol=1e-9, abs_tol=slack):
        return ""
    if abs(total) > _EXP:
        return "raw score"
    if isclose(1 / (1 + exp(-total)), prediction, rel_tol=max(slack, 1e-6)):
        return "log-odds"
    return "logarithm" if isclose(exp(total), prediction, rel_tol=max(slack, 1e-6)) else "raw score"


_EXP = 700.0  # beyond it the exponential is no float
_ROUNDED = 1e-6  # of the sizes of all that is added: libraries that count in float32 round so


def with_contributions(asked: Prediction, told: list[float]) -> Prediction:
    """A prediction with what each feature adds, the base last in ``told``."""
    *each, base = told
    total, slack = fsum(told), _ROUNDED * fsum(map(abs, told))
    return msgspec.structs.replace(
        asked,
        features=tuple(
            msgspec.structs.replace(one, contribution=added)
            for one, added in zip(asked.features, each, strict=True)
        ),
        base=base,
        total=total,
        link=link_of(total, asked.prediction, slack) if asked.prediction is not None else "raw score",
    )
