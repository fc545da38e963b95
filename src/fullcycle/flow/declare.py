"""How a user declares a flow: decorators that only register what was said."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from fullcycle.kernel import Invalid

if TYPE_CHECKING:
    from fullcycle.feature import FeatureSet

F = TypeVar("F", bound=Callable[..., Any])


class Step:
    """A function of other steps, wired by the names of its positional parameters."""

    role = "step"

    def __init__(self, function: Callable[..., Any], *, volatile: bool = False) -> None:
        self.function = function
        self.volatile = volatile
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, as a test does."""
        return self.function(*args, **kwargs)


class ModelStep(Step):
    """A step that learns, and how it is judged."""

    role = "model"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        features: "FeatureSet[..., Any]",
        score: str,
        baseline: Callable[[Any], float] | None,
        slices: Sequence[str],
    ) -> None:
        super().__init__(function)
        self.features = features
        self.score = score
        self.baseline = baseline
        self.slices = tuple(slices)


@overload
def step(function: F, /) -> F: ...
@overload
def step(*, volatile: bool = False) -> Callable[[F], F]: ...
def step(function: Any = None, /, *, volatile: bool = False) -> Any:
    """Declare a step: a function of the steps and sources its positional parameters name.

    Keyword-only parameters are the step's own; ``-p name=value`` sets them. ``volatile``
    never reuses an earlier result.
    """
    if function is None:
        return functools.partial(Step, volatile=volatile)
    return Step(function, volatile=volatile)


def model(
    features: "FeatureSet[..., Any]",
    *,
    score: str,
    baseline: Callable[[Any], float] | None = None,
    slices: Sequence[str] = (),
) -> Callable[[F], F]:
    """Declare a step that learns from a split, and how it is judged on the unseen part.

    ``score`` is an offline score such as ``"auc"``, ``"mae"`` or ``"qini@No E-Mail"``;
    ``baseline`` a plain function of the feature row to be judged beside the model;
    ``slices`` the columns by which the score is broken down.

    Raises:
        Invalid: where ``features`` is no feature set.
    """
    if not hasattr(features, "matrix"):
        raise Invalid(
            f"{features!r} is not a feature set",
            "the first argument of @fc.model",
            "pass a function decorated with @fc.features",
        )

    def declared(function: F) -> F:
        return cast(
            "F", ModelStep(function, features=features, score=score, baseline=baseline, slices=slices)
        )

    return declared
