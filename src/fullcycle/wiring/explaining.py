"""A decision that was logged, found again, decided again with somebody looking on, and compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from fullcycle.adapters.compaction import EventLog
from fullcycle.adapters.event_log import found, ids_that_begin, snapshot
from fullcycle.data import decode
from fullcycle.kernel import Invalid, Missing, Reference, UnknownName, counted, instant, now
from fullcycle.record import Decision
from fullcycle.release import LoadedRelease, asked_then, load_release, publications
from fullcycle.serve.explanation import Explanation
from fullcycle.serve.showing import Shown
from fullcycle.serve.tracing import Trace
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.sticking import sticky_store

_NEAR = 20_000  # ids that are looked through for one that is alike
_BEFORE, _AFTER = 3_600_000_000, 86_400_000_000  # µs around the time in an id that are looked through
_Service = tuple[str, str]  # capability and environment


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was logged, and what it is now."""

    name: str
    logged: Any
    again: Any

    @property
    def same(self) -> bool:
        """Whether it came out again."""
        return bool(self.logged == self.again)


@dataclass(frozen=True, slots=True)
class Explained:
    """A logged decision, how it comes about, and whether that is what was logged."""

    decision: Decision
    explanation: Explanation
    compared: tuple[Compared, ...]

    @property
    def ref(self) -> str:
        """The service that decided, such as ``winback@prod``."""
        return f"{self.decision.capability}@{self.decision.environment}"

    @property
    def same(self) -> bool:
        """Whether all of it came out again."""
        return all(one.same for one in self.compared)


def explain(project: Project, id: str, *, of: str | None = None, reveal: bool = False) -> Explained:
    """Find a decision by its id, and decide it again by its release over the lookups of then.

    ``of`` is the service that decided, such as ``winback@prod``: all of its log is looked through. Without
    it that of every service is, for an id that tells its time around that time. ``reveal`` shows
    personal fields, too.

    Raises:
        Missing: where no log holds it, or something of its release is gone.
        Misconfigured: where what its release stands on is not installed here.
    """
    services = _services(project, of)
    at = _made(id) if of is None else None
    between = None if at is None else (max(at - _BEFORE, 0), at + _AFTER)
    logs = [(service, _log(project, service)) for service in services]
    looked = (found(log, service[0], id, between=between) for service, log in logs)
    decision = next(filter(None, looked), None)
    if decision is None:
        raise _missing(logs, id) if between is None else _missing_then(logs, id, between)
    release = _release_of(project, decision)
    trace = Trace(
        release,
        number=decision.release,
        environment=decision.environment,
        reveal=reveal,
        sticky=sticky_store(project, decision.environment),
    )
    trace.decide(_row_of(release, decision), decision.id, decision.at)
    shown = Shown.of(release, reveal=reveal)
    return Explained(
        decision, trace.explanation(), tuple(_compared(decision, trace.decision, release, shown))
    )


def _services(project: Project, of: str | None) -> list[_Service]:
    """The services whose logs are looked through."""
    if of is None:
        folder = project.events_folder("x", "x").parent.parent
        return [(path.parent.name, path.name) for path in sorted(folder.glob("*/*/"))]
    asked = Reference.parse(of)
    if asked.run is not None or asked.release is not None or asked.step is not None:
        raise Invalid(f"{of!r} is no service", "what was typed", f"write {asked.capability}@prod")
    project.require_capability(asked.capability)
    if asked.environment is not None:
        project.environment(asked.environment)
        return [(asked.capability, asked.environment)]
    return [one for one in _services(project, None) if one[0] == asked.capability]


def _log(project: Project, service: _Service) -> EventLog:
    return decisions_of(project, *service)


def _release_of(project: Project, decision: Decision) -> LoadedRelease:
    """The release that decided, over the lookups that it could ask then."""
    made, manifest = released(project, decision.capability, decision.release)
    release = load_release(project.objects, made.manifest, serving_codecs(), root=project.root)
    if not decision.live:
        return release
    facts = publications(project.ledger, decision.capability, decision.environment)
    return release.asking(project.objects, asked_then(manifest, facts, decision.live))


