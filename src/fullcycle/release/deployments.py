"""Which release answers where, and since when: one fact per decision, newest last.

The ledger takes a deployment only at the position after the one that it was decided on, so
two people who deploy at once come one after the other, and the second is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fullcycle.kernel import Conflict, Missing, Refused, instant
from fullcycle.record import Entry, Fact, Ledger
from fullcycle.release.facts import DeploymentMade, deployments_stream, releases_stream


@dataclass(frozen=True, slots=True)
class Deployment:
    """A release that was put to answer in an environment; ``number`` counts them there from 1."""

    capability: str
    environment: str
    number: int
    release: int
    at: int  # microseconds since 1970 UTC
    by: str
    why: str
    rolled_back_from: int | None = None
    override: str = ""  # why no approval was waited for

    @property
    def ref(self) -> str:
        """The release it put to work, such as ``winback@v7``."""
        return f"{self.capability}@v{self.release}"


def deploy(
    ledger: Ledger,
    capability: str,
    environment: str,
    release: int,
    *,
    why: str,
    by: str,
    at: int | None = None,
    seen: int | None = None,
    beside: Sequence[Entry] = (),
    override: str = "",
) -> Deployment:
    """Let a release answer in an environment; it is decided once this returns.

    What answers already is not deployed again: its deployment is returned.

    Args:
        ledger: the record.
        capability: whose release it is.
        environment: where it answers from now on.
        release: its number, ``7`` for ``v7``.
        why: what it is deployed for, in the words of who does it.
        by: who does it.
        at: when, now unless told otherwise.
        seen: number of the deployment it was decided on (0 for none), where checks took a while
            in between; None for the newest.
        beside: facts that are true from then on, written in the same commit.
        override: why no approval was waited for, where one was asked for.

    Raises:
        Missing: where the capability has no such release.
        Conflict: where somebody else deployed in between; it is told what.
    """
    _require_release(ledger, capability, release)
    now = deployed(ledger, capability, environment)
    after = seen if seen is not None else now.number if now is not None else 0
    if now is not None and now.release == release and now.number == after:
        return now
    body = DeploymentMade(release=release, why=why, override=override)
    return _decide(ledger, capability, environment, body, after=after, by=by, at=at, beside=beside)


def rollback(
    ledger: Ledger,
    capability: str,
    environment: str,
    *,
    why: str,
    by: str,
    at: int | None = None,
    to: int | None = None,
    seen: int | None = None,
    beside: Sequence[Entry] = (),
) -> Deployment:
    """Go back to the release that answered before the one that answers now, or to a release ``to``.

    Rolling back twice goes back twice: what was rolled back from is not returned to.

    Raises:
        Refused: where nothing answered before, or ``to`` never did.
        Conflict: where somebody else deployed in between.
    """
    release = goal(ledger, capability, environment, to)
    past = history(ledger, capability, environment)
    after = seen if seen is not None else past[-1].number
    body = DeploymentMade(release=release, why=why, rolled_back_from=past[-1].release)
    return _decide(ledger, capability, environment, body, after=after, by=by, at=at, beside=beside)


def goal(ledger: Ledger, capability: str, environment: str, to: int | None = None) -> int:
    """The release that a rollback would go back to.

    Raises:
        Refused: where nothing answered before, or ``to`` never did.
    """
    past = history(ledger, capability, environment)
    if to is not None:
        return _answered_before(past, to, f"{capability}@v{to}", f"{capability}@{environment}")
    standing = _standing(past)
    if len(standing) < 2:
        answers = "nothing is deployed"
        if past:
            ever = len({each.release for each in past})
            answers = (
                f"only {past[-1].ref} ever answered"
                if ever == 1
                else f"the others were rolled back from, and {past[-1].ref} answers"
            )
        raise Refused(
            f"there is no release to go back to: {answers}",
            f"{capability}@{environment}",
            f"deploy another one: fullcycle deploy {capability}@v… --to {environment}",
        )
    return standing[-2]


def deployed(ledger: Ledger, capability: str, environment: str) -> Deployment | None:
    """What answers now; None where nothing was ever deployed."""
    stream = deployments_stream(capability, environment)
    head = ledger.heads(stream).get(stream, 0)
    facts = ledger.read(stream, since=head - 1) if head else []
    return _deployment(capability, environment, facts[-1]) if facts else None


def deployed_at(ledger: Ledger, capability: str, environment: str, at: int) -> Deployment | None:
    """What answered at a time, in microseconds since 1970 UTC; None where nothing did yet."""
    until = [each for each in history(ledger, capability, environment) if each.at <= at]
    return until[-1] if until else None


def history(ledger: Ledger, capability: str, environment: str) -> list[Deployment]:
    """Everything that was ever deployed there, oldest first."""
    stream = deployments_stream(capability, environment)
    return [_deployment(capability, environment, fact) for fact in ledger.read(stream)]


def _decide(
    ledger: Ledger,
    capability: str,
    environment: str,
    body: DeploymentMade,
    *,
    after: int,
    by: str,
    at: int | None,
    beside: Sequence[Entry],
) -> Deployment:
    stream = deployments_stream(capability, environment)
    try:
        fact = ledger.append_all([Entry(stream, after, body), *beside], by=by, at=at)[0]
    except Conflict as lost:
        won = deployed(ledger, capability, environment)
        what = (
            f"{won.ref} was deployed by {won.by} at {instant(won.at):%H:%M:%S} UTC"
            if won is not None and won.number > after
            else lost.what
        )
        raise Conflict(
            f"{capability}@v{body.release} was not deployed: meanwhile {what}",
            f"{capability}@{environment}",
            "see what answers now (fullcycle deployments), and deploy again if you still want to",
        ) from lost
    return _deployment(capability, environment, fact)


def _require_release(ledger: Ledger, capability: str, release: int) -> None:
    stream = releases_stream(capability)
    head = ledger.heads(stream).get(stream, 0)
    if not 1 <= release <= head:
        mend = (
            f"the last one is {capability}@v{head}" if head else f"make one: fullcycle release {capability}"
        )
        raise Missing(f"there is no release {capability}@v{release}", "the ledger", mend)


def _answered_before(past: list[Deployment], to: int, ref: str, where: str) -> int:
    if past and past[-1].release == to:
        raise Refused(f"{ref} answers already", where, "name an earlier one, or leave --to out")
    if to not in {each.release for each in past}:
        ever = ", ".join(f"v{release}" for release in sorted({each.release for each in past}))
        raise Refused(
            f"{ref} never answered there, so there is no going back to it",
            where,
            f"deploy it, or go back to one of {ever}" if ever else "deploy it: fullcycle deploy",
        )
    return to


def _standing(past: list[Deployment]) -> list[int]:
    """The releases that a rollback can return to, the present one last."""
    standing: list[int] = []
    for each in past:
        if each.rolled_back_from is not None:
            while standing and standing[-1] != each.release:
                standing.pop()
        if not standing or standing[-1] != each.release:
            standing.append(each.release)
    return standing


def _deployment(capability: str, environment: str, fact: Fact) -> Deployment:
    body: DeploymentMade = fact.body
    return Deployment(
        capability,
        environment,
        fact.position,
        body.release,
        fact.at,
        fact.by,
        body.why,
        body.rolled_back_from,
        body.override,
    )
