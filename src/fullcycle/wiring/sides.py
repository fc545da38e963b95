"""One side of a comparison: a run, whichever reference led to it."""

from dataclasses import dataclass

from fullcycle.flow import RunRecord, last_run, run_record
from fullcycle.kernel import Digest, Invalid, Missing, Reference
from fullcycle.release import Judgement, Manifest
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import answering, judgement_of, released


@dataclass(frozen=True, slots=True)
class Release:
    """A release that a side stands on."""

    number: int
    message: str
    manifest: Manifest
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Side:
    """What was asked for, the run it stands on, and its release where it is one."""

    asked: str
    run: RunRecord
    release: Release | None = None

    @property
    def capability(self) -> str:
        """Whose run it is."""
        return self.run.started.capability

    @property
    def ref(self) -> str:
        """Its reference as people read it: ``winback@prod (winback@v2, winback@2)``."""
        stands_on = [f"{self.capability}@v{self.release.number}"] if self.release is not None else []
        rest = [ref for ref in (*stands_on, self.run.ref) if ref != self.asked]
        return f"{self.asked} ({', '.join(rest)})" if rest else self.asked

    @property
    def archive(self) -> Digest:
        """Object of the project's files."""
        return self.release.manifest.archive if self.release is not None else self.run.started.archive

    @property
    def lock(self) -> Digest:
        """Object of the distributions that were installed."""
        return self.release.manifest.lock if self.release is not None else self.run.started.lock


def side(project: Project, text: str) -> Side:
    """Follow a reference to the run that it stands on; a capability alone is its last run.

    Raises:
        Missing, UnknownName: where there is no such run, release or deployment.
        Invalid: for a step, or what is no reference.
    """
    asked = Reference.parse(text)
    capability = project.require_capability(asked.capability)
    if asked.step is not None:
        raise Invalid(
            f"{text!r} is a step", "what is compared", f"compare runs: {capability}@1 {capability}@2"
        )
    if asked.run is not None:
        return Side(text, run_record(project.ledger, capability, asked.run))
    if asked.release is not None:
        return _of_release(project, text, capability, asked.release)
    if asked.environment is None:
        last = last_run(project.ledger, capability)
        if last is None:
            raise Missing(f"{capability} has no run yet", "the ledger", f"fullcycle run {capability}")
        return Side(text, last)
    return _of_release(project, text, capability, answering(project, capability, asked.environment).release)


def _of_release(project: Project, text: str, capability: str, number: int) -> Side:
    made, manifest = released(project, capability, number)
    release = Release(number, made.message, manifest, judgement_of(project, made))
    return Side(text, run_record(project.ledger, capability, made.run), release)
