"""Approving a release, and asking before a deployment whether it was approved."""

from dataclasses import dataclass

from fullcycle.brief import Brief, Tier
from fullcycle.kernel import Invalid, Refused
from fullcycle.release import (
    Approval,
    Manifest,
    Verdict,
    admit,
    approval,
    approvals_of,
    approve,
)
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval came to: who gave it, and what the gate says now."""

    given: Approval
    verdict: Verdict


def approve_release(project: Project, capability: str, number: int, *, message: str) -> Approved:
    """Record that who is at the keyboard approves a release.

    Raises:
        Missing: where there is no such release.
        Invalid: without a word on what was looked at.
        Refused: where the ledger's server knows this to be the person who released it.
    """
    if not message.strip():
        raise Invalid(
            "an approval without a word",
            f"{capability}@v{number}",
            'say what was looked at: fullcycle approve … -m "scores, slices and the answers of ten clients"',
        )
    made, _ = released(project, capability, number)
    given = approve(
        project.ledger, capability, number, made.manifest, message=message.strip(), by=project.author
    )
    verdict = approval_now(project, capability, number, asked="high")
    known = approvals_of(project.ledger, capability, number, made.manifest)
    if given.person is not None and given.person == known.author:
        raise Refused(
            f"{given.person} released it; the approval is recorded and does not count",
            f"{capability}@v{number}",
            verdict.mend,
        )
    return Approved(given, verdict)


def approval_now(project: Project, capability: str, number: int, *, asked: Tier | None = None) -> Verdict:
    """What the gate of approval says of a release; ``asked`` as if it were of that tier."""
    made, manifest = released(project, capability, number)
    tier = asked or tier_of(project, manifest)
    known = approvals_of(project.ledger, capability, number, made.manifest)
    return approval(f"{capability}@v{number}", tier, known)


def require_approved(
    project: Project, capability: str, number: int, environment: str, *, override: str | None
) -> str:
    """Refuse to deploy what its tier wants approved, unless somebody says why it goes all the same.

    Returns that reason where it was needed, else nothing.

    Raises:
        Refused: saying what is missing, and what to do.
        Invalid: for an override without a reason.
    """
    if override is not None and not override.strip():
        raise Invalid("an override without a reason", "--override", "say why no approval is waited for")
    if not project.environment(environment).approval:
        return ""
    verdict = approval_now(project, capability, number)
    passed = admit([verdict], what=f"{capability}@v{number}", override=override, done="deployed")
    return passed.reason if passed is not None else ""


def tier_of(project: Project, manifest: Manifest) -> Tier:
    """The tier that the brief of a release told; low where there was no brief."""
    if manifest.brief is None:
        return "low"
    return Brief.from_bytes(project.objects.get(manifest.brief)).tier
