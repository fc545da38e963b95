"""Making a release: what goes out together is tried, judged by the gates, and frozen."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from fullcycle.code import committed_files, uncommitted
from fullcycle.evaluate import Split
from fullcycle.flow import RunRecord
from fullcycle.flow.sources import lateness
from fullcycle.kernel import Digest, Missing, now
from fullcycle.record import Artifacts, append_witnessed
from fullcycle.release import (
    Committed,
    ContractFinding,
    Evidence,
    Judgement,
    Manifest,
    Parity,
    ReleaseMade,
    admit,
    golden_rows,
    judge,
    keep_manifest,
    releases_stream,
)
from fullcycle.serve import with_golden
from fullcycle.serve.routes import require_free
from fullcycle.wiring.gathering import Making, begin, draft, references, requests
from fullcycle.wiring.incumbent import incumbent_of, scores_of
from fullcycle.wiring.models import batch_model
from fullcycle.wiring.outgoing import outgoing
from fullcycle.wiring.parity import ROWS, feature_parity, generated_parity, model_parity, of_family
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project
from fullcycle.wiring.runs import brief_of
from fullcycle.wiring.trial import assess, run_tests
from fullcycle.wiring.worth import require_worth

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
        Missing, Invalid: where the run or its service cannot be released at all, or it is named
            like a page of each service; where its experiment cannot be judged as it says.
    """
    making = begin(project, capability, number)
    if making.experiment is not None:
        require_worth(brief_of(project, making.run), making.experiment)
    if not making.service.over:
        require_free(capability)
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
        scores=scores_of(project, making.run),
        incumbent=incumbent_of(making, environment),
        assessment=measured,
        tests=tests,
        committed=_committed(making),
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
    return append_witnessed(project.ledger, stream, made, by=project.author).position


def _parities(making: Making, manifest: Manifest) -> list[Parity]:
    found: list[Parity] = []
    artifacts, serving = making.flow.artifacts, Artifacts(making.project.objects, serving_codecs())
    for name, pinned in manifest.models.items():
        node = making.flow.graph.nodes[name]
        features = node.declared.features
        family = outgoing(artifacts, making.run, node, pinned.artifact)
        rows = max(ROWS // len(family), 1)
        seen, asked = {}, {}
        for number, one in enumerate(family):
            split = artifacts.load(one.split, Split)
            seen[one.name], matrix = feature_parity(features.function.__name__, features, split, rows)
            if number == 0:  # the edges are those of the contract, whose models they are of
                found.append(generated_parity(features.function.__name__, features, split))
            trained = batch_model(artifacts.load(one.trained), node.line)
            asked[one.name] = model_parity(one.name, trained, serving.load(one.served), matrix)
        found += of_family(next(iter(seen.values())).of, seen)
        found += of_family(f"models {name}, trained and served", asked)
    return found


def _contracts(making: Making) -> tuple[ContractFinding, ...]:
    """A run goes on only where every row of a source keeps its contract; it may have aged since."""
    return tuple(
        ContractFinding(
            source=step.step, checked=step.rows or 0, total=step.rows or 0, late=_late(making, step.step)
        )
        for step in making.run.steps.values()
        if step.role == "source"
    )


def _late(making: Making, source: str) -> str:
    node = making.flow.graph.nodes[source]
    return lateness(making.frame(node), node, now()) if node.declared.fresh_within is not None else ""


def _committed(making: Making) -> Committed:
    started = making.run.started
    committed = committed_files(making.project.root, started.commit) if started.commit is not None else None
    files = tuple(uncommitted(making.flow.archive, committed)) if committed is not None else None
    return Committed(commit=started.commit, dirty=started.dirty, files=files)
