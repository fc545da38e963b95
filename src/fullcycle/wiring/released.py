"""Releases as the record holds them."""

from fullcycle.kernel import Missing
from fullcycle.release import Judgement, Manifest, ReleaseMade, releases_stream
from fullcycle.wiring.project import Project


def released(project: Project, capability: str, number: int) -> tuple[ReleaseMade, Manifest]:
    """A release's fact and manifest.

    Raises:
        Missing: where there is no such release.
    """
    found = project.ledger.read(releases_stream(capability), since=number - 1) if number > 0 else []
    if not found:
        last = project.ledger.heads(releases_stream(capability)).get(releases_stream(capability), 0)
        mend = (
            f"the last one is {capability}@v{last}" if last else f"make one: fullcycle release {capability}"
        )
        raise Missing(f"there is no release {capability}@v{number}", "the ledger", mend)
    made: ReleaseMade = found[0].body
    return made, Manifest.from_bytes(project.objects.get(made.manifest))


def judgement_of(project: Project, made: ReleaseMade) -> Judgement | None:
    """What a release's gates were shown, and what they said."""
    return Judgement.from_bytes(project.objects.get(made.evidence)) if made.evidence is not None else None
