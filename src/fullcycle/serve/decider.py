"""One decision: which arm, what it answers, logged before anybody hears of it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os.path import normpath
from typing import Any

import msgspec

from fullcycle.data import Row
from fullcycle.experiment import StickyStore
from fullcycle.kernel import FullcycleError, Invalid
from fullcycle.record import Decision
from fullcycle.release import LoadedRelease, NoNumber, Policy
from fullcycle.serve.arms import Arms, Exposure, Keeper
from fullcycle.serve.draw import HashedDraw
from fullcycle.serve.gaps import Gaps
from fullcycle.serve.metrics import Meter
from fullcycle.serve.ports import DecisionLog

Tell = Callable[[str], None]

_ENCODER = msgspec.json.Encoder()


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client is answered: the decision's id, the release that made it, and the answer.

    ``fallback`` is there only where the fallback answered, ``logged`` only where the log did not
    take the decision and it was answered all the same.
    """

    decision_id: str
    release: str
    answer: msgspec.Raw
    fallback: bool = False
    logged: bool = True


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
    unlogged: int = 0


class Decider:
    """A release, ready to decide in one environment.

    With ``gaps``, what the log does not take is answered all the same, and counted there; in
    ``sticky`` an experiment keeps its arms, where it does.
    """

    def __init__(
        self,
        release: LoadedRelease,
        *,
        number: int,
        environment: str,
        log: DecisionLog,
        tell: Tell,
        meter: Meter | None = None,
        gaps: Gaps | None = None,
        sticky: StickyStore | None = None,
    ) -> None:
        self.release = release
        self.number = number
        self.ref = f"{release.manifest.capability}@v{number}"
        self.environment = environment
        self.service = f"{release.manifest.capability}@{environment}"
        self.counts = Counts()
        self._log = log
        self._gaps = gaps
        self._tell = tell
        self._meter = Meter() if meter is None else meter
        self._told: set[str] = set()
        self.sticky = sticky
        self._arms = Arms.of(release, Keeper(sticky, self._tell_once) if sticky is not None else None)
        self._live = dict(release.live)

    def decide(self, row: Row, id: str, at: int) -> bytes:
        """Decide for ``row``, log the decision, and give the answer's envelope as JSON.

        ``at`` is the time of the decision in microseconds since 1970.

        Raises:
            Undecided: where neither service nor fallback could answer; nothing is logged.
            Unrecorded: where the decision could not be logged, and so must not be answered.
        """
        decision = self.made(row, id, at)
        logged = True
        try:
            self._log.append(_ENCODER.encode(decision))
        except (FullcycleError, OSError) as error:
            logged = self._unlogged([decision], error)
        if self._gaps is not None and logged:
            self._note(self._gaps)
        return self._recorded(decision, logged=logged)

    def record(self, decisions: Sequence[Decision]) -> list[bytes]:
        """Log decisions that are answered together, in one write, and give their envelopes.

        Raises:
            Unrecorded: where they could not be logged; none of them then is.
        """
        logged = True
        try:
            self._log.append_all([_ENCODER.encode(decision) for decision in decisions])
        except (FullcycleError, OSError) as error:
            logged = self._unlogged(decisions, error)
        if self._gaps is not None and logged:
            self._note(self._gaps)
        return [self._recorded(decision, logged=logged) for decision in decisions]

    def made(self, row: Row, id: str, at: int) -> Decision:
        """Decide for ``row``; what comes back is not logged yet.

        Raises:
            Undecided: where neither service nor fallback could answer.
        """
        began = time.perf_counter_ns()
        exposure = self._arms.assign(row)
        draw = HashedDraw(id)
        fallback = False
        try:
            answer = answer_of(exposure.policy, row, draw)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a user's function may raise anything, or leave
            draw, fallback = HashedDraw(id), True
            answer = self._fall_back(row, draw, exposure, error)
        return Decision(
            id=id,
            at=at,
            capability=self.release.manifest.capability,
            environment=self.environment,
            release=self.number,
            request=row,
            answer=msgspec.Raw(answer),
            experiment=exposure.experiment,
            unit=exposure.unit,
            arm=exposure.arm,
            arm_probability=exposure.probability,
            propensity=draw.propensity,
            fallback=fallback,
            micros=(time.perf_counter_ns() - began) // 1000,
            live=self._live,
            features=draw.features,
            chances=draw.chances,
            weights=draw.weights,
        )

    def note_failure(self, function: str, arm: str, error: BaseException) -> None:
        """Count and tell of a user's function, or a model: its error's kind and line, not the request."""
        self._meter.failed(self.ref, arm, _what(function, error), type(error).__name__)
        self._tell_once(failure_told(function, error))

    def note_failures(self, failures: Iterable[tuple[str, str, str]], told: Iterable[str]) -> None:
        """Count and tell what failed where another process decided: arm, function and error of each."""
        for arm, function, error in failures:
            self._meter.failed(self.ref, arm, function, error)
        for line in told:
            if line not in self._told:
                self._told.add(line)
                self._tell(line)

    def _recorded(self, decision: Decision, *, logged: bool) -> bytes:
        """Count a decision that is answered; give its envelope."""
        fallback = decision.fallback
        self.counts.decisions += 1
        self.counts.fallbacks += fallback
        self._meter.decided(self.ref, decision.arm or "", decision.micros, fallback=fallback)
        return _ENCODER.encode(Envelope(decision.id, self.ref, decision.answer, fallback, logged))

    def _unlogged(self, decisions: Sequence[Decision], error: FullcycleError | OSError) -> bool:
        """Go on without the log, where that is allowed; False, for these are not in it.

        Raises:
            Unrecorded: where it is not.
        """
        self._meter.unrecorded(self.ref, len(decisions))
        if self._gaps is None:
            self.counts.failures += 1
            self._tell_once(f"a decision could not be recorded: {_cured(error)}")
            raise Unrecorded(type(error).__name__) from error
        self._tell_once(f"a decision was answered without being logged: {_cured(error)}")
        self.counts.unlogged += len(decisions)
        self._meter.unlogged(self.ref, len(decisions))
        self._gaps.missed(len(decisions), at=decisions[-1].at, release=self.number, why=_cured(error))
        return False

    def _note(self, gaps: Gaps) -> None:
        missed = gaps.note(self._log)
        if missed:
            self._tell(f"{self.ref}: the log takes decisions again; {missed:,} were answered without it")

    def _fall_back(self, row: Row, draw: HashedDraw, exposure: Exposure, error: BaseException) -> bytes:
        failed, arm = exposure.policy, exposure.arm or ""
        self._note_failure(failed, arm, error)
        fallback = self.release.fallback
        if fallback is not None and fallback is not failed:
            try:
                return answer_of(fallback, row, draw)
            except KeyboardInterrupt:
                raise
            except BaseException as second:  # noqa: BLE001 - so may a fallback
                self._note_failure(fallback, arm, second)
        self.counts.failures += 1
        raise Undecided(type(error).__name__) from error

    def _note_failure(self, policy: Policy, arm: str, error: BaseException) -> None:
        self.note_failure(policy.reference, arm, error)

    def _tell_once(self, told: str) -> None:
        if told not in self._told:
            self._told.add(told)
            self._tell(f"{self.ref}, {told} (told once; counted in /metrics)")


