"""A capability's flow, met with the project's code and data."""

import inspect
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, get_type_hints

from fullcycle.code import Archive, Files, Loaded, Reach, reach
from fullcycle.data import Decisions, Events, Query, Source, Warehouse
from fullcycle.evaluate import score_named
from fullcycle.flow import (
    Dependencies,
    Graph,
    ModelStep,
    Node,
    Undeclared,
    files_named,
    read_graph,
    unreadable,
    watching,
)
from fullcycle.kernel import Digest, Invalid, Missing, UnknownName, counted, now
from fullcycle.metric import Outcomes
from fullcycle.record import Artifacts
from fullcycle.release import ReleasedModel
from fullcycle.wiring.asked import asked_model
from fullcycle.wiring.codecs import every_codec
from fullcycle.wiring.config import NAME
from fullcycle.wiring.project import Project
from fullcycle.wiring.warehouses import known_url, opened

CACHE = ".fullcycle/cache"  # of what may be forgotten


def open_warehouse(project: Project, environment: str, name: str) -> Warehouse:
    """The warehouse that a parameter of this name is bound to.

    Raises:
        UnknownName: where the environment binds none of that name.
        Misconfigured: where no adapter opens its URL.
    """
    return opened(project, _bound(project, environment, name))


def events_alone(project: Project) -> Warehouse:
    """A warehouse that holds nothing but what was posted to services."""
    from fullcycle.adapters.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(None, folders=[project.all_events])


def received(project: Project, capability: str, environment: str, source: Events) -> Query:
    """The rows of a source of events, compacted first."""
    from fullcycle.adapters.compaction import compact
    from fullcycle.adapters.duckdb_events import events_query
    from fullcycle.wiring.logs import events_of

    log = events_of(project, capability, environment, source.name)
    compact(log, by=project.author)
    return events_query(source, log.files(), project.all_events)


def _bound(project: Project, environment: str, name: str) -> str:
    """The URL that an environment binds a warehouse to."""
    bound = project.environment(environment).warehouses
    if name not in bound:
        raise UnknownName.among(
            name,
            bound,
            where=f"[environments.{environment}] warehouses of {NAME}",
            example=f'[environments.{environment}]\nwarehouses.{name} = "duckdb:///{name}.duckdb"',
        )
    binding = bound[name]
    url = binding if isinstance(binding, str) else binding.url
    return known_url(url, f"[environments.{environment}] warehouses.{name} of {NAME}")


