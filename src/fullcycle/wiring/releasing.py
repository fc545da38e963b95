"""Making a release: what goes out together is tried, judged by the gates, and frozen."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from fullcycle.evaluate import mean_of
from fullcycle.flow import RunRecord, run_record
from fullcycle.kernel import Digest, Missing
from fullcycle.record import append_next
from fullcycle.release import (
    ContractFinding,
    Evidence,
    Incumbent,
    Judgement,
    Manifest,
    Parity,
    ReleaseMade,
    Scored,
    admit,
    deployed,
    golden_rows,
    judge,
    keep_manifest,
    releases_stream,
)
from fullcycle.serve import with_golden
from fullcycle.wiring.gathering import Making, begin, draft, references, requests
from fullcycle.wiring.judge import load_evaluations
from fullcycle.wiring.models import batch_model
from fullcycle.wiring.parity import feature_parity, model_parity
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.serving import serving_codecs
from fullcycle.wiring.trial import assess, run_tests

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a run would release, pinned; ``number`` is what it was released as before, if it was."""

    making: Making
    manifest: Manifest
    digest: Digest
    number: int | None

    @property
    def run(self) -> RunRecord:
        """The run it comes from."""
        return self.making.run


def pin(project: Project, capability: str, number: int) -> Pinned:
    """Gather everything that goes out together from a run.

    Raises:
        Missing, Invalid: where the run or its service cannot be released at all.
    """
    making = begin(project, capability, number)
    profile = project.objects.put(msgspec.json.encode(references(making)))
    manifest = with_golden(
        msgspec.structs.replace(draft(making), profile=profile),
        requests(making),
        project.objects,
        serving_codecs(),
        root=project.root,
    )
    digest = keep_manifest(project.objects, manifest)
    known = [
        fact.position
        for fact in project.ledger.read(releases_stream(capability))
        if fact.body.manifest == digest
    ]
    return Pinned(making, manifest, digest, known[0] if known else None)


def try_out(project: Project, pinned: Pinned, environment: str, *, tell: Tell) -> Judgement:
    """Try what was pinned, and ask the gates; ``tell`` hears what takes its time.

    ``environment`` is where the incumbent is looked up, and whose settings it is tried in.

    Raises:
        Missing: where the run has no brief, whose budget the gates ask for.
        Refused: where it does not answer its golden rows in a process of its own.
    """
    making, manifest = pinned.making, pinned.manifest
    capability = making.capability
    brief = brief_of(project, making.run)
    if brief is None:
        raise Missing(
            f"{making.run.ref} has no brief", "the record", f"run it again: fullcycle run {capability}"
        )
    tell("comparing rows with tables, and what was trained with what will serve")
    compared = _parities(making, manifest)
    tell("running the capability's tests on the archive's files")
    tests = run_tests(making.flow.archive, capability)
    tell("measuring the service in a process of its own")
    measured = assess(project, environment, pinned.digest)
    reproduced = len(golden_rows(project.objects, manifest))  # all of them, else assess refuses
    evidence = Evidence(
        contracts=_contracts(making),
        features=tuple(compared),
        golden=Parity(of="golden answers", compared=reproduced, different=0),
        scores=_scores(project, making.run),
        incumbent=_incumbent(project, capability, environment),
        assessment=measured,
        tests=tests,
    )
    return Judgement(evidence=evidence, verdicts=tuple(judge(evidence, brief)))


def release(
    project: Project, pinned: Pinned, judgement: Judgement, *, message: str, override: str | None = None
) -> int:
    """Freeze what was pinned, if every gate passes or somebody says why it should go all the same.

    Returns its number.

    Raises:
        Refused: naming the gates that say no, and what to do.
    """
    passed = admit(judgement.verdicts, what=pinned.run.ref, override=override)
    made = ReleaseMade(
        manifest=pinned.digest,
        run=pinned.run.number,
        message=message,
        evidence=project.objects.put(msgspec.structs.replace(judgement, override=passed).to_bytes()),
    )
    stream = releases_stream(pinned.manifest.capability)
    return append_next(project.ledger, stream, made, by=project.author).position


def _parities(making: Making, manifest: Manifest) -> list[Parity]:
    found: list[Parity] = []
    codecs = serving_codecs()
    for name, pinned in manifest.models.items():
        node = making.flow.graph.nodes[name]
        split = making.flow.artifacts.load(making.run.steps[next(iter(node.inputs))].artifact)
        by_feature, matrix = feature_parity(
            node.declared.features.function.__name__, node.declared.features, split
        )
        served = codecs.named(pinned.artifact.codec).decode(
            making.project.objects.get(pinned.artifact.object)
        )
        trained = batch_model(making.flow.artifacts.load(pinned.artifact), node.line)
        found += [by_feature, model_parity(name, trained, served, matrix)]
    return found


def _contracts(making: Making) -> tuple[ContractFinding, ...]:
    """A run goes on only where every row of a source keeps its contract."""
    return tuple(
        ContractFinding(source=step.step, checked=step.rows or 0, total=step.rows or 0)
        for step in making.run.steps.values()
        if step.role == "source"
    )


def _scores(project: Project, run: RunRecord) -> tuple[Scored, ...]:
    found = []
    for step, judged in run.evaluations.items():
        family = list(load_evaluations(project.artifacts, judged.evaluation).values())
        found.append(
            Scored(
                step=step,
                score=family[0].score,
                higher_is_better=family[0].higher_is_better,
                model=mean_of([one.model for one in family]),
                baseline=mean_of([one.baseline for one in family]),
                difference=mean_of([one.difference for one in family]),
            )
        )
    return tuple(found)


def _incumbent(project: Project, capability: str, environment: str) -> Incumbent | None:
    now = deployed(project.ledger, capability, environment)
    if now is None:
        return None
    _, manifest = released(project, capability, now.release)
    old = run_record(project.ledger, capability, manifest.run)
    return Incumbent(release=now.release, environment=environment, scores=_scores(project, old))
