"""A second person's approval of a release: recorded by anyone, counted where the ledger knows who it was.

An approval counts if the ledger's server witnessed both it and the release, and they were not
of the same person. What a client says of itself (a name in a variable, a login on a laptop)
proves nothing, so a ledger in a file, or one that everybody opens by the same role, counts none.
"""

from collections.abc import Sequence

import msgspec

from fullcycle.brief import Tier
from fullcycle.kernel import Digest
from fullcycle.record import Ledger, Witnessing, append_witnessed, fact
from fullcycle.release.facts import releases_stream
from fullcycle.release.judgement import Verdict


@fact("release.approved")
class ReleaseApproved(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked at a release and wants it to go out."""

    release: int
    manifest: Digest  # of the release: what was looked at
    message: str


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """An approval of a release; ``person`` is who the ledger's server knows it to be of, if it does."""

    by: str  # as the client said
    at: int  # microseconds since 1970 UTC
    message: str
    person: str | None = None


class Approvals(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of who stands behind a release.

    ``author`` is who the ledger's server knows to have released it; ``authenticates`` tells
    whether it knows anybody.
    """

    authenticates: bool
    author: str | None = None
    given: tuple[Approval, ...] = ()


def approvals_stream(capability: str) -> str:
    """The stream of the approvals of a capability's releases."""
    return f"approvals/{capability}"


def approve(
    ledger: Ledger, capability: str, release: int, manifest: Digest, *, message: str, by: str
) -> Approval:
    """Record that somebody approves a release."""
    stream = approvals_stream(capability)
    body = ReleaseApproved(release=release, manifest=manifest, message=message)
    made = append_witnessed(ledger, stream, body, by=by)
    person = None
    if isinstance(ledger, Witnessing) and ledger.witnesses_me():
        person = ledger.witnesses(stream).get(made.position)
    return Approval(by=made.by, at=made.at, message=message, person=person)


def approvals_of(ledger: Ledger, capability: str, release: int, manifest: Digest) -> Approvals:
    """Who released a release and who approved it, as far as the ledger's server knows."""
    stream = approvals_stream(capability)
    facts = [
        one for one in ledger.read(stream) if one.body.release == release and one.body.manifest == manifest
    ]
    if not isinstance(ledger, Witnessing) or not ledger.witnesses_me():
        given = tuple(Approval(by=one.by, at=one.at, message=one.body.message) for one in facts)
        return Approvals(authenticates=False, given=given)
    known = ledger.witnesses(stream)
    return Approvals(
        authenticates=True,
        author=ledger.witnesses(releases_stream(capability)).get(release),
        given=tuple(
            Approval(by=one.by, at=one.at, message=one.body.message, person=known.get(one.position))
            for one in facts
        ),
    )


def approval(ref: str, tier: Tier, known: Approvals) -> Verdict:
    """The gate that a release of tier high passes before it is deployed: a second person approved it."""
    if tier != "high":
        return Verdict(gate="approval", passed=True, found=f"tier {tier}", needed="nothing")
    needed = "approved by a second person, whom the ledger's server knows (tier high)"
    anyway = 'or deploy it with --override "why", which is recorded'
    counted = [one for one in known.given if one.person is not None and one.person != known.author]
    if known.author is not None and counted:
        first = counted[0]
        said = f"approved by {first.person}, released by {known.author}"
        return Verdict(gate="approval", passed=True, found=said, needed=needed)
    ask = f'let somebody else type: fullcycle approve {ref} -m "what was looked at"; {anyway}'
    if not known.authenticates:
        found = "this ledger does not know who writes to it: " + _told(known.given)
        mend = (
            "keep the ledger in Postgres, with a role for each person and select and insert on its table "
            f"witness; {anyway}"
        )
    elif known.author is None:
        found = "nobody knows who released it: it was not witnessed"
        mend = f"release it again; {anyway}"
    elif known.given:
        found = f"approved only by {known.author}, who released it"
        mend = ask
    else:
        found, mend = "nobody has approved it", ask
    return Verdict(gate="approval", passed=False, found=found, needed=needed, mend=mend)


def _told(given: Sequence[Approval]) -> str:
    if not given:
        return "nobody has approved it"
    names = ", ".join(dict.fromkeys(one.by for one in given))
    return f"that {names} approved it is only what was typed"
