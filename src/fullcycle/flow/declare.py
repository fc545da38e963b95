"""How a user declares a flow: decorators that only register what was said."""

import functools
import inspect
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, cast, overload

from fullcycle.data import File, Variable
from fullcycle.flow.resources import ALONE, Resources, read_resources
from fullcycle.kernel import Invalid
from fullcycle.record import Secret

if TYPE_CHECKING:
    from fullcycle.feature import FeatureSet

F = TypeVar("F", bound=Callable[..., Any])

Dependency = File | Variable | Secret | Callable[[], object]
"""What a step stands on that its code does not show."""


class Options(TypedDict, total=False):
    """What ``@fc.step`` and ``@fc.model`` both take."""

    cpus: float
    memory: str | None
    retries: int
    timeout: str | None
    volatile: bool
    depends_on: Sequence[Dependency]


class Step:
    """A function of other steps, wired by the names of its positional parameters."""

    role = "step"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        volatile: bool = False,
        depends_on: Sequence[Dependency] = (),
        resources: Resources = ALONE,
    ) -> None:
        self.function = function
        self.volatile = volatile
        self.depends_on = tuple(depends_on)
        self.resources = resources
        functools.update_wrapper(self, function)

    @property
    def cpus(self) -> float | None:
        """How many cores one call may use; None for all of them, or one where it is called per element."""
        return self.resources.cpus

    @property
    def memory(self) -> int | None:
        """How many bytes it needs; None where that is not said."""
        return self.resources.memory

    @property
    def retries(self) -> int:
        """How often it is tried again after it raised."""
        return self.resources.retries

    @property
    def timeout(self) -> timedelta | None:
        """How long one call may take."""
        return self.resources.timeout

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
        **options: Any,
    ) -> None:
        super().__init__(function, **options)
        self.features = features
        self.score = score
        self.baseline = baseline
        self.slices = tuple(slices)


@overload
def step(function: F, /) -> F: ...
@overload
def step(**options: Unpack[Options]) -> Callable[[F], F]: ...
def step(function: Any = None, /, **options: Unpack[Options]) -> Any:
    """Declare a step: a function of the steps and sources its positional parameters name.

    Keyword-only parameters are the step's own; ``-p name=value`` sets them. ``volatile``
    never reuses an earlier result. ``depends_on`` lists what the step stands on beside its
    code and its inputs: files (``fc.File``), environment variables (``fc.Variable``,
    ``fc.Secret``) and functions without parameters, called in every run, whose value counts.

    ``cpus`` and ``memory`` (``"2GB"``) are what one call may use, ``timeout`` (``"10min"``)
    how long it may take, ``retries`` how often it is tried again after it raised.

    Raises:
        Invalid: for an option that cannot be meant.
    """
    declared = _settled(options, "@fc.step")
    if function is None:
        return functools.partial(Step, **declared)
    return Step(function, **declared)


def model(
    features: "FeatureSet[..., Any]",
    *,
    score: str,
    baseline: Callable[[Any], float] | None = None,
    slices: Sequence[str] = (),
    **options: Unpack[Options],
) -> Callable[[F], F]:
    """Declare a step that learns from a split, and how it is judged on the unseen part.

    ``score`` is an offline score such as ``"auc"``, ``"mae"`` or ``"qini@No E-Mail"``;
    ``baseline`` a plain function of the feature row to be judged beside the model;
    ``slices`` the columns by which the score is broken down. The other options are those
    of ``fc.step``.

    Raises:
        Invalid: where ``features`` is no feature set, or for an option that cannot be meant.
    """
    if not hasattr(features, "matrix"):
        raise Invalid(
            f"{features!r} is not a feature set",
            "the first argument of @fc.model",
            "pass a function decorated with @fc.features",
        )
    declared = _settled(options, "@fc.model")

    def declare(function: F) -> F:
        step = ModelStep(
            function, features=features, score=score, baseline=baseline, slices=slices, **declared
        )
        return cast("F", step)

    return declare


def _settled(options: Options, where: str) -> dict[str, Any]:
    """The options as a step keeps them."""
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        name = min(unknown)
        raise TypeError(f"{where} got an unexpected keyword argument {name!r}")
    resources = read_resources(
        cpus=options.get("cpus"),
        memory=options.get("memory"),
        retries=options.get("retries", 0),
        timeout=options.get("timeout"),
        where=where,
    )
    dependencies = options.get("depends_on", ())
    if isinstance(dependencies, str | bytes) or not isinstance(dependencies, Sequence):
        raise Invalid(f"depends_on={dependencies!r} is no list", where, 'write depends_on=[fc.File("…")]')
    for dependency in dependencies:
        _check_dependency(dependency, f"depends_on of {where}")
    return {
        "volatile": bool(options.get("volatile", False)),
        "depends_on": tuple(dependencies),
        "resources": resources,
    }


def _check_dependency(one: object, where: str) -> None:
    """Refuse what no step can depend on."""
    if isinstance(one, File | Variable | Secret):
        return
    if isinstance(one, Step):
        name = getattr(one, "__name__", "a step")
        raise Invalid(f"{name} is a step", where, f"name it as a parameter: def step({name}: …)")
    if not callable(one):
        raise Invalid(
            f"no step can depend on {one!r}",
            where,
            'list fc.File("rates.csv"), fc.Variable("REGION"), or a function without parameters',
        )
    parameters = inspect.signature(one).parameters.values()
    needed = [
        p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if needed:
        raise Invalid(
            f"{getattr(one, '__name__', 'a function')} asks for {', '.join(needed)}",
            where,
            "list a function without parameters: it is called in every run, and what it tells counts",
        )
