"""Exposures met with the warehouse in which an experiment is aggregated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_events import events_by_unit
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.exposures import ExposureWriter, Published, days_of
from fullcycle.data import Events, Query, Source
from fullcycle.data.posted import RECEIVED
from fullcycle.experiment import ExperimentSpec, ExperimentStore
from fullcycle.kernel import Invalid, Misconfigured
from fullcycle.wiring.config import NAME
from fullcycle.wiring.flow import Flow, warehouses_of
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.warehouses import DUCKDB, writer_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a readout asks: its store, the files of the event log, and what each source asks.

    ``received`` names, by source, the column that tells when a row came; ``watermark`` is up to
    when the exposures were published, in microseconds since 1970 UTC.
    """

    store: ExperimentStore
    files: list[Path]
    sources: Mapping[str, Query]
    received: Mapping[str, str] = field(default_factory=dict)
    watermark: int | None = None


def gathered(flow: Flow, spec: ExperimentSpec, *, publish: bool = True) -> Gathered:
    """Publish an environment's exposures, and find where an experiment is aggregated.

    DuckDB reads the event log's Parquet files where they lie. PostgreSQL reads a table, to which
    they are published first where the warehouse has a writer; without one, what somebody else
    published is read, and the watermark tells up to when. Without ``publish``, as it is.

    Raises:
        Misconfigured: where rows lie in places that no one query reaches.
        Missing: where nothing was published to PostgreSQL.
    """
    project, capability, environment = flow.project, flow.capability, flow.environment
    log = decisions_of(project, capability, environment)
    compact(log, by=project.author)
    files, watermark = log.files(), log.told().watermark
    declared = {source: flow.graph.nodes[source].declared for source in spec.sources}
    received = {name: RECEIVED for name, source in declared.items() if isinstance(source, Events)}
    warehouse = flow.warehouse(*declared.values())
    if isinstance(warehouse, DuckDBWarehouse):
        sources = {name: by_unit(flow, source, spec.unit, files) for name, source in declared.items()}
        return Gathered(DuckDBExperimentStore(warehouse), files, sources, received, watermark)
    for name in received:
        raise Misconfigured(
            f"{name} lies in files of the event log, which PostgreSQL does not read",
            f"the sources of the experiment {spec.name}",
            "load those rows into a table of the warehouse, and declare it by @fc.source",
        )
    from fullcycle.adapters.postgres_experiment import PostgresExperimentStore  # brings the driver
    from fullcycle.adapters.postgres_warehouse import PostgresWarehouse

    if not isinstance(warehouse, PostgresWarehouse):
        raise Invalid(
            f"{warehouse!r} aggregates no experiment", "the readout", "bind duckdb:/// or postgresql://"
        )
    name = binding_of(flow, declared.values())
    if publish and writer_of(project, environment, name) is not None:
        publish_exposures(project, spec, environment, name)
    sources = {name: flow.rows(source) for name, source in declared.items()}
    return Gathered(PostgresExperimentStore(warehouse, environment), files, sources)


def binding_of(flow: Flow, sources: Iterable[Source[...]]) -> str:
    """The name in ``fullcycle.toml`` of the warehouse that the sources of an experiment ask for.

    Raises:
        Invalid: where none of them asks for one.
    """
    for source in sources:
        if not isinstance(source, Events):
            for name in warehouses_of(source):
                return name
    raise Invalid(
        f"no source of {flow.capability} asks for a warehouse",
        "the experiment's sources",
        "events are read where they lie; there is nothing to publish to",
    )


def publish_exposures(project: Project, spec: ExperimentSpec, environment: str, name: str) -> Published:
    """Publish the decisions of an environment to the warehouse bound to ``name``, by its writer.

    Done again, it adds what is new. Of a request, what the experiment is adjusted or segmented by
    goes along.

    Raises:
        Misconfigured: where the warehouse names no writer, or cannot be written.
    """
    url = writer_of(project, environment, name)
    if url is None:
        raise Misconfigured(
            f"the warehouse {name} may not be written",
            f"[environments.{environment}] of {NAME}",
            f'name its writer: warehouses.{name} = {{ url = "…", writer = "$DWH_WRITER" }}',
        )
    log = decisions_of(project, spec.capability, environment)
    compact(log, by=project.author)
    fields = [*(one.name for one in spec.covariates if one.before is None), *spec.segments]
    return _writer(project, url).publish(
        spec.capability, environment, list(days_of(log)), watermark=log.told().watermark, fields=fields
    )


def _writer(project: Project, url: str) -> ExposureWriter:
    if url.startswith(DUCKDB):
        from fullcycle.adapters.duckdb_exposures import DuckDBExposures

        return DuckDBExposures(project.root / url.removeprefix(DUCKDB))
    from fullcycle.adapters.postgres_exposures import PostgresExposures

    return PostgresExposures(url)


def by_unit(
    flow: Flow, source: Source[...], unit: str, exposed: Sequence[Path], *, by_request: bool = False
) -> Query:
    """The rows of a source with the unit that each is about; an event's is that of its decision.

    ``by_request`` looks into the requests of decisions that no experiment made, too.
    """
    rows = flow.rows(source)
    if isinstance(source, Events) and unit not in source.contract.__struct_fields__:
        return events_by_unit(rows, exposed, unit, flow.project.all_events, by_request=by_request)
    return rows
