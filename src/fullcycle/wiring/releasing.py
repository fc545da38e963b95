"""Making a release: what goes out together is tried, judged by the gates, and frozen."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

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
from fullcycle.wiring.judge import load_evaluation
from fullcycle.wiring.models import batch_model
from fullcycle.wiring.parity import feature_parity, model_parity
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.serving import serving_codecs
from fullcycle.wiring.trial import assess, run_tests

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What would go out, and what the gates say of it."""

    run: RunRecord
    manifest: Manifest
    digest: Digest
    judgement: Judgement


def candidate(project: Project, capability: str, number: int, environment: str, *, tell: Tell) -> Candidate:
    """Gather a release from a run, try it, and ask the gates.

    ``environment`` is where the incumbent is looked up, and whose settings it is tried in.

    Raises:
        Missing, Invalid: where the run or its service cannot be released at all.
    """
    making = begin(project, capability, number)
    tell("pinning code, models, contracts and golden rows")
    manifest = msgspec.structs.replace(
        draft(making), profile=project.objects.put(msgspec.json.encode(references(making)))
    )
    manifest = with_golden(manifest, requests(making), project.objects, serving_codecs(), root=project.root)
    brief = brief_of(project, making.run)
    if brief is None:
        raise Missing(
            f"{making.run.ref} has no brief", "the record", f"run it again: fullcycle run {capability}"
        )
    digest = keep_manifest(project.objects, manifest)
    tell("comparing rows with tables, and what was trained with what will serve")
    compared = _parities(making, manifest)
    tell("running the capability's tests on the archive's files")
    tests = run_tests(making.flow.archive, capability)
    tell("measuring the service in a process of its own")
    measured = assess(project, environment, digest)
    evidence = Evidence(
        contracts=_contracts(making),
        features=tuple(compared),
        golden=Parity(of="golden answers", compared=len(golden_rows(project.objects, manifest)), different=0),
        scores=_scores(project, making.run),
        incumbent=_incumbent(project, capability, environment),
        assessment=measured,
        tests=tests,
    )
    judgement = Judgement(evidence=evidence, verdicts=tuple(judge(evidence, brief)))
    return Candidate(making.run, manifest, digest, judgement)


def release(project: Project, found: Candidate, *, message: str, override: str | None = None) -> int:
    """Freeze a candidate, if every gate passes or somebody says why it should pass all the same.

    Returns its number; a content that was released before keeps the number it has.

    Raises:
        Refused: naming the gates that say no, and what to do.
    """
    capability = found.manifest.capability
    for known in project.ledger.read(releases_stream(capability)):
        if known.body.manifest == found.digest:
            return known.position
    passed = admit(found.judgement.verdicts, what=found.run.ref, override=override)
    judgement = msgspec.structs.replace(found.judgement, override=passed)
    made = ReleaseMade(
        manifest=found.digest,
        run=found.run.number,
        message=message,
        evidence=project.objects.put(judgement.to_bytes()),
    )
    return append_next(project.ledger, releases_stream(capability), made, by=project.author).position


def _parities(making: Making, manifest: Manifest) -> list[Parity]:
    found: list[Parity] = []
    codecs = serving_codecs()
    for name, pinned in manifest.models.items():
        node = making.flow.graph.nodes[name]
        split = making.project.artifacts.load(making.run.steps[next(iter(node.inputs))].artifact)
        by_feature, matrix = feature_parity(
            node.declared.features.function.__name__, node.declared.features, split
        )
        served = codecs.named(pinned.artifact.codec).decode(
            making.project.objects.get(pinned.artifact.object)
        )
        trained = batch_model(making.project.artifacts.load(pinned.artifact), node.line)
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
        evaluation = load_evaluation(project.artifacts, judged.evaluation)
        found.append(
            Scored(
                step=step,
                score=evaluation.score,
                higher_is_better=evaluation.higher_is_better,
                model=evaluation.model,
                baseline=evaluation.baseline,
                difference=evaluation.difference,
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
