"""Publishing: the index of a lookup, and the facts that put it before the services of an environment."""

from collections.abc import Callable, Mapping

from fullcycle.bandit import LearntBandit, asked_by
from fullcycle.data import Lookup, contract_digest, index_digest, write_index
from fullcycle.kernel import Conflict, Invalid
from fullcycle.record import Artifact, Artifacts, Entry, Fact
from fullcycle.release import LookupPublished, PinnedLookup, live_stream, publications, releases_stream
from fullcycle.wiring.project import Project

Decide = Callable[[list[Fact]], Mapping[str, tuple[PinnedLookup, int]]]
"""Of what was published, oldest first: which lookups to publish, each with the run that made it."""

_TRIES = 5


def indexed(artifacts: Artifacts, step: str, artifact: Artifact) -> PinnedLookup:
    """The lookup that a step made, with its index, which is written if it is not there yet; or the bandit.

    Raises:
        Invalid: where the step made something else.
        Missing, Damaged: where its rows are gone, or are not what was stored.
    """
    lookup = artifacts.load(artifact)
    if isinstance(lookup, LearntBandit):
        return PinnedLookup(
            artifact=artifact,
            index=artifact.object,
            size=artifact.size,
            rows=lookup.rows,
            contract=asked_by(lookup.form.contract),
            step=step,
        )
    if not isinstance(lookup, Lookup):
        raise Invalid(
            f"the service asks for {step} as a lookup or a bandit, and the step returned a "
            f"{type(lookup).__name__}",
            f"the step {step}",
            "let it return fc.Lookup(Taste, rows) or fc.thompson(context, past), or annotate the parameter "
            "with what it returns",
        )
    index = index_digest(artifact.content)
    size = artifacts.objects.write(index, lambda path: write_index(lookup, artifact.content, path))
    return PinnedLookup(
        artifact=artifact,
        index=index,
        size=size,
        rows=len(lookup),
        contract=contract_digest(lookup.contract),
        step=step,
    )


def publish(project: Project, capability: str, environment: str, decide: Decide, *, why: str) -> list[Fact]:
    """Let the services of an environment ask what ``decide`` takes, all at once; what was published before.

    Raises:
        Conflict: where others publish there all the time.
    """
    ledger, stream = project.ledger, live_stream(capability, environment)
    releases = releases_stream(capability)
    for _ in range(_TRIES):
        facts = publications(ledger, capability, environment)
        there = ledger.heads(releases).get(releases, 0)
        entries = [
            Entry(
                stream,
                len(facts) + n,
                LookupPublished(parameter=name, lookup=lookup, run=run, releases=there, why=why),
            )
            for n, (name, (lookup, run)) in enumerate(decide(facts).items())
        ]
        try:
            if entries:
                ledger.append_all(entries, by=project.author)
        except Conflict:
            continue  # somebody else published first: decide again
        return facts
    raise Conflict(
        "others published there meanwhile", f"{capability}@{environment}", "publish again: fullcycle refresh"
    )
