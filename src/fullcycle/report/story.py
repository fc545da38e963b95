"""What a report tells, as plain data: filled from the record, and read by nothing but the page.

Every part is optional; the page says in one line what is missing and how to get it. A part's
``source`` names the run, release or query its numbers come from and stands beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fullcycle.evaluate import Evaluation
from fullcycle.kernel import Money

if TYPE_CHECKING:
    from fullcycle.experiment import Readout

Outcome = Literal["ship", "stop", "keep going", "unknown"]


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference with its interval and where it comes from; ``value`` is None for a bare range."""

    low: float
    high: float
    source: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was concluded, and why."""

    outcome: Outcome
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Worth:
    """Money per year, as an interval; ``value`` is None for a bare range."""

    low: Money
    high: Money
    value: Money | None = None


@dataclass(frozen=True, slots=True)
class ValueRow:
    """What was expected beside what came: effects on ``metric`` per ``unit``, money per year.

    ``share`` tells a metric that is a share of units, whose effects read as percentage points.
    """

    metric: str
    unit: str = "unit"
    share: bool = False
    estimated: Effect | None = None
    off_policy: Effect | None = None
    off_policy_note: str = ""  # such as its effective sample size
    measured: Effect | None = None
    estimated_worth: Worth | None = None
    measured_worth: Worth | None = None
    cost: Money | None = None  # so far
    worth_note: str = ""  # the arithmetic, such as "500,000 clients per year × 0.80 USD"
    realised: Worth | None = None  # until now, since what was measured went out
    realised_note: str = ""  # since when and to whom, or why there is none
    net: Worth | None = None  # realised less cost
    together: tuple[str, ...] = ()  # why rows must not be added up, a sentence each


@dataclass(frozen=True, slots=True)
class BriefPart:
    """The problem in the owner's words; ``prose`` is Markdown."""

    problem: str
    owner: str
    tier: str
    metric: str
    source: str
    prose: str = ""
    facts: tuple[tuple[str, str], ...] = ()  # further lines: ("reach", "500,000 per year")


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step of the flow as it ran; ``seconds`` of wall time."""

    name: str
    role: str  # source, outcomes, step, model
    inputs: tuple[str, ...] = ()  # names of the steps it takes
    seconds: float = 0.0
    reused: bool = False
    reason: str = ""
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class FlowPart:
    """The flow of one run."""

    steps: tuple[FlowStep, ...]
    source: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationPart:
    """A model judged on unseen rows."""

    step: str
    evaluation: Evaluation
    source: str


@dataclass(frozen=True, slots=True)
class FamilyPart:
    """Models of one step, one per element, each judged on its own unseen rows; at least one."""

    step: str
    evaluations: Mapping[str, Evaluation]
    source: str


@dataclass(frozen=True, slots=True)
class AssessmentPart:
    """How fast and how large the service is, measured, beside the brief's budget."""

    p50_ms: float
    p99_ms: float
    memory_mb: float
    source: str
    budget_p99_ms: float | None = None
    budget_memory_mb: float | None = None
    start_seconds: float | None = None
    note: str = ""  # what was measured on, such as "2,000 requests, one worker"


@dataclass(frozen=True, slots=True)
class ExperimentPart:
    """What an experiment says; ``closed`` tells when and by whom it was concluded, ``decision`` as what."""

    readout: "Readout"
    source: str
    closed: str = ""  # such as "2026-11-21 by dana"
    decision: str = ""


@dataclass(frozen=True, slots=True)
class CostPart:
    """What it cost so far, by what."""

    rows: tuple[tuple[str, Money], ...]
    total: Money
    source: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """One thing the numbers stand on: what it is, its reference, its digest, when and by whom."""

    what: str
    ref: str
    digest: str = ""
    at: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A capability from its problem to its outcome; ``made`` is when, ``YYYY-MM-DD HH:MM UTC``."""

    capability: str
    made: str
    title: str = ""
    verdict: Verdict | None = None
    value: ValueRow | None = None
    brief: BriefPart | None = None
    flow: FlowPart | None = None
    evaluations: tuple[EvaluationPart, ...] = ()
    families: tuple[FamilyPart, ...] = ()
    assessment: AssessmentPart | None = None
    experiment: ExperimentPart | None = None
    cost: CostPart | None = None
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()  # such as "this replays a real randomised experiment"
