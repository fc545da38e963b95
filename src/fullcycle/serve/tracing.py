"""How a decision came about: the same code decides, with something that looks on in between.

What a policy is given is put in wrappers that pass every question on and keep what was asked
and what was answered: models, lookups, bandits, the draw. So what is explained is what was decided,
and no second way of deciding can differ from the first. Nothing is logged or counted.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum
from typing import TYPE_CHECKING, Any, NoReturn

from fullcycle.data import Row
from fullcycle.experiment import ReadOnlySticky, StickyStore, unit_hash
from fullcycle.record import Decision
from fullcycle.release import LoadedRelease, Policy, ReleasedModel
from fullcycle.serve.arms import Arms, Keeper
from fullcycle.serve.decider import Decider, Undecided
from fullcycle.serve.draw import HashedDraw
from fullcycle.serve.explanation import (
    Assigned,
    Called,
    Explanation,
    Failed,
    Known,
    LookedUp,
    Option,
    Picked,
    Prediction,
    Step,
    Weighed,
)
from fullcycle.serve.question import Question
from fullcycle.serve.showing import Shown
from fullcycle.serve.watching import WatchedBandit, WatchedDraw, WatchedLookup, WatchedModel

if TYPE_CHECKING:
    from fullcycle.bandit import Told

MOST = 64
"""How many predictions of one decision are explained; the others are counted."""


class Trace:
    """A decision that is watched: ``decision`` is what would have been logged, None for none.

    ``reveal`` shows personal fields, too; ``sticky`` is where arms are kept, and only read.
    """

    def __init__(
        self,
        release: LoadedRelease,
        *,
        number: int,
        environment: str,
        reveal: bool = False,
        sticky: StickyStore | None = None,
    ) -> None:
        self.decision: Decision | None = None
        self._release = release
        self._number = number
        self._environment = environment
        self._sticky = None if sticky is None else ReadOnlySticky(sticky)
        self._shown = Shown.of(release, reveal=reveal)
        self._calls: list[_Call] = []
        self._row: Row | None = None
        self._id = ""

    def decide(self, row: Row, id: str, at: int) -> None:
        """Decide as the service does, and keep how; ``at`` in µs since 1970 UTC."""
        self._row, self._id = row, id
        watched = _Watched(self._watched(), self._number, self._environment, self._calls, self._sticky)
        try:
            self.decision = watched.made(row, id, at)
        except Undecided:
            self.decision = None

    def explanation(self) -> Explanation:
        """What was kept, with what each feature adds. Another thread may ask for it."""
        decision = self.decision
        answer = None
        if decision is not None:
            answer = self._shown(self._release.service.answer.decode(decision.answer))
        return Explanation(
            decision_id=self._id,
            release=f"{self._release.manifest.capability}@v{self._number}",
            request=self._shown(self._row),
            assigned=self._assigned(),
            called=tuple(call.told() for call in self._calls),
            answer=answer,
            fallback=decision is not None and decision.fallback,
            propensity=None if decision is None else decision.propensity,
            live=dict(self._release.live),
            micros=0 if decision is None else decision.micros,
        )

    def _assigned(self) -> Assigned | None:
        """The arm, and where the unit's hash falls; None outside of an experiment."""
        spec = self._release.manifest.experiment
        if spec is None or self._row is None:
            return None
        arms = Arms.of(self._release, None if self._sticky is None else Keeper(self._sticky, _unheard))
        exposure = arms.assign(self._row)
        if exposure.unit is None or exposure.arm is None:
            return None
        assignment = spec.assignment()
        place = unit_hash(spec.seed, exposure.unit, spec.hash_version)
        standing = arms.standing(self._row)
        return Assigned(
            experiment=exposure.experiment or spec.name,
            field=spec.unit,
            unit=self._shown(exposure.unit, spec.unit),
            seed=spec.seed,
            place=0.0 if place is None else place,
            ranges=dict(zip(assignment.arms, assignment.ranges, strict=True)),
            arm=spec.held if standing == "holdout" else exposure.arm,
            probability=1.0 if exposure.probability is None else exposure.probability,
            standing=standing,
        )

    def _watched(self) -> LoadedRelease:
        """The release with wrappers around its functions, and around all that they are given."""
        return self._release.over(self._wrapped).each(self._called)

    def _called(self, policy: Policy) -> Policy:
        def call(row: Any, draw: HashedDraw) -> Any:
            self._calls.append(_Call(policy.reference))
            return policy.call(row, WatchedDraw(draw, self._id, self))

        return replace(policy, call=call)

    def _wrapped(self, policy: Policy) -> Mapping[str, Any]:
        """What a policy is given that can be asked, watched."""
        found: dict[str, Any] = {}
        for name, value in policy.given.items():
            if isinstance(value, ReleasedModel):
                found[name] = WatchedModel(value, name, "", self)
            elif name in policy.lookups:
                found[name] = WatchedLookup(value, name, self)
            elif name in policy.bandits:
                found[name] = WatchedBandit(value, name, self)
            elif isinstance(value, dict) and any(isinstance(one, ReleasedModel) for one in value.values()):
                found[name] = {key: WatchedModel(one, name, str(key), self) for key, one in value.items()}
        return found

    def predicted(self, model: WatchedModel, row: Any, prediction: float | None) -> None:
        """Keep a question to a model."""
        call = self._calls[-1]
        if call.asked >= MOST:
            call.more += 1
            return
        call.asked += 1
        numbers = model.model.encode(row)
        told = Prediction(
            model=model.name,
            element=model.element,
            made_by=model.model.step,
            features=self._shown.features(row, numbers),
            prediction=prediction,
        )
        call.steps.append(Question(told, model.model.predictor, numbers))

    def looked_up(self, lookup: WatchedLookup, key: tuple[object, ...], row: Any) -> None:
        """Keep a question to a lookup."""
        told = LookedUp(
            lookup=lookup.name,
            key=tuple(self._shown(value, name) for name, value in zip(lookup.keys, key, strict=False)),
            row=self._shown(row),
            content=self._release.live.get(lookup.name, ""),
        )
        self._calls[-1].steps.append(told)

    def weighed(
        self, bandit: WatchedBandit, row: Any, told: "Sequence[Told]", weights: Sequence[float]
    ) -> None:
        """Keep a question to a bandit."""
        form = bandit.bandit.form
        known = [
            Known(self._shown(one.action), one.mean, one.spread, one.rows, weight)
            for one, weight in zip(told, weights, strict=True)
        ]
        self._calls[-1].steps.append(
            Weighed(
                bandit=bandit.name,
                rule=form.rule,
                features=self._shown.features(row, ()),
                known=tuple(known),
                floor=form.floor,
                content=self._release.live.get(bandit.name, ""),
            )
        )

    def picked(self, weights: Mapping[Any, float], number: float, chosen: Any) -> None:
        """Keep a draw."""
        total = fsum(weights.values())
        options = tuple(
            Option(self._shown(action), weight, weight / total) for action, weight in weights.items()
        )
        self._calls[-1].steps.append(
            Picked(options=options, number=number, chosen=list(weights).index(chosen))
        )


