"""Small flows, run with real archives and in memory, for the tests of the flow."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl

from fullcycle.code import Archive, Files, Loaded, Reach, load, reach
from fullcycle.data import FrameCodec, Query
from fullcycle.flow import (
    Dependencies,
    Evaluated,
    Graph,
    InProcess,
    Node,
    RunOptions,
    RunRecord,
    RunStarted,
    StepFinished,
    Undeclared,
    Workshop,
    choose,
    last_run,
    plan,
    read_graph,
    run,
    watching,
)
from fullcycle.flow.ports import Executor, Progress
from fullcycle.kernel import Money
from fullcycle.record import Artifact, Artifacts, Codecs, Ledger, MemoryLedger, MemoryObjects, ObjectStore
from small_projects import of

IMPORTS = """\
from datetime import date, datetime
from typing import Annotated, Any, Literal

import fullcycle as fc
import polars as pl
"""


def project(flow: str, **library: str) -> Archive:
    """A project with ``winback/flow.py``, which needs no imports of its own, and ``library/…``."""
    files = {f"library/{name}.py": text for name, text in library.items()}
    return of({"winback/flow.py": IMPORTS + dedent(flow), **files})


def graph_of(flow: str, **library: str) -> Graph:
    """The graph of a flow."""
    return read_graph("winback", load(project(flow, **library)).module("winback.flow"))


@dataclass
class Tables:
    """A warehouse in memory, which knows one question: ``select * from`` one of its tables."""

    frames: Mapping[str, pl.DataFrame]
    asked: list[str] = field(default_factory=list)

    def sql(self, query: str, /, **values: object) -> Query:
        """A query over one table."""
        return Query(query, values, self._fetch)

    def _fetch(self, query: str, values: Mapping[str, Any]) -> pl.DataFrame:
        self.asked.append(query)
        return self.frames[re.fullmatch(r"select \* from (\w+)", query)[1]]


@dataclass(frozen=True)
class Around:
    """The code of an archive and the tables at hand: the surroundings of a flow."""

    archive: Archive
    tables: Tables
    module: str = "winback.flow"
    root: Path | None = None

    @cached_property
    def loaded(self) -> Loaded:
        """Its modules."""
        loaded = load(self.archive, root=self.root)
        loaded.files = Files(self.archive, self.root)
        return loaded

    @cached_property
    def dependencies(self) -> Dependencies:
        """What its steps depend on."""
        return Dependencies(self.loaded.files)

    def query(self, node: Node) -> Query:
        """What a source asks."""
        return node.declared(self.tables)

    def version(self, node: Node) -> object:
        """What a source says of its version."""
        return node.declared.version(self.tables)

    def watched(self, node: Node) -> AbstractContextManager[list[Undeclared]]:
        """What it reads undeclared."""
        reached = reach(self.archive, self.module, node.name)
        return watching(self.root, self.dependencies.files(node, reached).__contains__)

    def asked(self, node: Node, model: Any) -> Any:
        """A model to be asked: as the step returned it."""
        return model

    def reach(self, node: Node) -> Reach:
        """What of the code a node stands on."""
        return self.dependencies.of(node, reach(self.archive, self.module, node.name))


class Lenient:
    """A judge to whom every model is worth one."""

    version = "1"

    def evaluate(self, node: Node, model: Any, split: Any) -> Any:
        """Judge a model."""
        return {"worth": 1}

    def told(self, node: Node, evaluation: Artifact, *, reused: bool) -> Evaluated:
        """What the record says of it."""
        return Evaluated(
            step=node.name,
            evaluation=evaluation,
            score="one",
            value=1,
            low=1,
            high=1,
            baseline=None,
            reused=reused,
        )


@dataclass
class Shop:
    """A project's record and tables, which outlive its runs."""

    ledger: Ledger = field(default_factory=MemoryLedger)
    objects: ObjectStore = field(default_factory=MemoryObjects)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    executor: Executor = field(default_factory=InProcess)
    now: int = 1_700_000_000_000_000
    asked: list[str] = field(default_factory=list)

    @property
    def artifacts(self) -> Artifacts:
        """Values by digest."""
        codecs = Codecs()
        codecs.register(FrameCodec())
        return Artifacts(self.objects, codecs)

    def run(
        self,
        archive: Archive | str,
        *,
        tell: Callable[[StepFinished], None] = lambda _: None,
        message: str = "",
        module: str = "winback.flow",
        root: Path | None = None,
        options: RunOptions = RunOptions(),  # noqa: B008 - it is frozen
        progress: Progress = lambda *said: None,
        **parameters: Any,
    ) -> RunRecord:
        """Run the flow of an archive, or of the text of ``winback/flow.py``."""
        archive = project(archive) if isinstance(archive, str) else archive
        around = Around(archive, Tables(self.tables, self.asked), module, root)
        graph = read_graph("winback", around.loaded.module(module))
        given = {name.replace("__", "."): value for name, value in parameters.items()}
        start = RunStarted(
            id="", capability="winback", message=message, archive=archive.digest, commit=None, dirty=False,
            parameters=given, brief=None, lock="", python="3", machine="", environment="dev",
        )  # fmt: skip
        shop = replace(self.workshop(around), progress=progress)
        return run(graph, choose(graph, given), start, shop, tell=tell, options=options)

    def plan(
        self,
        flow: Archive | str,
        options: RunOptions = RunOptions(),  # noqa: B008 - it is frozen
        **parameters: Any,
    ) -> dict[str, tuple[str, str]]:
        """What a run of the flow would do, and why, by step."""
        archive = project(flow) if isinstance(flow, str) else flow
        around = Around(archive, Tables(self.tables, self.asked))
        graph = read_graph("winback", around.loaded.module(around.module))
        planned = plan(graph, choose(graph, parameters), self.workshop(around), options)
        return {one.step: (one.verdict, one.reason) for one in planned}

    def workshop(self, around: Around) -> Workshop:
        """What its runs work with."""
        return Workshop(
            ledger=self.ledger,
            artifacts=self.artifacts,
            surroundings=around,
            executor=self.executor,
            judge=Lenient(),
            by="ada",
            cpu_hour=Money(0.04, "EUR"),
            clock=lambda: self.now,
        )

    def last(self) -> RunRecord:
        """The last run."""
        record = last_run(self.ledger, "winback")
        assert record is not None
        return record

    def value(self, step: str) -> Any:
        """What a step returned in the last run."""
        return self.artifacts.load(self.last().steps[step].artifact)


def ran(record: RunRecord) -> dict[str, str]:
    """The steps that were computed, and why."""
    return {
        name: step.reason
        for name, step in record.steps.items()
        if not step.reused and step.role in ("step", "model")
    }
