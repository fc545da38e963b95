"""Publishing: the index of a lookup, and the facts that put it before the services of an environment."""

from collections.abc import Mapping

from fullcycle.data import Lookup, contract_digest, index_digest, write_index
from fullcycle.kernel import Conflict, Invalid
from fullcycle.record import Artifact, Artifacts, Entry
from fullcycle.release import LookupPublished, PinnedLookup, live_stream, releases_stream
from fullcycle.wiring.project import Project

_TRIES = 5


def indexed(artifacts: Artifacts, step: str, artifact: Artifact) -> PinnedLookup:
    """The lookup that a step made, with its index, which is written if it is not there yet.

    Raises:
        Invalid: where the step made something else.
        Missing, Damaged: where its rows are gone, or are not what was stored.
    """
    lookup = artifacts.load(artifact)
    if not isinstance(lookup, Lookup):
        raise Invalid(
            f"the service asks for {step} as a lookup, and the step returned a {type(lookup).__name__}",
            f"the step {step}",
            "let it return fc.Lookup(Taste, rows), or annotate the parameter with what it returns",
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


def publish(
    project: Project,
    capability: str,
    environment: str,
    lookups: Mapping[str, tuple[PinnedLookup, int]],
    *,
    why: str,
) -> None:
    """Let the services of an environment ask these lookups, each with the run that made it: all at once.

    Raises:
        Conflict: where others publish there all the time.
    """
    ledger, stream = project.ledger, live_stream(capability, environment)
    releases = releases_stream(capability)
    for _ in range(_TRIES):
        heads = {name: ledger.heads(name).get(name, 0) for name in (stream, releases)}
        entries = [
            Entry(
                stream,
                heads[stream] + n,
                LookupPublished(parameter=name, lookup=lookup, run=run, releases=heads[releases], why=why),
            )
            for n, (name, (lookup, run)) in enumerate(lookups.items())
        ]
        try:
            ledger.append_all(entries, by=project.author)
        except Conflict:
            continue
        return
    raise Conflict(
        "others published there meanwhile", f"{capability}@{environment}", "publish again: fullcycle refresh"
    )