@dataclass(frozen=True)
class Flow:
    """A capability's flow as one archive holds it, with the data of one environment."""

    project: Project
    capability: str
    environment: str
    archive: Archive
    loaded: Loaded

    @classmethod
    def open(
        cls,
        project: Project,
        capability: str,
        environment: str,
        archive: Archive | None = None,
        *,
        beside: Mapping[str, Digest] | None = None,
    ) -> "Flow":
        """The flow of a capability; of the files as they are now unless an archive is given.

        ``beside`` are the declared files that are not in the archive, as a run recorded them.
        """
        files = archive if archive is not None else project.archive()
        loaded = project.loaded(files)
        if archive is None or beside is not None:
            kept, cache = project.kept, project.root / CACHE
            loaded.files = Files(files, project.root, pinned=beside, kept=kept, cache=cache)
        return cls(project, project.require_capability(capability), environment, files, loaded)

    @cached_property
    def graph(self) -> Graph:
        """The graph, checked.

        Raises:
            Invalid, UnknownName: see ``read_graph``.
            Missing, CodeFailed: see ``module``.
        """
        graph = read_graph(self.capability, self.module("flow"))
        for node in graph.nodes.values():
            if isinstance(node.declared, ModelStep):
                node.declared.features.check()
                score_named(node.declared.score)
        return graph

    @cached_property
    def artifacts(self) -> Artifacts:
        """Values by digest, with the codecs that the flow's modules declare.

        Raises:
            Missing, CodeFailed: see ``module``.
        """
        self.module("flow")  # imported, it has imported all that declares a codec
        return Artifacts(self.project.objects, every_codec(self.loaded))

    def holds(self, name: str) -> bool:
        """Whether the capability has a module of that name."""
        path = f"{self.capability}/{name}"
        return f"{path}.py" in self.archive.files or f"{path}/__init__.py" in self.archive.files

    def module(self, name: str) -> ModuleType:
        """A module of the capability, ``"service"`` for ``winback/service.py``.

        Raises:
            Missing: where there is none.
            CodeFailed: where it raises when it is imported.
            Invalid, UnknownName: where a file is not Python, or imports what the project has not.
        """
        path = f"{self.capability}/{name}.py"
        if not self.holds(name):
            raise Missing(f"{self.capability} has no {name}.py", str(self.project.root), f"write {path}")
        try:
            return self.loaded.module(f"{self.capability}.{name}")
        except Exception as error:
            raise unreadable(error, path, self.loaded.name) from error

    def query(self, node: Node) -> Query:
        """The rows of a source or of outcomes, where they live."""
        if node.role == "source":
            return self.rows(node.declared)
        return self.outcomes(node.declared)

    def version(self, node: Node) -> object:
        """What a source that declares its version says that a reading would find."""
        source = node.declared
        asked = inspect.signature(source.version).parameters
        given = resources(source, self.project, self.environment) if asked else {}
        return source.version(**{name: value for name, value in given.items() if name in asked})

    def asked(self, node: Node, model: Any) -> ReleasedModel:
        """What a model step returned, to be asked with rows of its features."""
        return asked_model(node, model)

    def outcomes(self, outcomes: Outcomes) -> Query:
        """What each row of a source led to by now, joined where the rows live."""
        from fullcycle.adapters.duckdb import DuckDBWarehouse

        warehouse = self.warehouse(outcomes.of, outcomes.metric.source)
        rows, events = self._decided_on(outcomes), self.rows(outcomes.metric.source)
        if isinstance(warehouse, DuckDBWarehouse):
            return outcomes.query(warehouse, rows, events, as_of=now())
        from fullcycle.wiring.joining import joined  # brings the driver of another warehouse

        return joined(outcomes, warehouse, rows, events)

    def _decided_on(self, outcomes: Outcomes) -> Query:
        """The rows that outcomes are of; of decisions, with a column for each field of theirs."""
        if not isinstance(outcomes.of, Decisions):
            return self.rows(outcomes.of)
        from fullcycle.wiring.decided import spread  # brings DuckDB

        return spread(self, outcomes.of, outcomes.metric.source.contract)

    def rows(self, source: Source[...]) -> Query:
        """Ask a source with the resources that its parameters name; events and decisions, their log."""
        if isinstance(source, Events):
            return received(self.project, self.capability, self.environment, source)
        if isinstance(source, Decisions):
            from fullcycle.wiring.decided import decided  # brings DuckDB

            return decided(self, source)
        return source(**resources(source, self.project, self.environment))

    def reach(self, node: Node) -> Reach:
        """What a node stands on: code of the project, the files that it declares, what it depends on."""
        if node.name not in self._reached:
            self._reached[node.name] = self._dependencies.of(node, self._reach(node))
        return self._reached[node.name]

    def watched(self, node: Node) -> AbstractContextManager[list[Undeclared]]:
        """Collect the files of the project that are read meanwhile and that the node does not declare."""
        if node.name not in self._declared:
            self._declared[node.name] = self._dependencies.files(node, self._reach(node))
            self._named[node.name] = files_named(self.project.root, self._reach(node).texts)
        return watching(
            self.project.root, self._declared[node.name].__contains__, named=self._named[node.name]
        )

    def require_declared(self) -> None:
        """Refuse a flow that declares files which are not there, or warehouses that are not bound.

        Raises:
            Missing: with the line that declares such a file.
            UnknownName, Misconfigured, Invalid: with the environment that should bind a warehouse.
        """
        for node in self.graph.nodes.values():
            self._dependencies.require_files(node, self._reach(node))
            if node.role == "source":
                for name in warehouses_of(node.declared):
                    _bound(self.project, self.environment, name)
            elif node.role == "outcomes":
                self.warehouse(node.declared.of, node.declared.metric.source)

    def declared_files(self) -> dict[str, Digest]:
        """The files beside the archive that the flow declares, kept in the record."""
        for node in self.graph.nodes.values():
            self.reach(node)
        beside = self.loaded.files.beside
        for path, digest in beside.items():
            if not self.project.objects.has(digest):
                self.project.objects.put(self.loaded.files.read(path))
        return beside

    @cached_property
    def _dependencies(self) -> Dependencies:
        return Dependencies(self.loaded.files)

    @cached_property
    def _reached(self) -> dict[str, Reach]:
        return {}

    @cached_property
    def _declared(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _named(self) -> dict[str, dict[str, str]]:
        return {}

    def _reach(self, node: Node) -> Reach:
        module, name = f"{self.capability}.flow", node.name
        if name not in vars(self.loaded.module(module)):
            module, name = self._home(node)
        return reach(self.archive, module, name, cache=self.project.root / CACHE)

    def _home(self, node: Node) -> tuple[str, str]:
        """Where a source stands that only its outcomes name; decisions stand with these."""
        function = node.declared.function
        if function is not None:
            return function.__module__.removeprefix(f"{self.loaded.name}."), function.__name__
        every = self.graph.nodes.values()
        of = (one.name for one in every if one.role == "outcomes" and node.name in one.upstream)
        return f"{self.capability}.flow", next(of)

    def warehouse(self, *sources: Source[...]) -> Warehouse:
        """The warehouse of the first of these sources that is not made of a log; one for those alone.

        Raises:
            Invalid: where that source asks for none, or for several.
        """
        source = next((one for one in sources if not isinstance(one, Events | Decisions)), None)
        if source is None:
            return events_alone(self.project)
        given = resources(source, self.project, self.environment)
        if len(given) != 1:
            raise Invalid(
                f"{source.name} asks for {counted(len(given), 'warehouse')}",
                f"the source {source.name}",
                "let it ask exactly one: the outcomes are joined there",
            )
        warehouse: Warehouse = next(iter(given.values()))
        return warehouse


def metric_example(name: str) -> str:
    """How a metric of that name may be defined, as two lines of a flow."""
    return (
        f'{name} = fc.proportion(events, within="14d")  # events: a source of what is counted\n'
        f"past = fc.outcomes({name}, of=cases)  # cases: a source of those for whom it is counted"
    )


def resources(source: Source[...], project: Project, environment: str) -> dict[str, Any]:
    """What a source's parameters ask for, by their types.

    Raises:
        Invalid: for a parameter that is no resource.
        UnknownName, Misconfigured: where the environment does not bind it.
    """
    return {name: open_warehouse(project, environment, name) for name in warehouses_of(source)}


def warehouses_of(source: Source[...]) -> list[str]:
    """The warehouses that a source's parameters name.

    Raises:
        Invalid: for a parameter that is no resource.
    """
    function = source.function
    if function is None:
        return []
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise Invalid(
            f"an annotation cannot be read: {error}", f"the source {source.name}", "import that name"
        ) from error
    names = list(inspect.signature(function).parameters)
    for name in names:
        if hints.get(name) is not Warehouse:
            raise Invalid(
                f"a source cannot be given {name!r}",
                f"the source {source.name}",
                f"annotate it as a resource: {name}: fc.Warehouse",
            )
    return names
