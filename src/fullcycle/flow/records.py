"""Runs as the record tells them: facts folded into what a reader asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from fullcycle.flow.facts import Audited, Evaluated, RunFinished, RunStarted, StepFinished
from fullcycle.flow.state import Sighting, Status, place, sighted, step_at
from fullcycle.kernel import Clock, Missing, now
from fullcycle.record import Ledger

_UNSEEN = Sighting(running=False, told="")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run; ``at`` is when it began, in microseconds since 1970 UTC."""

    number: int
    at: int
    by: str
    started: RunStarted
    steps: Mapping[str, StepFinished] = field(default_factory=dict)
    evaluations: Mapping[str, Evaluated] = field(default_factory=dict)
    finished: RunFinished | None = None
    audited: tuple[Audited, ...] = ()
    heard: int = 0  # its last sign, like ``at``
    sighting: Sighting = _UNSEEN  # when it was read; of one that told its end it says nothing

    @property
    def ref(self) -> str:
        """Its reference, such as ``winback@42``."""
        return f"{self.started.capability}@{self.number}"

    @property
    def status(self) -> Status:
        """``done``, ``failed``, ``interrupted``, ``running``, or ``died``: it ended without a word."""
        if self.finished is not None:
            return self.finished.status
        return "running" if self.sighting.running else "died"

    @property
    def said(self) -> str:
        """What has become of it, to follow its reference: ``is running (process 1234, …)``."""
        match self.status:
            case "running":
                return f"is running ({self.sighting.told})"
            case "died":
                return " ".join(filter(None, ["ended without a word", self.place]))
            case "interrupted":
                return "was interrupted"
            case ended:
                return f"is {ended}"

    @property
    def told(self) -> str:
        """What has become of it, on a line of its own: the status, and what more is known."""
        match self.status:
            case "running":
                return f"running: {self.sighting.told}"
            case "died":
                return f"died: {', '.join(filter(None, [self.said, self.sighting.told]))}"
        error = self.finished.error if self.finished is not None else ""
        return f"{self.status}: {error}" if error else self.status

    @property
    def at_step(self) -> str:
        """The step that it was at; empty after the last, or where that is not known."""
        return step_at(self.started.steps, self.steps)

    @property
    def place(self) -> str:
        """Where in its flow it was when it ended: ``during step visit``; empty where that is not known."""
        return place(self.started.steps, self.steps)


def runs(ledger: Ledger, capability: str, *, clock: Clock = now) -> list[RunRecord]:
    """Every run of a capability, oldest first."""
    started = ledger.read(f"runs/{capability}")
    return [_as_seen(ledger, RunRecord(f.position, f.at, f.by, f.body), clock) for f in started]


def run_record(ledger: Ledger, capability: str, number: int) -> RunRecord:
    """One run by its number.

    Raises:
        Missing: where the capability has no such run.
    """
    found = ledger.read(f"runs/{capability}", since=number - 1) if number > 0 else []
    if not found:
        last = ledger.heads(f"runs/{capability}").get(f"runs/{capability}", 0)
        mend = f"the last run is {capability}@{last}" if last else f"start one: fullcycle run {capability}"
        raise Missing(f"there is no run {capability}@{number}", "the ledger", mend)
    fact = found[0]
    return _as_seen(ledger, RunRecord(fact.position, fact.at, fact.by, fact.body), now)


def last_run(ledger: Ledger, capability: str, *, status: str | None = None) -> RunRecord | None:
    """The newest run, or the newest whole one of a status; None where there is none.

    Of a status, runs are passed over that were held to some of their steps.
    """
    head = ledger.heads(f"runs/{capability}").get(f"runs/{capability}", 0)
    for number in range(head, 0, -1):
        record = run_record(ledger, capability, number)
        if status is None or (record.status == status and not record.started.only):
            return record
    return None


def last_times(ledger: Ledger, capability: str, steps: Iterable[str]) -> dict[str, StepFinished]:
    """The last time each of these steps finished: what the next run is compared with to say why it runs.

    Goes back run by run until it knows all of them, so that a step which never finished
    costs a look at every run.
    """
    wanted, found = set(steps), dict[str, StepFinished]()
    number = ledger.heads(f"runs/{capability}").get(f"runs/{capability}", 0)
    while wanted and number:
        for event in ledger.read(f"run/{capability}/{number}"):
            if isinstance(event.body, StepFinished) and event.body.step in wanted:
                found[event.body.step] = event.body
        wanted -= found.keys()
        number -= 1
    return found


def _as_seen(ledger: Ledger, run: RunRecord, clock: Clock) -> RunRecord:
    """A run, and where it has told no end, whether its process is there."""
    told = _with_events(ledger, run)
    if told.finished is not None:
        return told
    sighting = sighted(told.started.process, told.at, told.heard, clock=clock)
    if not sighting.running:
        told = _with_events(ledger, run)  # it may have told its end before its process went
    return replace(told, sighting=sighting)


def _with_events(ledger: Ledger, run: RunRecord) -> RunRecord:
    steps: dict[str, StepFinished] = {}
    evaluations: dict[str, Evaluated] = {}
    finished: RunFinished | None = None
    audited: list[Audited] = []
    heard = run.at
    for event in ledger.read(f"run/{run.started.capability}/{run.number}"):
        heard = max(heard, event.at)
        match event.body:
            case StepFinished() as body:
                steps[body.step] = body
            case Evaluated() as body:
                evaluations[body.step] = body
            case RunFinished() as body:
                finished = body
            case Audited() as body:
                audited.append(body)
    return replace(
        run,
        steps=steps,
        evaluations=evaluations,
        finished=finished,
        audited=tuple(audited),
        heard=heard,
    )