def _row_of(release: LoadedRelease, decision: Decision) -> Any:
    return decode(release.row, msgspec.json.encode(decision.request))


def _compared(
    was: Decision, now: Decision | None, release: LoadedRelease, shown: Shown
) -> Iterator[Compared]:
    """Each thing that was logged beside what it is now; told as ``shown``, compared as it is."""
    answer = None if now is None else msgspec.json.decode(now.answer)
    yield _told("answer", was.answer, answer, lambda one: _masked(one, release, shown))
    unit = "" if release.manifest.experiment is None else release.manifest.experiment.unit
    for name in ("experiment", "unit", "arm", "arm_probability", "propensity", "fallback"):
        hide = unit if name == "unit" else ""
        again = None if now is None else getattr(now, name)
        yield _told(name, getattr(was, name), again, partial(shown, name=hide))


def _told(name: str, was: Any, now: Any, shown: Callable[[Any], Any]) -> Compared:
    """Masked values would be equal where theirs are not: such a difference is told as one."""
    if was != now and shown(was) == shown(now):
        return Compared(name, shown(was), f"{shown(now)}, another")
    return Compared(name, shown(was), shown(now))


def _masked(answer: Any, release: LoadedRelease, shown: Shown) -> Any:
    if answer is None:
        return None
    try:
        return shown(msgspec.convert(answer, release.service.answer_type))
    except msgspec.ValidationError:
        return shown(answer)


def _missing(logs: Sequence[tuple[_Service, EventLog]], id: str) -> Missing:
    """What was looked through, and what may have been meant."""
    if not logs:
        return _nowhere(id)
    near, told = "", []
    for service, log in logs:
        there = snapshot(log, [log.columns.id, "at"]).frame
        near = near or _near(id, there[log.columns.id].to_list())
        held = f"{counted(there.height, 'decision')}"
        if there.height:
            times: list[int] = there["at"].to_physical().to_list()
            held += f" from {_moment(min(times))} to {_moment(max(times))}"
        told.append(f"{_told_as(service)}: {held}")
    mend = f"did you mean {near!r}?" if near else _advice(id)
    return Missing(f"there is no decision {id!r}", "; ".join(told), mend)


def _missing_then(logs: Sequence[tuple[_Service, EventLog]], id: str, between: tuple[int, int]) -> Missing:
    """The same for an id that tells when it was made: nothing of other days is read."""
    if not logs:
        return _nowhere(id)
    near = next(filter(None, (_near(id, ids_that_begin(log, id[:13], between)) for _, log in logs)), "")
    names = ", ".join(_told_as(service) for service, _ in logs)
    when = f"between {_moment(between[0])} and {_moment(min(between[1], max(now(), between[0])))}"
    return Missing(
        f"there is no decision {id!r}",
        f"{names}: none of that id {when}",
        f"did you mean {near!r}?" if near else _advice(id),
    )


def _nowhere(id: str) -> Missing:
    return Missing(
        f"there is no decision {id!r}", "no service has logged a decision here yet", "fullcycle serve"
    )


def _told_as(service: _Service) -> str:
    return "@".join(service)


def _near(id: str, ids: Sequence[str]) -> str:
    """One that begins or ends with what was typed, else one that it may be a slip of."""
    part = [one for one in ids if len(id) >= 4 and (one.startswith(id) or one.endswith(id))]
    if len(part) == 1:
        return part[0]
    return UnknownName.near(id, ids[-_NEAR:])


def _advice(id: str) -> str:
    at = _made(id)
    when = f"that id was made at {_moment(at)}: " if at is not None else ""
    return (
        f"{when}look in the project, and on the host, whose service gave it; "
        "say which to have all of its log looked through: winback@prod ID"
    )


def _made(id: str) -> int | None:
    """When an id of our own was made, in µs since 1970 UTC: its first 48 bits are milliseconds."""
    digits = id.partition("/")[0].replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return None
    try:
        return int(digits[:12], 16) * 1000
    except ValueError:
        return None


def _moment(micros: int) -> str:
    return f"{instant(micros):%Y-%m-%d %H:%M:%S} UTC"
