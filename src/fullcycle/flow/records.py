"""Runs as the record tells them: facts folded into what a reader asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fullcycle.flow.facts import Audited, Evaluated, RunFinished, RunStarted, StepFinished
from fullcycle.kernel import Missing
from fullcycle.record import Ledger


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

    @property
    def ref(self) -> str:
        """Its reference, such as ``winback@42``."""
        return f"{self.started.capability}@{self.number}"

    @property
    def status(self) -> str:
        """``done``, ``failed``, or ``unfinished`` for one that is running or was killed."""
        return self.finished.status if self.finished is not None else "unfinished"


def runs(ledger: Ledger, capability: str) -> list[RunRecord]:
    """Every run of a capability, oldest first."""
    started = ledger.read(f"runs/{capability}")
    return [_with_events(ledger, RunRecord(f.position, f.at, f.by, f.body)) for f in started]


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
    return _with_events(ledger, RunRecord(fact.position, fact.at, fact.by, fact.body))


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


def _with_events(ledger: Ledger, run: RunRecord) -> RunRecord:
    steps: dict[str, StepFinished] = {}
    evaluations: dict[str, Evaluated] = {}
    finished: RunFinished | None = None
    audited: list[Audited] = []
    for event in ledger.read(f"run/{run.started.capability}/{run.number}"):
        match event.body:
            case StepFinished() as body:
                steps[body.step] = body
            case Evaluated() as body:
                evaluations[body.step] = body
            case RunFinished() as body:
                finished = body
            case Audited() as body:
                audited.append(body)
    return RunRecord(run.number, run.at, run.by, run.started, steps, evaluations, finished, tuple(audited))
