"""Releases as the record holds them."""

from fullcycle.kernel import Missing
from fullcycle.release import Deployment, Judgement, Manifest, ReleaseMade, deployed, releases_stream
from fullcycle.serve.scored import scored_only
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


def answering(project: Project, capability: str, environment: str) -> Deployment:
    """What answers in an environment.

    Raises:
        UnknownName: for an environment that ``fullcycle.toml`` does not have.
        Missing: where nothing is deployed there.
    """
    project.environment(environment)
    found = deployed(project.ledger, capability, environment)
    if found is None:
        raise Missing(
            f"nothing is deployed to {capability}@{environment}",
            "the ledger",
            f"fullcycle deploy {capability}@v1 --to {environment}",
        )
    return found


def require_served(project: Project, capability: str, environment: str) -> None:
    """Refuse to serve what is scored over a step's rows; what is not deployed yet may be anything.

    Raises:
        Refused: with the command that scores it.
    """
    answers = deployed(project.ledger, capability, environment)
    if answers is not None:
        _, manifest = released(project, capability, answers.release)
        if manifest.over:
            raise scored_only(manifest, environment)


def judgement_of(project: Project, made: ReleaseMade) -> Judgement | None:
    """What a release's gates were shown, and what they said."""
    return Judgement.from_bytes(project.objects.get(made.evidence)) if made.evidence is not None else None
