"""A verdict gathered for its write-up: from the record alone."""

import ast
from collections.abc import Mapping

import msgspec

from fullcycle.brief import Brief
from fullcycle.code import Archive
from fullcycle.experiment import ExperimentSpec, Readout, experiment_record
from fullcycle.kernel import Missing, UnknownName, now
from fullcycle.report import Concluded, WriteUp, written_up
from fullcycle.wiring.project import Project
from fullcycle.wiring.released import released
from fullcycle.wiring.valued import Valued, Values, owner_of, spec_of, track_records, values


def write_up(project: Project, capability: str, name: str | None = None) -> WriteUp:
    """Write up the last verdict of a capability, or that of one experiment.

    Raises:
        Missing: where no experiment was closed.
        UnknownName: where none of that name was.
    """
    found = values(project, [capability])
    valued = _which(found, capability, name)
    row = valued.measurement
    spec, release = spec_of(project, capability, row), _release(valued)
    closed = experiment_record(project.ledger, capability, row.experiment).closed
    if spec is None or closed is None:
        raise Missing(
            f"the record holds no release with the experiment {row.experiment}",
            f"{capability}, the value ledger",
            f"write up another one: fullcycle value --write-up {capability} --name …",
        )
    bound = project.config.environments.get(closed.body.environment)
    team = owner_of(project, row)
    _, manifest = released(project, capability, release)
    return written_up(
        Concluded(
            capability=capability,
            row=valued.row,
            measured=row,
            brief=Brief.from_bytes(project.objects.get(row.brief)),
            spec=spec,
            readout=msgspec.convert(project.artifacts.load(closed.body.readout), Readout),
            arms=_said_of(spec, project.archived(manifest.archive)),
            made=now(),
            closed=closed.at,
            closed_by=closed.by,
            together=found.together,
            track=next((one for one in track_records(project) if one.team == team), None),
            replayed=bound is not None and bound.replay,
        )
    )


def _which(found: Values, capability: str, name: str | None) -> Valued:
    known = [one.row.experiment for one in found.verdicts]
    if not known:
        raise Missing(
            f"no experiment of {capability} was closed",
            "the value ledger",
            f"close one: fullcycle experiment close {capability}",
        )
    if name is not None and name not in known:
        raise UnknownName.among(name, known, where=f"the closed experiments of {capability}")
    return [one for one in found.verdicts if name in (None, one.row.experiment)][-1]


def _release(valued: Valued) -> int:
    row = valued.measurement
    return row.release if row.release is not None else next(iter(row.releases), 0)


def _said_of(spec: ExperimentSpec, archive: Archive) -> Mapping[str, str]:
    """What the code says of each arm's function: the first line below its name."""
    said = {}
    for arm, reference in spec.arms.items():
        module, _, name = reference.partition(":")
        text = archive.files.get(f"{module.replace('.', '/')}.py")
        if text is None:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                said[arm] = (ast.get_docstring(node) or "").partition("\n")[0]
    return said