def _cured(error: FullcycleError | OSError) -> str:
    """What our own error says, and its cure, on one line."""
    if isinstance(error, FullcycleError):
        return f"{error.what} ({error.where}); {error.mend}"
    return str(error)


def failure_told(function: str, error: BaseException) -> str:
    """What failed when a function was asked, how, and at which line; nothing of the request."""
    return f"{_what(function, error)} failed: {type(error).__name__} at {_line_of(error)}"


def _what(function: str, error: BaseException) -> str:
    return f"model {error.step}" if isinstance(error, NoNumber) else function


def _line_of(error: BaseException) -> str:
    """Where it was raised, as ``file:line``."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{normpath(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}" if place is not None else "?"


def answer_of(policy: Policy, row: Row, draw: HashedDraw) -> bytes:
    """What a policy answers, as JSON that its own contract has checked.

    Raises:
        Invalid: where the answer is not what the function's annotation promises: another
            type, a value out of bounds, a number that is none.
        Exception: whatever the user's function raises.
    """
    return checked(policy, policy.call(row, draw))


def checked(policy: Policy, answer: Any) -> bytes:
    """An answer as JSON that the contract of the policy that gave it has checked.

    Raises:
        Invalid: where it is not what the function's annotation promises, as above.
        Exception: whatever writing it as JSON raises.
    """
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
