"""A capability's estimates as the record holds them: those of its runs, and those revised by hand."""

from fullcycle.brief import Brief
from fullcycle.flow import runs
from fullcycle.kernel import Invalid
from fullcycle.record import Fact
from fullcycle.value import Revision, Told, revise, revised_by_hand, revisions
from fullcycle.wiring.briefs import read_brief
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import brief_of


def estimates(project: Project, capability: str) -> list[Revision]:
    """Each estimate of a capability that differs from the one before it, oldest first."""
    return revisions(_told(project, capability))


def revise_estimate(project: Project, capability: str, reason: str, environment: str = "dev") -> Revision:
    """Record why brief.md estimates what it does now.

    Raises:
        Invalid: without a reason.
        Refused: where that estimate and its reason are recorded already.
        FullcycleError: where brief.md says something it may not.
    """
    if not reason.strip():
        raise Invalid(
            "a revision without a reason",
            f"{capability}/brief.md",
            f"say why: fullcycle value --revise {capability} -m '…'",
        )
    now = read_brief(Flow.open(project, capability, environment))
    kept = project.objects.put(now.to_bytes())
    known = _told(project, capability)
    revise(project.ledger, capability, kept, now, reason.strip(), by=project.author, known=known)
    return estimates(project, capability)[-1]


def _told(project: Project, capability: str) -> list[Told]:
    by_run = []
    for run in runs(project.ledger, capability):
        brief = brief_of(project, run)
        if brief is not None:
            by_run.append(Told(run.at, run.by, run.started.message, brief, run.number))
    return by_run + [_by_hand(project, fact) for fact in revised_by_hand(project.ledger, capability)]


def _by_hand(project: Project, fact: Fact) -> Told:
    brief = Brief.from_bytes(project.objects.get(fact.body.brief))
    return Told(fact.at, fact.by, fact.body.reason, brief)
