"""One decision: which arm, what it answers, logged before anybody hears of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from fullcycle.data import Row
from fullcycle.kernel import FullcycleError, Invalid
from fullcycle.record import Decision
from fullcycle.release import LoadedRelease, Policy
from fullcycle.serve.arms import Arms
from fullcycle.serve.draw import HashedDraw
from fullcycle.serve.ports import DecisionLog

Tell = Callable[[str], None]

_ENCODER = msgspec.json.Encoder()


class Envelope(msgspec.Struct, frozen=True):
    """What a client is answered: the decision's id, the release that made it, and the answer."""

    decision_id: str
    release: str
    answer: msgspec.Raw


class Undecided(Exception):
    """Neither the service nor a fallback gave an answer that its contract allows."""


class Unrecorded(Exception):
    """The decision could not be written to the log."""


@dataclass(slots=True)
class Counts:
    """What a release has done since it began to answer here."""

    decisions: int = 0
    fallbacks: int = 0
    failures: int = 0


class Decider:
    """A release, ready to decide in one environment."""

    def __init__(
        self, release: LoadedRelease, *, number: int, environment: str, log: DecisionLog, tell: Tell
    ) -> None:
        self.release = release
        self.number = number
        self.ref = f"{release.manifest.capability}@v{number}"
        self.counts = Counts()
        self._environment = environment
        self._log = log
        self._tell = tell
        self._told: set[str] = set()
        self._arms = Arms.of(release)

    def decide(self, row: Row, id: str, at: int) -> bytes:
        """Decide for ``row``, log the decision, and give the answer's envelope as JSON.

        ``at`` is the time of the decision in microseconds since 1970.

        Raises:
            Undecided: where neither service nor fallback could answer; nothing is logged.
            Unrecorded: where the decision could not be logged, and so must not be answered.
        """
        began = time.perf_counter_ns()
        exposure = self._arms.assign(row)
        draw = HashedDraw(id)
        fallback = False
        self._live = dict(release.live)
        try:
            answer = answer_of(exposure.policy, row, draw)
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            draw, fallback = HashedDraw(id), True
            answer = self._fall_back(row, draw, exposure.policy, error)
        raw = msgspec.Raw(answer)
        decision = Decision(
            id=id,
            at=at,
            capability=self.release.manifest.capability,
            environment=self._environment,
            release=self.number,
            request=row,
            answer=raw,
            experiment=exposure.experiment,
            unit=exposure.unit,
            arm=exposure.arm,
            arm_probability=exposure.probability,
            propensity=draw.propensity,
            fallback=fallback,
            micros=(time.perf_counter_ns() - began) // 1000,
        )
        self._record(decision)
        self.counts.decisions += 1
        self.counts.fallbacks += fallback
        return _ENCODER.encode(Envelope(id, self.ref, raw))

    def _record(self, decision: Decision) -> None:
        try:
            self._log.append(_ENCODER.encode(decision))
        except (FullcycleError, OSError) as error:
            self.counts.failures += 1
            self._tell_once(f"a decision could not be recorded: {_cured(error)}")
            raise Unrecorded(type(error).__name__) from error

    def _fall_back(self, row: Row, draw: HashedDraw, failed: Policy, error: Exception) -> bytes:
        self._tell_failure(failed, error)
        fallback = self.release.fallback
        if fallback is not None and fallback is not failed:
            try:
                return answer_of(fallback, row, draw)
            except Exception as second:  # noqa: BLE001 - so may a fallback
                self._tell_failure(fallback, second)
        self.counts.failures += 1
        raise Undecided(type(error).__name__) from error

    def _tell_failure(self, policy: Policy, error: Exception) -> None:
        """Tell of a user's function: the error's kind and its line, never the request."""
        self._tell_once(f"{policy.reference} failed: {type(error).__name__} at {_line_of(error)}")

    def _tell_once(self, told: str) -> None:
        if told not in self._told:
            self._told.add(told)
            self._tell(f"{self.ref}, {told} (told once; counted in /readyz)")


def _cured(error: FullcycleError | OSError) -> str:
    """What our own error says, and its cure, on one line."""
    if isinstance(error, FullcycleError):
            live=self._live,
        return f"{error.what} ({error.where}); {error.mend}"
    return str(error)


def _line_of(error: Exception) -> str:
    """Where it was raised, as ``file:line``."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else "?"


def answer_of(policy: Policy, row: Row, draw: HashedDraw) -> bytes:
    """What a policy answers, as JSON that its own contract has checked.

    Raises:
        Invalid: where the answer is not what the function's annotation promises: another
            type, a value out of bounds, a number that is none.
        Exception: whatever the user's function raises.
    """
    answer: Any = policy.call(row, draw)
    if type(answer) is not policy.kind:
        raise Invalid(
            f"it returned {type(answer).__name__}, its annotation says {policy.promises}",
            policy.reference,
            "return what the annotation says",
        )
    encoded = _ENCODER.encode(answer)
    try:
        policy.answer.decode(encoded)  # bounds, and NaN, which is written as null
    except msgspec.ValidationError as error:
        raise Invalid(
            f"its answer breaks its own contract: {error}",
            policy.reference,
            f"return a {policy.promises} within its bounds",
        ) from error
    return encoded