@dataclass(slots=True)
class _Call:
    """A function that was asked, and what it asked."""

    function: str
    steps: list[Question | Step] = field(default_factory=list)
    asked: int = 0
    more: int = 0
    failure: Failed | None = None

    def told(self) -> Called:
        steps = tuple(one.explained() if isinstance(one, Question) else one for one in self.steps)
        return Called(function=self.function, steps=steps, more=self.more, failure=self.failure)


class _Watched(Decider):
    """Decides over a watched release, and keeps what failed instead of telling of it."""

    def __init__(
        self,
        release: LoadedRelease,
        number: int,
        environment: str,
        calls: list[_Call],
        sticky: StickyStore | None,
    ) -> None:
        super().__init__(
            release, number=number, environment=environment, log=_Nowhere(), tell=_unheard, sticky=sticky
        )
        self._calls = calls

    def note_failure(self, function: str, arm: str, error: BaseException) -> None:
        line = _line_of(error, self.release.manifest.package)
        self._calls[-1].failure = Failed(type(error).__name__, line)


def _line_of(error: BaseException, package: str) -> str:
    """The project's own innermost line that led to an error, such as ``winback/service.py:7``; "" for none.

    Where the project lies is nobody's business: an explanation may leave the machine.
    """
    found = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        owner, _, module = str(frame.f_globals.get("__name__", "")).partition("].")
        if owner.startswith(f"{package}["):
            file = frame.f_code.co_filename.rpartition("/")[2]
            parts = module.split(".") if file == "__init__.py" else module.split(".")[:-1]
            found = "/".join([*parts, f"{file}:{number}"])
    return found


def _unheard(told: str) -> None:
    """What a service would tell an operator: who asks for an explanation has no use for it."""


class _Nowhere:
    """The log of decisions that nobody was given: none may be written, so whoever writes is at fault."""

    def append(self, payload: bytes) -> NoReturn:
        raise NotImplementedError

    def append_all(self, payloads: Sequence[bytes]) -> NoReturn:
        raise NotImplementedError

    def close(self) -> None:
        return None
