"""Many rows decided together: the function that serves, with its models asked once for all of them.

A policy runs for each row in a fiber of its own and pauses where it asks a model. When every row
has come to its end or to a question, each model answers all that wait for it in one call, and they
go on. What a row is answered is what it would be answered alone, bit for bit.

No lock may be held across ``predict``: the row that waits for it runs in the same thread.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import GenericAlias
from typing import Any

import msgspec

from fullcycle.data import Row
from fullcycle.experiment import StickyStore
from fullcycle.record import Decision
from fullcycle.release import LoadedRelease, Policy, ReleasedModel
from fullcycle.serve.arms import Arms, Exposure, Keeper
from fullcycle.serve.decider import checked, failure_told
from fullcycle.serve.draw import HashedDraw
from fullcycle.serve.pausing import PausingModel
from fullcycle.serve.ports import Fibers

TOGETHER = 256
"""How many rows wait at once: more make a call hardly cheaper, and their stacks leave the cache."""

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Failure:
    """A function of the release that raised, or a model that it asked, at a row; counted from 0."""

    row: int
    policy: str
    error: Exception

    @property
    def told(self) -> str:
        """What failed, how, and at which line, as a service tells it: nothing of the row."""
        return failure_told(self.policy, self.error)


@dataclass(slots=True)
class Scores:
    """What rows came to, by their number, from 0.

    ``answers`` holds None where neither the service nor a fallback could answer: those rows are
    ``undecided``, each with the error of the service. ``failures`` holds every error, those that
    a fallback made good among them.
    """

    rows: Sequence[Row]
    ids: Sequence[str]
    answers: list[Any]
    read: list[Any]  # answers as their contract reads them: 3 in a field of float is 3.0
    exposures: list[Exposure]
    propensities: list[float | None]
    features: list[Any]  # by which a bandit gave the weights of the first pick
    fallbacks: list[bool]
    failures: list[Failure] = field(default_factory=list)
    undecided: dict[int, Exception] = field(default_factory=dict)
    chances: dict[int, tuple[float, ...]] = field(default_factory=dict)  # of those that picked more than once
    weights: dict[int, dict[str, float]] = field(default_factory=dict)  # of those that asked a bandit
    seconds: float = 0.0

    def decisions(
        self, *, capability: str, environment: str, number: int, live: Mapping[str, str], at: int
    ) -> Iterator[Decision]:
        """Each decided row as the log keeps it; ``at`` is the time of them all, in µs since 1970."""
        micros = round(self.seconds * 1e6 / max(len(self.rows), 1))
        told = dict(live)
        for n, answer in enumerate(self.answers):
            if answer is None:
                continue
            exposure = self.exposures[n]
            yield Decision(
                id=self.ids[n],
                at=at,
                capability=capability,
                environment=environment,
                release=number,
                request=self.rows[n],
                answer=answer,
                experiment=exposure.experiment,
                unit=exposure.unit,
                arm=exposure.arm,
                arm_probability=exposure.probability,
                propensity=self.propensities[n],
                fallback=self.fallbacks[n],
                micros=micros,
                live=told,
                features=self.features[n],
                chances=self.chances.get(n, ()),
                weights=self.weights.get(n, {}),
            )


def score(release: LoadedRelease, rows: Sequence[Row], ids: Sequence[str], fibers: Fibers) -> Scores:
    """Decide for every row, under the decision's id in its place; nothing is logged.

    Rows are of ``release.row``. Whoever has many calls to make makes one ``Scorer``, of the
    thread that made ``fibers``.
    """
    return Scorer(release, fibers).score(rows, ids)


class Scorer:
    """A release that decides on many rows at a time; ``together`` is how many of them wait at once.

    In ``sticky`` an experiment keeps its arms, where it does.
    """

    def __init__(
        self,
        release: LoadedRelease,
        fibers: Fibers,
        *,
        together: int = TOGETHER,
        sticky: StickyStore | None = None,
    ) -> None:
        self.release = release
        self._fibers = fibers
        self._together = together
        self._waiting: list[PausingModel] = []  # models that somebody waits for
        self._known: dict[int, PausingModel] = {}
        pausing = release.over(lambda policy: self._pausing(policy.given))
        self._arms = Arms.of(pausing, Keeper(sticky, _silent) if sticky is not None else None)
        self._fallback = pausing.fallback
        self._answers = msgspec.json.Decoder(GenericAlias(list, (release.service.answer_type,)))

    def score(self, rows: Sequence[Row], ids: Sequence[str]) -> Scores:
        """Decide for every row, under the decision's id in its place."""
        began = time.perf_counter()
        count = len(rows)
        assign = self._arms.assign
        exposures = [assign(row) for row in rows]
        nothing = [None] * count
        done = Scores(rows, ids, [*nothing], [*nothing], exposures, [*nothing], [*nothing], [False] * count)
        failed: dict[int, Exception] = {}
        for start in range(0, count, self._together):
            part = range(start, min(start + self._together, count))
            failed |= self._decide(done, part, {n: exposures[n].policy for n in part})
        if failed:
            self._fall_back(done, failed)
        done.seconds = time.perf_counter() - began
        return done

    def _fall_back(self, done: Scores, failed: dict[int, Exception]) -> None:
        """Let the fallback answer where a policy failed, as the service does for one row."""
        fallback = self._fallback
        again = {}
        for n, error in failed.items():
            policy = done.exposures[n].policy
            done.failures.append(Failure(n, policy.reference, error))
            if fallback is not None and fallback is not policy:
                again[n] = fallback
                done.fallbacks[n] = True
            else:
                done.undecided[n] = error
        numbers = list(again)
        for start in range(0, len(numbers), self._together):
            part = numbers[start : start + self._together]
            for n, error in self._decide(done, part, again).items():
                done.failures.append(Failure(n, again[n].reference, error))
                done.undecided[n] = failed[n]
                done.fallbacks[n] = False

    def _decide(
        self, done: Scores, part: Sequence[int], policies: Mapping[int, Policy]
    ) -> dict[int, Exception]:
        """Run the policies of some rows to their ends; the errors of those that gave no answer."""
        failed: dict[int, Exception] = {}
        rows, ids, answers, propensities = done.rows, done.ids, done.answers, done.propensities

        def decide(n: int) -> None:
            draw = HashedDraw(ids[n])
            try:
                answers[n] = policies[n].call(rows[n], draw)
            except Exception as error:  # noqa: BLE001 - a user's function may raise anything
                failed[n] = error
            propensities[n], done.features[n] = draw.propensity, draw.features
            if draw.chances:
                done.chances[n] = draw.chances
            if draw.weights:
                done.weights[n] = draw.weights

        if any(model.pauses for model in self._known.values()):
            start = self._fibers.start
            for n in part:
                start(decide, n)
        else:
            for n in part:
                decide(n)
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for model in waiting:
                model.ask()
        failed |= self._checked(done, part, policies, failed)
        for n in failed:
            answers[n], propensities[n], done.features[n] = None, None, None
            done.chances.pop(n, None)
            done.weights.pop(n, None)
        return failed

    def _checked(
        self,
        done: Scores,
        part: Sequence[int],
        policies: Mapping[int, Policy],
        failed: Mapping[int, Exception],
    ) -> dict[int, Exception]:
        """Hold answers against their contract, and keep them as it reads them; what is wrong, by row."""
        answers = done.answers
        decided = [n for n in part if n not in failed] if failed else part
        given = [answers[n] for n in decided]
        kind = self.release.service.kind  # of every function that answers
        if all(type(answer) is kind for answer in given):
            try:
                read = self._answers.decode(_ENCODER.encode(given))
            except Exception:  # noqa: BLE001 - one by one, each says what is wrong with it
                pass
            else:
                for n, answer in zip(decided, read, strict=True):
                    done.read[n] = answer
                return {}
        wrong: dict[int, Exception] = {}
        for n in decided:
            try:
                done.read[n] = policies[n].answer.decode(checked(policies[n], answers[n]))
            except Exception as error:  # noqa: BLE001 - whatever cannot be written is no answer
                wrong[n] = error
        return wrong

    def _pausing(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a policy is given, its models replaced by those that wait."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, ReleasedModel):
                found[name] = self._model(value)
            elif (
                isinstance(value, dict)
                and value
                and all(isinstance(v, ReleasedModel) for v in value.values())
            ):
                found[name] = {key: self._model(member) for key, member in value.items()}
        return found

    def _model(self, model: ReleasedModel) -> PausingModel:
        if id(model) not in self._known:
            self._known[id(model)] = PausingModel(model, self._fibers, self._wait_for)
        return self._known[id(model)]

    def _wait_for(self, model: PausingModel) -> None:
        self._waiting.append(model)


def _silent(told: str) -> None:
    """Whoever scores sees in the log that nobody took part."""
