"""For notebooks and scripts: anything in the record by its reference.

>>> import fullcycle as fc                                      # doctest: +SKIP
>>> winback = fc.open("winback", fc.Capability)                 # doctest: +SKIP
>>> run = winback.run("deeper trees", leaves=63)                # doctest: +SKIP
>>> run["training"].train.frame, winback.runs().sort("visit")   # doctest: +SKIP
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import polars as pl

from fullcycle.flow import RunLine, RunRecord, run_record, settings
from fullcycle.flow.elements import label
from fullcycle.kernel import Card, Invalid, Reference, UnknownName, counted, instant
from fullcycle.release import Manifest, ReleasedModel, live_lookups, publications
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.grids import open_grid
from fullcycle.wiring.listing import run_lines
from fullcycle.wiring.predictors import serving_codecs
from fullcycle.wiring.project import Project, open_project
from fullcycle.wiring.released import answering, released
from fullcycle.wiring.runs import start_run
from fullcycle.wiring.runs_frame import runs_frame
from fullcycle.wiring.wishes import Wishes

T = TypeVar("T")

_SHOWN = 10  # runs of a capability


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``run["visit"]`` is what that step returned, ``run.scores`` what its models scored."""

    project: Project
    record: RunRecord

    @property
    def number(self) -> int:
        """Its number, 42 for ``winback@42``."""
        return self.record.number

    @property
    def scores(self) -> Mapping[str, float]:
        """The score of each model, by its step."""
        return {step: judged.value for step, judged in self.record.evaluations.items()}

    def __getitem__(self, step: str) -> Any:
        if step not in self.record.steps:
            raise UnknownName.among(step, self.record.steps, where=f"the steps of {self.record.ref}")
        artifact, shelf = self.record.steps[step].artifact, self.project.artifacts
        if not shelf.knows(artifact):  # stored by what the run's own code declares
            started = self.record.started
            archive = self.project.archived(started.archive)
            shelf = Flow.open(self.project, started.capability, started.environment, archive).artifacts
        return shelf.load(artifact)

    def __repr__(self) -> str:
        told = ", ".join(f"{step} {value:.4f}" for step, value in self.scores.items())
        return f"<{self.record.ref} {self.record.status}{f': {told}' if told else ''}>"

    def _repr_html_(self) -> str:
        run = self.record
        told = {
            "status": run.told,
            "when": f"{_day(run.at)} by {run.by}",
            "parameters": ", ".join(f"{name}={one.value}" for name, one in settings(run).items()) or "none",
        }
        scores = {
            f"{step} {one.score}": f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"
            for step, one in run.evaluations.items()
        }
        steps = [
            (name, one.role, one.rows, "reused" if one.reused else f"{one.wall:.2f} s", one.reason)
            for name, one in run.steps.items()
        ]
        title = f"{run.ref}  {run.started.message}".rstrip()
        return Card(title, {**told, **scores}, ("step", "kind", "rows", "took", "why"), steps).html()


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability of the project: run it, and compare what was tried."""

    project: Project
    name: str

    def run(
        self,
        message: str,
        *,
        environment: str = "dev",
        only: str | Sequence[str] = (),
        force: str | Sequence[str] = (),
        sources: str = "",
        keep_going: bool = False,
        **parameters: object,
    ) -> Run:
        """Run its flow with the files as they are now; an edit needs no reload.

        ``only`` and ``force`` name steps, ``sources`` the run whose rows are taken, say
        ``"@42"``, as those options of ``fullcycle run`` do.
        """
        wishes = Wishes(_several(only), _several(force), sources, keep_going=keep_going)
        run = start_run(self.project, self.name, message, parameters, environment, wishes=wishes)
        return Run(self.project, run)

    def grid(
        self,
        message: str,
        *,
        environment: str = "dev",
        only: str | Sequence[str] = (),
        force: str | Sequence[str] = (),
        sources: str = "",
        **parameters: object,
    ) -> pl.DataFrame:
        """Try every combination of the parameters that are lists; a row per trial, the best first.

        All stand on the same rows. The same call goes on with a grid that was interrupted. A
        trial that fails is a row without scores. Of a parameter that is a list itself, give
        a list of lists.

        Raises:
            Invalid: where no parameter is a list, or two trials would be the same.
        """
        axes = {name: value for name, value in parameters.items() if isinstance(value, list | tuple | range)}
        if not axes:
            raise Invalid(
                "no parameter has several values", f"{self.name}.grid", "give lists: leaves=[15, 31]"
            )
        given = {name: value for name, value in parameters.items() if name not in axes}
        wishes = Wishes(_several(only), _several(force), sources)
        grid = open_grid(self.project, self.name, message, given, axes, environment, wishes=wishes)
        order = [trial.run.number for trial in grid.run().best_first() if trial.run is not None]
        lines = {line.number: line for line in run_lines(self.project, self.name)}
        return runs_frame([lines[number] for number in order])

    def runs(self) -> pl.DataFrame:
        """Every run, newest first: a column per score and per parameter that any of them had."""
        return runs_frame(run_lines(self.project, self.name)[::-1])

    def __repr__(self) -> str:
        return f"<capability {self.name}>"

    def _repr_html_(self) -> str:
        lines = run_lines(self.project, self.name)[::-1]
        steps = list(dict.fromkeys(step for line in lines for step in line.scores))
        rows = [
            (line.ref, _day(line.at), line.by, line.status, *_values(line, steps), line.message)
            for line in lines[:_SHOWN]
        ]
        told = counted(len(lines), "run")
        shown = f", the last {_SHOWN}" if len(lines) > _SHOWN else ""
        head = ("run", "when", "by", "status", *steps, "message")
        return Card(self.name, {"": f"{told}{shown}"}, head, rows).html()


def _several(names: str | Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def _values(line: RunLine, steps: list[str]) -> list[float | None]:
    return [line.scores[step].value if step in line.scores else None for step in steps]


def _day(at: int) -> str:
    return f"{instant(at):%Y-%m-%d %H:%M} UTC"


@overload
def open(ref: str, /) -> Any: ...
@overload
def open(ref: str, kind: type[T], /) -> T: ...
def open(ref: str, kind: Any = Any, /) -> Any:
    """Anything in the record of the project here, by its reference.

    ``winback`` is the capability, ``winback@42`` a run, ``winback@42/visit`` what a step of
    it returned (``demand@3/model[1/3]`` for one element), ``winback@v7`` a release's manifest,
    ``winback@prod/visit`` the model that answers there now, or the lookup that is asked.
    ``kind`` is what is expected, for the type checker and to be sure.

    Raises:
        Missing: where nothing of that name is recorded.
        Invalid: where it is not a ``kind``.
    """
    project = open_project()
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    found = _found(project, asked)
    if kind is not Any and not isinstance(found, kind):
        raise Invalid(
            f"{ref!r} is a {type(found).__name__}, not a {kind.__name__}",
            "fc.open",
            "leave the kind out, or correct it",
        )
    return found


def _found(project: Project, asked: Reference) -> Any:
    if asked.run is not None:
        run = Run(project, run_record(project.ledger, asked.capability, asked.run))
        if asked.element is not None:
            return _element(run, asked)
        return run[asked.step] if asked.step is not None else run
    if asked.release is not None or asked.environment is not None:
        return _of_release(project, asked)
    if asked.step is not None:
        raise Invalid(
            f"{asked} does not say of which run", "fc.open", f"write {asked.capability}@42/{asked.step}"
        )
    return Capability(project, asked.capability)


def _element(run: Run, asked: Reference) -> Any:
    """What a step that is called once per element returned for one of them."""
    value = run[str(asked.step)]
    if not isinstance(value, Mapping | list):
        raise Invalid(f"{asked.step} returned no elements", "fc.open", f"write {run.record.ref}/{asked.step}")
    keys = value.keys() if isinstance(value, Mapping) else range(len(value))
    labelled = {label(key): key for key in keys}
    if asked.element not in labelled:
        where = f"the elements of {run.record.ref}/{asked.step}"
        raise UnknownName.among(str(asked.element), labelled, where=where)
    return value[labelled[asked.element]]


def _of_release(project: Project, asked: Reference) -> Any:
    number = asked.release
    if number is None:
        number = answering(project, asked.capability, str(asked.environment)).release
    _, manifest = released(project, asked.capability, number)
    if asked.step is None:
        return manifest
    facts = (
        publications(project.ledger, asked.capability, asked.environment)
        if asked.environment is not None
        else []
    )
    lookups = {one.lookup.step: one.lookup for one in live_lookups(manifest, number, facts).values()}
    if asked.step in lookups:
        return project.artifacts.load(lookups[asked.step].artifact)
    return _model(project, manifest, asked.step)


def _model(project: Project, manifest: Manifest, step: str) -> ReleasedModel:
    """A model as the service asks it: ``predict`` takes a row of its features, or a list of them."""
    pinned = {model.step: model for model in manifest.models.values()}
    if step not in pinned:
        raise UnknownName.among(step, pinned, where=f"the models that {manifest.service} asks")
    environment = next(iter(project.config.environments), "dev")
    flow = Flow.open(project, manifest.capability, environment, project.archived(manifest.archive))
    artifact = pinned[step].artifact
    predictor = serving_codecs().named(artifact.codec).decode(project.objects.get(artifact.object))
    return ReleasedModel(step, flow.graph.nodes[step].declared.features.encode, predictor)
